package dash

import (
	"sort"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/window"
)

// cut returns of what is listed that which overlaps with a span of time. What is open
// has no end yet, and is in none that has one.
func cut(spans []*span, want deliver.Span, ended bool) (some []*span) {
	for i, of := range spans {
		newest := !ended && want.End.IsZero() && i == len(spans)-1
		less := *of
		less.tracks = nil
		for _, l := range of.tracks {
			if l := l.cut(want, newest); l != nil {
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

// cut returns what a track has of a span of time; nil if that is nothing, unless it is
// the newest, of which there is always a last segment.
func (l *listing) cut(want deliver.Span, newest bool) *listing {
	from, to, open := 0, len(l.segments), l.open
	if !want.End.IsZero() {
		if open {
			to--
		}
		open = false
		to = sort.Search(to, func(i int) bool { return !l.segments[i].Wall.Before(want.End) })
	}
	if !want.Start.IsZero() {
		from = sort.Search(to, func(i int) bool { return endOf(l.segments[i]).After(want.Start) })
		if newest {
			from = min(from, to-1)
		}
	}
	if from >= to {
		return nil
	}
	return &listing{track: l.track, segments: l.segments[from:to], open: open, length: l.length}
}

// endOf is when the last of a segment arrived.
func endOf(s *window.Segment) time.Time { return s.Wall.Add(s.Length()) }
