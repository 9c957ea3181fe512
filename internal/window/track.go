package window

import (
	"math"
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

// mostSegments bounds the window, of which each playlist and manifest is a list: a
// day of segments of a second.
const mostSegments = 90_000

// Segment is a segment in its place in a track, whole or as far as it is made. It
// is immutable. When its bytes leave the memory for the disk, another takes its
// place ([Segment.Shelved]).
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

	track   *Track
	shelved bool

	// Guarded by Presentation.mu.
	//
	// filed is set when its file is on disk.
	filed bool
	// until is when the file may go, once it is out of the window.
	until time.Time
}

// Over is when the last of the segment arrived.
func (s *Segment) Over() time.Time { return s.Wall.Add(s.Length()) }

// shelf is s without its bytes.
func (s *Segment) shelf() *Segment {
	lean, shelved := *s.Segment, *s
	lean.Parts = nil
	shelved.Segment, shelved.shelved = &lean, true
	return &shelved
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
	// stored are the segments, oldest first. Views share the array, so that nothing
	// in it may change; what is appended they do not see. Those before listed are no
	// longer in the window but still to be had. Those before recent are what only
	// those see who seek back: without time shift, recent is listed. Those before
	// shelved are on disk alone.
	stored                  []*Segment
	listed, recent, shelved int
	window, live            time.Duration // lengths of what is listed, and recent
	memory                  int           // bytes of what is not shelved
	disk, past              int64         // bytes of files, and of those before listed
	filing                  uint64        // number of the next segment that goes to disk

	open   *Segment
	next   uint64 // number of the next whole segment
	broken int
	period *cmaf.Period // the newest segment's
	inits  []*cmaf.Header
	meter  meter
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
	t.memory += s.Size
	t.window += s.Length()
	t.live += s.Length()
	t.longest = max(t.longest, t.window)
	t.meter.add(s, target)
}

// place gives a segment, whole or not, its place behind those that are stored.
func (t *Track) place(s *cmaf.Segment) *Segment {
	if len(t.inits) == 0 || t.inits[len(t.inits)-1] != s.Header {
		t.inits = append(t.inits, s.Header)
	}
	next := &Segment{Segment: s, Number: t.next, Init: uint64(len(t.inits) - 1), Broken: t.broken, track: t}
	if t.period != nil && t.period != s.Period {
		next.Breaks = true
		next.Broken++
	}
	return next
}

// slide takes segments out of the window that it can do without, out of the memory
// those that are on disk, and forgets those that were long enough out of the window.
func (t *Track) slide(now time.Time, target time.Duration) {
	for len(t.stored)-t.recent > leastSegments {
		length := t.stored[t.recent].Length()
		if t.live-length < leastTargets*target {
			break
		}
		t.live -= length
		t.recent++
	}
	for t.listed < t.recent && (t.window-t.stored[t.listed].Length() >= t.p.shift.Window || t.recent-t.listed > mostSegments) {
		t.leave(now)
	}
	expired := 0
	for expired < t.listed && now.After(t.stored[expired].until) {
		expired++
	}
	t.forget(expired)
	t.shelve(t.recent)
}

// leave takes the oldest segment out of the window. The file stays for its own
// duration and that of the longest window it was in (rfc8216bis §6.2.2), unless it
// should go to disk and has not: then it will not.
func (t *Track) leave(now time.Time) {
	s := t.stored[t.listed]
	if t.p.shift.on() && !s.filed {
		t.p.forget(t, t.listed+1)
		return
	}
	s.until = now.Add(s.Length() + t.longest)
	t.window -= s.Length()
	if s.filed {
		t.past += int64(s.Size)
	}
	t.listed++
	if t.recent < t.listed {
		t.live -= s.Length()
		t.recent = t.listed
	}
}

// forget drops the oldest n stored segments and has their files removed.
func (t *Track) forget(n int) {
	if n == 0 {
		return
	}
	var files []leaver
	for i, s := range t.stored[:n] {
		if i >= t.listed {
			t.window -= s.Length()
		}
		if i >= t.recent {
			t.live -= s.Length()
		}
		if !s.shelved {
			t.memory -= s.Size
		}
		if s.filed {
			t.disk -= int64(s.Size)
			if i < t.listed {
				t.past -= int64(s.Size)
			}
			files = append(files, leaver{s.file(), int64(s.Size)})
		}
	}
	if files != nil {
		t.p.shelf.remove(files...)
	}
	t.filing = max(t.filing, t.stored[n-1].Number+1)
	t.stored = renewed(t.stored[n:])
	t.listed, t.recent, t.shelved = max(0, t.listed-n), max(0, t.recent-n), max(0, t.shelved-n)
}

// shelve lets go of the bytes of those before the n'th segment, as far as they are
// on disk.
func (t *Track) shelve(n int) {
	end := t.shelved
	for end < n && t.stored[end].filed {
		end++
	}
	if end == t.shelved {
		return
	}
	t.stored = renewed(t.stored)
	for i := t.shelved; i < end; i++ {
		t.stored[i] = t.stored[i].shelf()
		t.memory -= t.stored[i].Size
	}
	t.shelved = end
}

// renewed is a copy with some room behind it: what views hold must not change, nor
// keep what the track has let go.
func renewed(segments []*Segment) []*Segment {
	return append(make([]*Segment, 0, len(segments)+leastSegments), segments...)
}

// unfiled is the next segment that goes to disk, nil if there is none.
func (t *Track) unfiled() *Segment {
	if !t.p.shift.on() || len(t.stored) == 0 {
		return nil
	}
	i := t.filing - t.stored[0].Number
	if i >= uint64(len(t.stored)) {
		return nil
	}
	return t.stored[i]
}

// waiting is how many bytes of what is not recent wait for the disk.
func (t *Track) waiting() (n int) {
	for _, s := range t.stored[min(t.shelved, t.recent):t.recent] {
		if !s.filed {
			n += s.Size
		}
	}
	return n
}

// publish shows what is stored now, and wakes who waits for it.
func (t *Track) publish() {
	end := len(t.stored)
	before := t.view.Swap(&View{
		Segments: t.stored[t.listed:end:end], Open: t.open, Next: t.next,
		Ended: t.p.ended, gone: t.p.gone, changed: make(chan struct{}),
	})
	close(before.changed)
}

// WholeSeconds rounds a duration as the rule for the target duration does, half a
// second up (rfc8216bis §4.4.3.1, RFC 8216 §4.3.3.1), from what EXTINF shows of it.
func WholeSeconds(d time.Duration) time.Duration {
	return time.Duration(math.Floor(d.Round(10*time.Microsecond).Seconds()+0.5)) * time.Second
}
