package httpts

import (
	"time"

	"github.com/millrace-live/millrace/internal/packager/ts"
	"github.com/millrace-live/millrace/internal/window"
)

const (
	// leastSegments is how many a playlist lists: players want to see six (Apple's
	// authoring rule 8.11). leastTargets is what RFC 8216 §6.2.2 asks to be left.
	leastSegments = 6
	leastTargets  = 3
)

const (
	// wallSlack is how far the dates of segments may be from when they arrived: it
	// would be jitter.
	wallSlack = 100 * time.Millisecond
	// wallSlew is the part of a segment's length by which a date moves for more: ten
	// times any encoder's drift, and far below what makes a player lose its place.
	wallSlew = 100
)

// shelved is a segment in its place in a playlist. It is immutable but for until.
type shelved struct {
	*ts.Segment
	number uint64 // its media sequence number
	wall   time.Time
	// breaks is set when a discontinuity lies before it, the broken'th.
	breaks bool
	broken int

	// until is when the file may go, once it is out of the playlist.
	until time.Time
}

// shelf keeps the segments of a show: those of the playlist, and for as long as a
// player may ask for them those that have left it. Its owner guards it.
type shelf struct {
	stored []*shelved // oldest first
	listed int        // the first of stored that is in the playlist
	next   uint64     // number of the next one
	broken int
	// target is in whole seconds. It should never change, and an encoder's key frames
	// may yet grow farther apart: then it grows, which players bear, and never
	// shrinks.
	target  time.Duration
	longest time.Duration // that the playlist was
	bytes   int
	ended   bool
}

// list returns the segments of the playlist.
func (s *shelf) list() []*shelved { return s.stored[s.listed:] }

// add puts a segment at the end.
func (s *shelf) add(cut *ts.Segment, now time.Time) {
	c := &shelved{Segment: cut, number: s.next, wall: cut.Arrival}
	if n := len(s.stored); n > 0 {
		if c.breaks = cut.Discontinuous; c.breaks {
			s.broken++
		} else {
			c.wall = s.stored[n-1].follow(cut)
		}
	}
	c.broken = s.broken
	s.stored = append(s.stored, c)
	s.next++
	s.bytes += len(cut.Bytes)
	s.target = max(s.target, window.WholeSeconds(cut.Length()))
	s.longest = max(s.longest, s.length())
	s.slide(now)
}

// follow is the date of the segment behind s: where s ends, moved a little towards
// when it arrived if that is far off.
func (s *shelved) follow(next *ts.Segment) time.Time {
	at := s.wall.Add(s.Length())
	late := next.Arrival.Sub(at)
	if late.Abs() <= wallSlack {
		return at
	}
	limit := next.Length() / wallSlew
	return at.Add(max(-limit, min(limit, late)))
}

// length is that of the playlist.
func (s *shelf) length() (d time.Duration) {
	for _, c := range s.list() {
		d += c.Length()
	}
	return d
}

// slide takes segments out of the playlist that it can do without, and forgets
// those that were long enough out of it.
func (s *shelf) slide(now time.Time) {
	d := s.length()
	for len(s.list()) > leastSegments {
		c := s.stored[s.listed]
		d -= c.Length()
		if d < leastTargets*s.target {
			break
		}
		// The file stays for its own duration and that of the longest playlist it
		// was in (RFC 8216 §6.2.2).
		c.until = now.Add(c.Length() + s.longest)
		s.listed++
	}
	for s.listed > 0 && now.After(s.stored[0].until) {
		s.forget()
	}
}

// forget drops the oldest segment.
func (s *shelf) forget() {
	s.bytes -= len(s.stored[0].Bytes)
	s.stored[0] = nil
	s.stored = s.stored[1:]
	s.listed = max(0, s.listed-1)
}

// shed forgets the oldest segments, those of the playlist too, until n bytes are
// free or only the newest is left. It returns what it freed.
func (s *shelf) shed(n int) (freed int) {
	for freed < n && len(s.stored) > 1 {
		freed += len(s.stored[0].Bytes)
		s.forget()
	}
	return freed
}

// find returns a segment by its number, nil if it is not there.
func (s *shelf) find(number uint64) *shelved {
	if len(s.stored) == 0 || number < s.stored[0].number || number >= s.next {
		return nil
	}
	return s.stored[number-s.stored[0].number]
}
