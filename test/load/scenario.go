//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// load is one run of millrace bench against a fresh server.
type load struct {
	Players    int `json:"players"`
	Publishers int `json:"publishers"`
	Bitrate    int `json:"bitrate"`
	FPS        int `json:"fps"`
	Stall      int `json:"stall,omitempty"`
	Churn      int `json:"churn,omitempty"`
	// HLS has players load playlists and parts of a stream with a key frame as often
	// as Keys.
	HLS  bool          `json:"hls,omitempty"`
	Keys time.Duration `json:"keys,omitempty"`
	Time time.Duration `json:"time"`
}

// ramp is over which time players come: servers that are busy with joins are
// measured elsewhere.
func (l load) ramp() time.Duration {
	const players, viewers = 500, 100 // a second
	if l.HLS {
		return time.Duration(l.Players) * time.Second / viewers
	}
	return max(time.Second, time.Duration(l.Players)*time.Second/players)
}

// lasts is about how long it takes, start and end of the server included.
func (l load) lasts() time.Duration { return l.ramp() + l.Time + 4*time.Second }

// files is how many files the server or the load has open.
func (l load) files() uint64 {
	const others, secondsOfChurn, ofHLS = 100, 12, 4
	players := l.Players
	if l.HLS {
		players *= ofHLS // connections: two tracks with playlists and media
	}
	return uint64(players + l.Publishers + l.Churn*secondsOfChurn + others)
}

// rate is how many messages a second bench publishes: pictures, and AAC of
// 44.1 kHz.
func (l load) rate() float64 { return float64(l.FPS) + 44100.0/1024 }

// size is a row of a scenario's table: what is measured together, as one
// sample.
type size struct {
	label string
	loads []load
}

// scenario is a table.
type scenario struct {
	name    string
	title   string
	head    string // of the column with the sizes
	about   string
	servers []string
	sizes   []size
	columns []column
	// run measures a server, if a load of players and publishers on it does not.
	run func(ctx context.Context, b *bed, server string, l load) (runOut, error)
	// holds says whether a server bore a load. Where it is set, sizes rise until
	// none bears one in any round.
	holds func(*sample) bool
}

const (
	mbit        = 1_000_000
	usualRate   = 2 * mbit
	smallRate   = mbit / 2
	memoryRate  = mbit / 5
	usualFPS    = 30
	ringFills   = 30 * time.Second // Millrace keeps up to 20 s
	soundRate   = 128_000
	joinPlayers = 500
)

// scale is how much is measured.
type scale struct {
	players, publishers, viewers []int
	time                         time.Duration
}

// scenarios are all there is to measure.
func scenarios(s scale) []scenario {
	players := func(n, stall, churn int) load {
		l := load{Players: n, Publishers: 1, Bitrate: usualRate, FPS: usualFPS, Stall: stall, Churn: churn, Time: s.time}
		if n > 2000 {
			l.Bitrate = smallRate
		}
		return l
	}
	fanOut := scenario{
		name: "fan-out", title: "One stream to many players", head: "players",
		about: "One publisher of 30 pictures and 43 pieces of sound a second. The floor is one write a message and player, or\n" +
			"one each 30 or 100 ms. nginx-rtmp leaves Nagle's algorithm on, so that TCP merges small messages until the last\n" +
			"ones are acknowledged; floor-nagle is the floor of that.",
		servers: []string{floorEach, floor30, floor100, floorNagle, nginx, realtime, balanced, economy},
		columns: fanOutColumns(floorEach),
	}
	for _, n := range s.players {
		l := players(n, 0, 0)
		fanOut.sizes = append(fanOut.sizes, size{label(n, l.Bitrate), []load{l}})
	}
	ingest := scenario{
		name: "ingest", title: "Many publishers, nobody plays", head: "publishers",
		about:   "73 messages a second each. The floor reads what comes and throws it away.",
		servers: []string{floorReader, nginx, balanced},
		columns: ingestColumns(floorReader),
	}
	for _, n := range s.publishers {
		l := load{Publishers: n, Bitrate: usualRate, FPS: usualFPS, Time: s.time}
		if n > 500 {
			l.Bitrate = smallRate
		}
		ingest.sizes = append(ingest.sizes, size{label(n, l.Bitrate), []load{l}})
	}
	memory := func(players, publishers int, t time.Duration) load {
		return load{Players: players, Publishers: publishers, Bitrate: memoryRate, FPS: usualFPS, Time: t}
	}
	full := max(s.time, ringFills)
	return []scenario{
		fanOut,
		{
			name: "sound", title: "Sound alone", head: "players", about: "One publisher of 43 pieces of sound a second.",
			servers: []string{floorEach, floorNagle, nginx, economy, balanced},
			columns: fanOutColumns(floorEach),
			sizes: []size{{label(2000, soundRate), []load{
				{Players: 2000, Publishers: 1, Bitrate: soundRate, Time: s.time},
			}}},
		},
		ingest,
		{
			name: "joins", title: "Joining a stream that many play", head: "players, joins a second",
			about:   "Of those who come and go beside the others. nginx-rtmp keeps no pictures: a player waits for the next key frame.",
			servers: []string{nginx, realtime, balanced, economy},
			columns: joinColumns(),
			sizes:   []size{{fmt.Sprintf("%d + 50/s", joinPlayers), []load{players(joinPlayers, 0, 50)}}},
		},
		{
			name: "stalled", title: "One player that stops reading", head: "players",
			about:   "What the others notice: the same load without it and with it.",
			servers: []string{nginx, realtime, balanced, economy},
			columns: stalledColumns(),
			sizes:   []size{{label(1000, usualRate), []load{players(1000, 0, 0), players(1000, 1, 0)}}},
		},
		{
			name: "memory", title: "Memory", head: "what grows",
			about: "The resident set of two fresh servers, and the slope between them, at " + bitrate(memoryRate) +
				" a stream. Of a publisher, Millrace keeps 10 to 20 s.",
			servers: []string{nginx, balanced},
			columns: memoryColumns(),
			sizes: []size{
				{"players, 100 to 1,100", []load{memory(100, 1, s.time), memory(1100, 1, s.time)}},
				{"publishers, 50 to 250", []load{memory(0, 50, full), memory(0, 250, full)}},
			},
		},
		hlsScenario(s),
		filesScenario(s),
	}
}

func label(n, rate int) string { return thousands(n) + " × " + bitrate(rate) }

func bitrate(n int) string {
	if n >= mbit {
		return strconv.Itoa(n/mbit) + " Mbit/s"
	}
	return strconv.Itoa(n/1000) + " kbit/s"
}

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// choose keeps the scenarios and servers of these names; no names keep all.
func choose(all []scenario, only, servers []string) ([]scenario, error) {
	var names, kinds []string
	var chosen []scenario
	for _, s := range all {
		names = append(names, s.name)
		kinds = append(kinds, s.servers...)
		if len(only) > 0 && !slices.Contains(only, s.name) {
			continue
		}
		if len(servers) > 0 {
			s.servers = slices.DeleteFunc(s.servers, func(name string) bool { return !slices.Contains(servers, name) })
		}
		if len(s.servers) > 0 {
			chosen = append(chosen, s)
		}
	}
	if err := known("scenario", only, names); err != nil {
		return nil, err
	}
	if err := known("server", servers, kinds); err != nil {
		return nil, err
	}
	return chosen, nil
}

func known(what string, asked, names []string) error {
	for _, name := range asked {
		if !slices.Contains(names, name) {
			slices.Sort(names)
			return fmt.Errorf("there is no %s %q; there are %v", what, name, slices.Compact(names))
		}
	}
	return nil
}
