package window

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// Presentation is what one player holds from its first playlist to the end: a
// fixed set of tracks. All of them have the same discontinuities.
type Presentation struct {
	id          string
	broadcast   string
	shift       Shift
	shelf       *shelf // nil without time shift
	partTargets []time.Duration
	tracks      []*Track
	// target is a time.Duration in whole seconds. It should never change (rfc8216bis §6.2.1), and an
	// encoder's key frames may yet grow farther apart: then it grows, which
	// players bear, and never shrinks.
	target atomic.Int64
	ready  chan struct{} // closed when there is something to play
	values sync.Map

	mu          sync.RWMutex // what the tracks store
	ended, gone bool
	playable    bool
	discarded   bool // its files are not wanted any more
	lost        int  // segments for which the disk was too slow
}

// IDLength is that of every presentation's identifier, which is of small letters
// and digits.
const IDLength = 26

// patience is how many segments of the main track players wait for another's
// first.
const patience = 3

// NewPresentation makes a presentation of the tracks of a period, whose segments
// are meant to be of a length. A [Store] makes and fills those of streams.
func NewPresentation(period *cmaf.Period, segment time.Duration) *Presentation {
	p := &Presentation{
		id: strings.ToLower(rand.Text()[:IDLength]), partTargets: period.PartTargets, ready: make(chan struct{}),
	}
	p.target.Store(int64(max(time.Second, WholeSeconds(segment))))
	for i, h := range period.Tracks {
		t := newTrack(p, h.Track)
		if len(period.PartTargets) > 0 {
			t.partTarget = period.PartTargets[i]
		}
		p.tracks = append(p.tracks, t)
	}
	return p
}

// ID is an identifier that no presentation had before and nobody can guess.
func (p *Presentation) ID() string { return p.id }

// Tracks are video first, then audio, each by rising identifier. One whose key
// frames are very far apart may have no segment yet.
func (p *Presentation) Tracks() []*Track { return p.tracks }

// Track returns that of a kind with an identifier, nil if there is none.
func (p *Presentation) Track(k media.Kind, id uint8) *Track {
	for _, t := range p.tracks {
		if t.kind == k && t.id == id {
			return t
		}
	}
	return nil
}

// PartTarget is the longest of the tracks' ([Track.PartTarget]).
func (p *Presentation) PartTarget() (longest time.Duration) {
	for _, target := range p.partTargets {
		longest = max(longest, target)
	}
	return longest
}

// Target is the target duration in whole seconds: no segment, rounded, is
// longer.
func (p *Presentation) Target() time.Duration { return time.Duration(p.target.Load()) }

// Playable reports whether there is, or was, something to play: each track has a
// segment, or nobody waits for it any longer.
func (p *Presentation) Playable() bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.playable
}

// Value returns what a door keeps with the presentation under a key of its own,
// which first makes if there is nothing yet.
func (p *Presentation) Value(key any, first func() any) any {
	if v, ok := p.values.Load(key); ok {
		return v
	}
	v, _ := p.values.LoadOrStore(key, first())
	return v
}

// takes reports whether a period can go on in p: it has the same tracks of the
// same codecs, of which players were told, and the same target for parts.
func (p *Presentation) takes(period *cmaf.Period) bool {
	return slices.Equal(p.partTargets, period.PartTargets) &&
		slices.EqualFunc(p.tracks, period.Tracks, func(t *Track, h *cmaf.Header) bool {
			return t.kind == h.Track.Kind && t.id == h.Track.ID && t.codec == h.Track.Codec
		})
}

// Add puts a segment at the end of its track.
func (p *Presentation) Add(s *cmaf.Segment, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.Track(s.Kind, s.Header.Track.ID)
	target := max(p.Target(), WholeSeconds(s.Length()))
	p.target.Store(int64(target))
	t.add(s, target)
	t.slide(now, target)
	if p.shelf != nil {
		p.lose()
	}
	t.publish()
	if !p.playable && p.complete() {
		p.playable = true
		close(p.ready)
	}
}

// Grow shows the segment of a track that is being made, with another part.
func (p *Presentation) Grow(s *cmaf.Segment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.Track(s.Kind, s.Header.Track.ID)
	t.open = t.place(s)
	t.publish()
}

// End says that no more segments will come.
func (p *Presentation) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, t := range p.tracks {
		t.open = nil
		t.publish()
	}
}

// close lets go who waits, since nobody packages any more.
func (p *Presentation) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	for _, t := range p.tracks {
		t.publish()
	}
}

func (p *Presentation) complete() bool {
	return p.tracks[0].next >= patience || !slices.ContainsFunc(p.tracks, func(t *Track) bool { return t.next == 0 })
}

// size is how many bytes of segments are in memory.
func (p *Presentation) size() (n int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, t := range p.tracks {
		n += t.memory
	}
	return n
}

// shed lets go of the oldest segments in memory, those in the window too, until n
// bytes are free or only the newest of each track is left. Those that are on disk
// stay there, and others are forgotten. It returns what it freed.
func (p *Presentation) shed(n int) (freed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for freed < n {
		t := p.least(func(t *Track) *Segment {
			if len(t.stored)-t.shelved < 2 {
				return nil
			}
			return t.stored[t.shelved]
		})
		if t == nil {
			break
		}
		before := t.memory
		if t.stored[t.shelved].filed {
			t.shelve(t.shelved + 1)
		} else {
			p.forget(t, t.shelved+1)
		}
		freed += before - t.memory
	}
	if freed > 0 {
		p.publish()
	}
	return freed
}

func (p *Presentation) publish() {
	for _, t := range p.tracks {
		t.publish()
	}
}

// least returns the track with the oldest of the segments that of gives, nil if it
// gives none: all of a ladder give way alike.
func (p *Presentation) least(of func(*Track) *Segment) (found *Track) {
	var oldest *Segment
	for _, t := range p.tracks {
		if s := of(t); s != nil && (oldest == nil || s.Wall.Before(oldest.Wall)) {
			found, oldest = t, s
		}
	}
	return found
}
