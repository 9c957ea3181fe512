package hls

import (
	"sort"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/window"
)

// stretch is what a playlist shows of a view: all of it, or what overlaps with the
// time that a viewer asks for.
type stretch struct {
	view     *window.View
	segments []*window.Segment
	open     *window.Segment // nil if it is not shown
	// ended is set when nothing will follow in the playlist.
	ended bool
	// whole is set when that is so because the viewer asks for a time that is over.
	// Then no parts are listed, which may be gone already.
	whole bool
	// start is when the viewer wants to begin, query what to ask of other playlists
	// for the same span.
	start time.Time
	query string
}

// all is everything of a view that has segments.
func all(v *window.View) *stretch {
	return &stretch{view: v, segments: v.Segments, open: v.Open, ended: v.Ended}
}

// cut returns what a span has of a view that has segments; nil if that is nothing.
func cut(v *window.View, span deliver.Span, target time.Duration) *stretch {
	s := all(v)
	s.start, s.query = span.Start, span.Query()
	from, to := 0, len(v.Segments)
	if !span.End.IsZero() {
		to = sort.Search(to, func(i int) bool { return !v.Segments[i].Wall.Before(span.End) })
		if to < len(v.Segments) || to > 0 && !v.Segments[to-1].Over().Before(span.End) {
			s.open, s.ended, s.whole = nil, true, true
		}
	}
	if !span.Start.IsZero() {
		from = sort.Search(to, func(i int) bool { return v.Segments[i].Over().After(span.Start) })
		// A playlist that goes on has to have so much for a player to begin (§6.2.2).
		for d := lengthOf(v.Segments[from:to]); !s.ended && from > 0 && d < startTargets*target; from-- {
			d += v.Segments[from-1].Length()
		}
	}
	if from >= to {
		return nil
	}
	s.segments = v.Segments[from:to]
	return s
}

func lengthOf(segments []*window.Segment) (d time.Duration) {
	for _, s := range segments {
		d += s.Length()
	}
	return d
}

// begin is where in the playlist a player is to begin, if it is to be told: not near
// the end of one that goes on (§4.4.2.2).
func (s *stretch) begin(target time.Duration) (at time.Duration, told bool) {
	if s.start.IsZero() {
		return 0, false
	}
	at = max(0, s.start.Sub(s.segments[0].Wall))
	return at, s.ended || s.segments[len(s.segments)-1].Over().Sub(s.start) >= startTargets*target
}

// same reports whether a playlist of s, or a delta of it, says what one of another
// does.
func (s *stretch) same(as *stretch) bool {
	return s.segments[0].Number == as.segments[0].Number && len(s.segments) == len(as.segments) && s.start.Equal(as.start) &&
		(s.ended && as.ended || s.view == as.view && s.query == as.query)
}

// suffix is a query as it stands behind an address.
func suffix(query string) string {
	if query == "" {
		return ""
	}
	return "?" + query
}
