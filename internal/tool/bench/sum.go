package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// sum fills the report with what publishers and players have measured, all of
// which have ended. It returns the first error among them.
func (b *bench) sum(r *Result) (first error) {
	ends := make(map[string]int)
	r.Publishers.Asked, r.Players.Asked = b.options.Publishers, b.options.Players
	for _, p := range b.publishers {
		r.Clip = b.clip.name
		r.Publishers.count(p.on, p.err, ends)
		r.LateMS = max(r.LateMS, milliseconds(p.late))
		first = cmp.Or(first, p.err)
	}
	for _, p := range b.players {
		r.Players.count(p.on.Load(), p.err, ends)
		first = cmp.Or(first, p.err)
		r.add(&p.meter, p.on.Load())
	}
	r.Gbit = 8 * float64(r.Bytes) / 1e9
	r.Connect, r.Join, r.Delay = b.totals.connect.spread(), b.totals.join.spread(), b.totals.delay.spread()
	r.Ends = sorted(ends)
	return first
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

func (r *Result) add(m *meter, connected bool) {
	r.Messages += m.messages.Load()
	r.Bytes += m.bytes.Load()
	r.Lost += m.lost
	r.Unknown += m.unknown
	r.Stalls += m.stalls
	if m.lost > 0 {
		r.LostPlayers++
	}
	if m.stalls > 0 {
		r.StalledPlayers++
	}
	if connected && !m.joined {
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
func (b *bench) server(after process, r *Result) *Server {
	s := &Server{
		PID: b.options.PID, CPU: (after.cpu - b.before.cpu).Seconds(), RSSBefore: b.before.rss, RSSAfter: after.rss,
	}
	if r.Gbit > 0 {
		s.CPUPerGbit = s.CPU / r.Gbit
	}
	if n := r.Players.Connected; n > 0 {
		s.RSSPerPlayer = (int64(after.rss) - int64(b.before.rss)) / int64(n)
	}
	return s
}
