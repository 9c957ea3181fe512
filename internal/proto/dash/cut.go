package dash

import (
	"sort"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
)

// cut returns of what is listed that which overlaps with a span of time. What is open
// has no end yet, and is in none that has one.
func cut(spans []*span, want deliver.Span, ended bool) (some []*span) {
	for i, of := range spans {
		var least time.Duration
		if !ended && want.End.IsZero() && i == len(spans)-1 {
			least = leastTargets * of.show.Target()
		}
		less := *of
		less.tracks = nil
		for _, l := range of.tracks {
			if l := l.cut(want, least); l != nil {
				less.tracks = append(less.tracks, l)
			}
		}
		// Other tracks alone are the rest of a segment of the main one.
		if len(less.tracks) == 0 || less.tracks[0].track != of.tracks[0].track {
			continue
		}
		if !want.End.IsZero() && len(some) == 0 {
			less.start = less.begins()
		}
		some = append(some, &less)
	}
	return some
}

// leastTargets is how much a manifest of what is on air has at least, so that players
// can be as far behind as they are to be.
const leastTargets = 3

// cut returns what a track has of a span of time, and so much at least if it has; nil
// if that is nothing.
func (l *listing) cut(want deliver.Span, least time.Duration) *listing {
	from, to, open := 0, len(l.segments), l.open
	if !want.End.IsZero() {
		if open {
			to--
		}
		open = false
		to = sort.Search(to, func(i int) bool { return !l.segments[i].Wall.Before(want.End) })
	}
	if !want.Start.IsZero() {
		from = sort.Search(to, func(i int) bool { return l.segments[i].Over().After(want.Start) })
		for from > 0 && least > 0 && (from == to || l.segments[to-1].Wall.Sub(l.segments[from].Wall) < least) {
			from--
		}
	}
	if from >= to {
		return nil
	}
	return &listing{track: l.track, segments: l.segments[from:to], open: open, length: l.length}
}
