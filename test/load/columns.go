//go:build linux

package main

// column is a number of each sample. With a base, it is the ratio to what the
// base's sample of the same round has.
type column struct {
	head  string
	value func(*sample) (float64, bool)
	base  string
}

func fanOutColumns(floor string) []column {
	return []column{
		{head: "CPU s/Gbit", value: perDelivered},
		{head: "× floor", value: perDelivered, base: floor},
		{head: "× nginx-rtmp", value: perDelivered, base: nginx},
		{head: "µs a message", value: perMessage},
		{head: "delay p50 ms", value: of(0, delay(spread.p50))},
		{head: "p99 ms", value: of(0, delay(spread.p99))},
		{head: "stalls", value: of(0, stalls)},
		{head: "lost", value: of(0, lost)},
	}
}

func ingestColumns(floor string) []column {
	return []column{
		{head: "CPU s/Gbit", value: perReceived},
		{head: "× floor", value: perReceived, base: floor},
		{head: "× nginx-rtmp", value: perReceived, base: nginx},
		{head: "late at most ms", value: of(0, func(r *report) (float64, bool) { return r.LateMS, true })},
	}
}

func joinColumns() []column {
	churn := func(of func(*report) *spread, point func(spread) float64) func(*sample) (float64, bool) {
		return func(s *sample) (float64, bool) {
			r := s.report(0)
			if r == nil || r.Churn == nil {
				return 0, false
			}
			return at(of(r), point)
		}
	}
	connect := func(r *report) *spread { return r.Churn.Connect }
	start := func(r *report) *spread { return r.Churn.Start }
	join := func(r *report) *spread { return r.Churn.Join }
	return []column{
		{head: "connect p50 ms", value: churn(connect, spread.p50)},
		{head: "p99", value: churn(connect, spread.p99)},
		{head: "Play.Start p50 ms", value: churn(start, spread.p50)},
		{head: "p99", value: churn(start, spread.p99)},
		{head: "first key p50 ms", value: churn(join, spread.p50)},
		{head: "p99", value: churn(join, spread.p99)},
		{head: "joins", value: of(0, func(r *report) (float64, bool) {
			if r.Churn == nil {
				return 0, false
			}
			return r.Churn.Joins, true
		})},
		{head: "the others' p99 ms", value: of(0, delay(spread.p99))},
	}
}

func stalledColumns() []column {
	return []column{
		{head: "delay p99 ms without", value: of(0, delay(spread.p99))},
		{head: "with", value: of(1, delay(spread.p99))},
		{head: "stalls without", value: of(0, stalls)},
		{head: "with", value: of(1, stalls)},
		{head: "lost without", value: of(0, lost)},
		{head: "with", value: of(1, lost)},
	}
}

func memoryColumns() []column {
	const mega, kilo = 1e6, 1e3
	return []column{
		{head: "few: MB", value: of(0, resident(mega))},
		{head: "many: MB", value: of(1, resident(mega))},
		{head: "kB each", value: func(s *sample) (float64, bool) {
			few, ok := resident(kilo)(s.report(0))
			many, ok2 := resident(kilo)(s.report(1))
			if !ok || !ok2 {
				return 0, false
			}
			x, y := s.Runs[0].Load, s.Runs[1].Load
			return (many - few) / float64(y.Players+y.Publishers-x.Players-x.Publishers), true
		}},
		{head: "of it media, kB", value: func(s *sample) (float64, bool) {
			if s.report(1) == nil || s.Runs[1].RingBytes == 0 || s.Runs[1].Load.Players > 0 {
				return 0, false
			}
			return s.Runs[1].RingBytes / kilo / float64(s.Runs[1].Load.Publishers), true
		}},
	}
}

// of is a number of the report of run i.
func of(i int, value func(*report) (float64, bool)) func(*sample) (float64, bool) {
	return func(s *sample) (float64, bool) {
		r := s.report(i)
		if r == nil {
			return 0, false
		}
		return value(r)
	}
}

func (s spread) p50() float64 { return s.P50 }
func (s spread) p99() float64 { return s.P99 }
func (s spread) max() float64 { return s.Max }

func at(s *spread, point func(spread) float64) (float64, bool) {
	if s == nil {
		return 0, false
	}
	return point(*s), true
}

func delay(point func(spread) float64) func(*report) (float64, bool) {
	return func(r *report) (float64, bool) { return at(r.Delay, point) }
}

func stalls(r *report) (float64, bool) { return r.Stalls, true }
func lost(r *report) (float64, bool)   { return r.Lost, true }

func resident(unit float64) func(*report) (float64, bool) {
	return func(r *report) (float64, bool) {
		if r == nil || r.Server == nil {
			return 0, false
		}
		return r.Server.RSSAfter / unit, true
	}
}

// perDelivered is the server's processor time per Gbit that came to players.
func perDelivered(s *sample) (float64, bool) {
	r := s.steady()
	if r == nil || r.Steady.Gbit == 0 {
		return 0, false
	}
	return r.Server.CPU / r.Steady.Gbit, true
}

// perReceived is the same per Gbit that publishers sent.
func perReceived(s *sample) (float64, bool) {
	r := s.steady()
	if r == nil || r.Steady.BytesSent == 0 {
		return 0, false
	}
	return r.Server.CPU / (8 * r.Steady.BytesSent / 1e9), true
}

// perMessage is the same per message and player, in microseconds: what a send
// costs, where each message is sent by itself.
func perMessage(s *sample) (float64, bool) {
	r := s.steady()
	if r == nil || r.Steady.Players == 0 {
		return 0, false
	}
	return 1e6 * r.Server.CPU / (r.Steady.Players * r.Steady.Seconds * s.Runs[0].Load.rate()), true
}
