package window

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

const (
	// leastSegments is the window: players want to see six (Apple's authoring
	// rule 8.11), and a playlist can only be told in part for what lies six target
	// durations back (rfc8216bis §4.4.3.8). leastTargets is what §6.2.2 asks to be
	// left.
	leastSegments = 8
	leastTargets  = 3
)

// Segment is a segment in its place in a track, whole or as far as it is made. It
// is immutable.
type Segment struct {
	*cmaf.Segment
	// Number is its media sequence number: they rise by one.
	Number uint64
	// Init is the number of the header that it needs.
	Init uint64
	// Breaks is set when a discontinuity lies before it, the Broken'th of the
	// track.
	Breaks bool
	Broken int

	shelved bool
	// until is when the file may go, once it is out of the window.
	until time.Time
}

// Track is one track of a presentation.
type Track struct {
	p     *Presentation
	kind  media.Kind
	id    uint8
	codec media.Codec
	// partTarget never changes.
	partTarget time.Duration
	view       atomic.Pointer[View]

	// Guarded by Presentation.mu.
	//
	// stored are the segments, oldest first; those before listed are no longer in
	// the window but still to be had.
	stored []*Segment
	listed int
	open   *Segment
	next   uint64 // number of the next whole segment
	broken int
	period *cmaf.Period // the newest segment's
	inits  []*cmaf.Header
	meter  meter
	bytes  int // of the stored segments
	// longest is the longest that the window was.
	longest time.Duration
}

func newTrack(p *Presentation, of *media.Track) *Track {
	t := &Track{p: p, kind: of.Kind, id: of.ID, codec: of.Codec}
	t.view.Store(&View{changed: make(chan struct{})})
	return t
}

// Kind is that of the track for the whole presentation, as are ID and Codec.
func (t *Track) Kind() media.Kind { return t.kind }

// ID tells it from the others of its kind.
func (t *Track) ID() uint8 { return t.id }

// Codec is the track's.
func (t *Track) Codec() media.Codec { return t.codec }

// PartTarget is what no part of the track is longer than, save for one of a single
// access unit that is; 0 where there are no parts. It never changes.
func (t *Track) PartTarget() time.Duration { return t.partTarget }

// View is what is in the window now.
func (t *Track) View() *View { return t.view.Load() }

// Rates are the bit rates that were measured so far, in bits a second: the
// highest of a segment, and the mean.
func (t *Track) Rates() (peak, average int64) {
	t.p.mu.RLock()
	defer t.p.mu.RUnlock()
	return t.meter.highest(), t.meter.average()
}

// Segment returns a whole segment by its number, nil if it is not stored.
func (t *Track) Segment(number uint64) *Segment {
	t.p.mu.RLock()
	defer t.p.mu.RUnlock()
	if len(t.stored) == 0 || number < t.stored[0].Number || number >= t.next {
		return nil
	}
	return t.stored[number-t.stored[0].Number]
}

// Part returns a part of a segment, whole or not, by its index; nil if it is not
// stored.
func (t *Track) Part(number uint64, index int) *cmaf.Part {
	s := t.Segment(number)
	if s == nil {
		if v := t.View(); v.Open != nil && v.Open.Number == number {
			s = v.Open
		}
	}
	if s == nil || index < 0 || index >= len(s.Parts) {
		return nil
	}
	return s.Parts[index]
}

// Init returns a header by its number, nil if there is none.
func (t *Track) Init(number uint64) *cmaf.Header {
	t.p.mu.RLock()
	defer t.p.mu.RUnlock()
	if number >= uint64(len(t.inits)) {
		return nil
	}
	return t.inits[number]
}

// add stores the next segment. p.mu is held, as for all that follows.
func (t *Track) add(s *cmaf.Segment, target time.Duration) {
	next := t.place(s)
	t.period, t.broken, t.open = s.Period, next.Broken, nil
	t.stored = append(t.stored, next)
	t.next++
	t.bytes += s.Size
	t.longest = max(t.longest, t.length())
	t.meter.add(s, target)
}

// place gives a segment, whole or not, its place behind those that are stored.
func (t *Track) place(s *cmaf.Segment) *Segment {
	if len(t.inits) == 0 || t.inits[len(t.inits)-1] != s.Header {
		t.inits = append(t.inits, s.Header)
	}
	next := &Segment{Segment: s, Number: t.next, Init: uint64(len(t.inits) - 1), Broken: t.broken}
	if t.period != nil && t.period != s.Period {
		next.Breaks = true
		next.Broken++
	}
	return next
}

// length is that of the window.
func (t *Track) length() (d time.Duration) {
	for _, s := range t.stored[t.listed:] {
		d += s.Length()
	}
	return d
}

// slide takes segments out of the window that it can do without, and forgets
// those that were long enough out of it.
func (t *Track) slide(now time.Time, target time.Duration) {
	d := t.length()
	for len(t.stored)-t.listed > leastSegments {
		s := t.stored[t.listed]
		d -= s.Length()
		if d < leastTargets*target {
			break
		}
		// The file stays for its own duration and that of the longest window it
		// was in (rfc8216bis §6.2.2).
		s.until = now.Add(s.Length() + t.longest)
		t.listed++
	}
	for t.listed > 0 && now.After(t.stored[0].until) {
		t.forget()
	}
}

// forget drops the oldest stored segment.
func (t *Track) forget() {
	t.bytes -= t.stored[0].Size
	t.stored[0] = nil
	t.stored = t.stored[1:]
	t.listed = max(0, t.listed-1)
}

// publish shows what is stored now, and wakes who waits for it.
func (t *Track) publish() {
	before := t.view.Swap(&View{
		Segments: slices.Clone(t.stored[t.listed:]), Open: t.open, Next: t.next,
		Ended: t.p.ended, gone: t.p.gone, changed: make(chan struct{}),
	})
	close(before.changed)
}

// seconds rounds a duration as the rule for the target duration does, half a
// second up (rfc8216bis §4.4.3.1), from what EXTINF shows of it.
func seconds(d time.Duration) int {
	return int(math.Floor(d.Round(10*time.Microsecond).Seconds() + 0.5))
}
