package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sum fills the report with what publishers and players have measured, all of
// which have ended, and with what was used up to the mark. It returns the first
// error among them.
func (b *bench) sum(r *Result, over mark, alive bool) (first error) {
	r.Seconds = seconds(over.at.Sub(b.start.at))
	r.CPU = (over.cpu - b.start.cpu).Seconds()
	r.Bytes, r.Gbit, r.BytesSent = over.bytes, gigabits(over.bytes), over.sent-b.start.sent
	ends := make(map[string]int)
	r.Publishers.Asked, r.Players.Asked = b.options.Publishers, b.options.Players-b.options.Stuck
	for _, p := range b.publishers {
		r.Clip = b.clip.name
		r.Publishers.count(p.on, p.err, ends)
		first = cmp.Or(first, p.err)
	}
	var stuck stuckSum
	for _, p := range b.players {
		if p.duty == stick {
			first = cmp.Or(first, stuck.add(p, ends))
			continue
		}
		r.Players.count(p.on.Load(), p.err, ends)
		first = cmp.Or(first, p.err)
		r.add(p)
	}
	if b.options.Stuck > 0 {
		r.Stuck = stuck.result(b.options.Stuck)
	}
	if b.options.Churn > 0 {
		var err error
		r.Churn, err = b.churn.sum(b.options.Churn, ends)
		first = cmp.Or(first, err)
	}
	t := &b.totals
	r.Connect, r.Start, r.Join, r.Delay = t.connect.spread(), t.start.spread(), t.join.spread(), t.delay.spread()
	r.Delivery, r.Requests, r.Failures = t.delivery.spread(), t.requests.Load(), t.failures.Load()
	if r.Late = b.late.spread(); r.Late != nil {
		r.LateMS = r.Late.Max
	}
	r.Ends = sorted(ends)
	if m := b.steady; m != nil {
		r.Steady = &Steady{
			Seconds: seconds(over.at.Sub(m.at)), Players: m.players, CPU: (over.cpu - m.cpu).Seconds(),
			Bytes: over.bytes - m.bytes, Gbit: gigabits(over.bytes - m.bytes), BytesSent: over.sent - m.sent,
			Requests: over.requests - m.requests,
		}
	}
	if b.options.PID != 0 && alive {
		r.Server = b.server(over, r)
	}
	return first
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
func gigabits(bytes uint64) float64   { return 8 * float64(bytes) / 1e9 }

// stuckSum adds up the players that stopped reading.
type stuckSum struct {
	Stuck
	after histogram
}

// add returns why the player failed, which it has not if the server closed its
// connection in the end.
func (s *stuckSum) add(p *player, ends map[string]int) error {
	if !p.on.Load() {
		if p.err != nil {
			ends[anonymous(p.err.Error())]++
		}
		return p.err
	}
	s.Connected++
	seat := p.line.seat.Load()
	if seat == nil {
		return nil
	}
	after, known, closed := seat.stuckFor()
	if closed {
		s.Closed++
	}
	if known {
		s.after.add(after)
	}
	return nil
}

func (s *stuckSum) result(asked int) *Stuck {
	s.Asked, s.After = asked, s.after.spread()
	return &s.Stuck
}

func (g *Group) count(connected bool, err error, ends map[string]int) {
	if connected {
		g.Connected++
	}
	switch {
	case err != nil:
		ends[anonymous(err.Error())]++
	case connected:
		g.Kept++
	}
}

func (r *Result) add(p *player) {
	m := &p.meter
	if p.duty == observe {
		r.Observers++
		r.Messages += m.messages.Load()
	}
	r.Lost += m.lost
	r.Unknown += m.unknown
	r.Stalls += m.stalls
	if m.lost > 0 {
		r.LostPlayers++
	}
	if m.stalls > 0 {
		r.StalledPlayers++
	}
	if p.on.Load() && !m.joined {
		r.NeverJoined++
	}
}

// anonymous takes the port of this side out of what the system says about a
// broken connection, "read tcp A->B: …", which would make each end another.
func anonymous(text string) string {
	before, rest, ok := strings.Cut(text, " tcp ")
	_, after, arrow := strings.Cut(rest, "->")
	if !ok || !arrow {
		return text
	}
	return before + " " + after
}

// sorted returns the most frequent ends. A server can word each anew.
func sorted(ends map[string]int) []End {
	const most = 10
	list := make([]End, 0, len(ends))
	for reason, n := range ends {
		list = append(list, End{reason, n})
	}
	slices.SortFunc(list, func(x, y End) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Reason, y.Reason))
	})
	if len(list) <= most {
		return list
	}
	others := 0
	for _, e := range list[most-1:] {
		others += e.Count
	}
	return append(list[:most-1], End{fmt.Sprintf("%d other reasons", len(list)-most+1), others})
}

// server compares the counters of the server's process.
func (b *bench) server(over mark, r *Result) *Server {
	s := &Server{
		PID:       b.options.PID,
		RSSBefore: b.start.server.rss, RSSAfter: over.server.rss,
		AnonBefore: b.start.server.anon, AnonAfter: over.server.anon,
	}
	ramp := over
	if b.steady != nil {
		ramp = *b.steady
		s.CPU = (over.server.cpu - ramp.server.cpu).Seconds()
		if r.Steady.Gbit > 0 {
			s.CPUPerGbit = s.CPU / r.Steady.Gbit
		}
		if n := r.Steady.Requests; n > 0 {
			s.CPUPerRequest = 1e6 * s.CPU / float64(n)
		}
	}
	s.RampCPU = (ramp.server.cpu - b.start.server.cpu).Seconds()
	if n := int64(over.players); n > 0 {
		s.RSSPerPlayer = (int64(s.RSSAfter) - int64(s.RSSBefore)) / n
		s.AnonPerPlayer = (int64(s.AnonAfter) - int64(s.AnonBefore)) / n
	}
	return s
}
