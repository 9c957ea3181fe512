package hls

import (
	"math"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

const (
	// leastSegments is the window that players want to see (Apple's authoring
	// rule 8.11), and leastTargets what §6.2.2 asks to be left.
	leastSegments = 6
	leastTargets  = 3
)

// item is a segment in its place in a media playlist.
type item struct {
	*cmaf.Segment
	number uint64 // media sequence number
	init   uint64 // which initialization it needs
	// breaks is set when a discontinuity lies before it, the broken'th of the
	// rendition.
	breaks bool
	broken int
	// until is when the file may go, once it is listed no more.
	until time.Time
}

// rendition is one track of a presentation: its media playlist and its files.
type rendition struct {
	track trackName
	codec media.Codec
	// items are the stored segments, oldest first; those before listed are no
	// longer in the playlist but still to be had.
	items  []item
	listed int
	next   uint64 // number of the next segment
	broken int
	period *cmaf.Period // the newest segment's
	inits  []*cmaf.Header
	meter  meter
	bytes  int // of the stored segments
	// longest is the longest that the playlist was.
	longest time.Duration

	playlist text
}

func (r *rendition) add(s *cmaf.Segment) {
	if len(r.inits) == 0 || r.inits[len(r.inits)-1] != s.Header {
		r.inits = append(r.inits, s.Header)
	}
	breaks := r.period != nil && r.period != s.Period
	if breaks {
		r.broken++
	}
	r.period = s.Period
	r.items = append(r.items, item{
		Segment: s, number: r.next, init: uint64(len(r.inits) - 1), breaks: breaks, broken: r.broken,
	})
	r.next++
	r.bytes += len(s.Bytes)
	r.longest = max(r.longest, r.duration())
}

// duration is that of the playlist.
func (r *rendition) duration() (d time.Duration) {
	for _, it := range r.items[r.listed:] {
		d += it.Length()
	}
	return d
}

// slide takes segments off the playlist that it can do without, and forgets
// those that were long enough off it.
func (r *rendition) slide(now time.Time, target int) {
	d := r.duration()
	for len(r.items)-r.listed > leastSegments {
		d -= r.items[r.listed].Length()
		if d < leastTargets*time.Duration(target)*time.Second {
			break
		}
		r.unlist(now)
	}
	for r.listed > 0 && now.After(r.items[0].until) {
		r.forget()
	}
}

// unlist takes the oldest listed segment off the playlist. Its file stays for
// its own duration and that of the longest playlist it was in (§6.2.2).
func (r *rendition) unlist(now time.Time) {
	it := &r.items[r.listed]
	it.until = now.Add(it.Length() + r.longest)
	r.listed++
}

// forget drops the oldest stored segment.
func (r *rendition) forget() {
	r.bytes -= len(r.items[0].Bytes)
	r.items[0] = item{}
	r.items = r.items[1:]
	r.listed = max(0, r.listed-1)
}

// segment returns the file of a number, nil if it is not stored.
func (r *rendition) segment(number uint64) []byte {
	if len(r.items) == 0 || number < r.items[0].number || number >= r.next {
		return nil
	}
	return r.items[number-r.items[0].number].Bytes
}

// seconds rounds a duration as the rule for the target duration does, half a
// second up (§4.4.3.1), from what EXTINF shows of it.
func seconds(d time.Duration) int {
	return int(math.Floor(d.Round(10*time.Microsecond).Seconds() + 0.5))
}
