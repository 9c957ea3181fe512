//go:build linux

package main

import "time"

const (
	hlsRate = 3 * mbit
	hlsKeys = time.Second
	// hlsPart is how long parts are by default.
	hlsPart = 200 // milliseconds
)

// hlsScenario has more and more viewers of low latency, until it is too much for
// the machine: the server, and the viewers that it has beside it.
func hlsScenario(s scale) scenario {
	sc := scenario{
		name: "hls", title: "Viewers of low-latency HLS", head: "viewers",
		about: "One stream with a key frame a second and parts of 200 ms. Each viewer has two playlists, picture and sound, whose\n" +
			"reloads are held, and asks for each part that they list: 20 requests a second. Delivery is from when a part was\n" +
			"complete at the server to its last byte at the viewer. It is borne if its p99 is under one part, no viewer's\n" +
			"buffer of four parts ran dry, and no request failed.",
		servers: []string{balanced},
		columns: []column{
			{head: "delivery p50 ms", value: of(0, delivery(spread.p50))},
			{head: "p99 ms", value: of(0, delivery(spread.p99))},
			{head: "at most ms", value: of(0, delivery(spread.max))},
			{head: "stalls", value: of(0, stalls)},
			{head: "failed", value: of(0, func(r *report) (float64, bool) { return r.Failures, true })},
			{head: "requests/s", value: requestRate},
			{head: "server, processors", value: processors(func(r *report) float64 { return r.Server.CPU })},
			{head: "bench, processors", value: processors(func(r *report) float64 { return r.Steady.CPU })},
			{head: "CPU µs a request", value: perRequest},
			// Above some tens, the machine was another's, and so are the delays.
			{head: "publisher late ms", value: of(0, func(r *report) (float64, bool) { return r.LateMS, true })},
		},
		holds: func(s *sample) bool {
			r := s.report(0)
			return s.Error == "" && r != nil && r.Delivery != nil && r.Delivery.P99 < hlsPart &&
				r.Stalls == 0 && r.Failures == 0 && r.Players.Kept == r.Players.Asked
		},
	}
	for _, n := range s.viewers {
		l := load{
			Players: n, Publishers: 1, Bitrate: hlsRate, FPS: usualFPS, Time: 2 * s.time, HLS: true, Keys: hlsKeys,
		}
		sc.sizes = append(sc.sizes, size{label(n, l.Bitrate), []load{l}})
	}
	return sc
}

func delivery(point func(spread) float64) func(*report) (float64, bool) {
	return func(r *report) (float64, bool) { return at(r.Delivery, point) }
}

func requestRate(s *sample) (float64, bool) {
	r := s.steady()
	if r == nil || r.Steady.Seconds == 0 {
		return 0, false
	}
	return r.Steady.Requests / r.Steady.Seconds, true
}

// processors is how many of them a program had to itself.
func processors(time func(*report) float64) func(*sample) (float64, bool) {
	return func(s *sample) (float64, bool) {
		r := s.steady()
		if r == nil || r.Steady.Seconds == 0 {
			return 0, false
		}
		return time(r) / r.Steady.Seconds, true
	}
}

// perRequest is the server's processor time for a request, all that it does
// besides included.
func perRequest(s *sample) (float64, bool) {
	r := s.steady()
	if r == nil || r.Steady.Requests == 0 {
		return 0, false
	}
	return 1e6 * r.Server.CPU / r.Steady.Requests, true
}
