package ts

import (
	"bytes"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	// How long the start of a stream, or of another epoch, is held back for tracks
	// to show themselves: a codec without a sequence header does so by its first
	// frame. Players settle on the tracks of the PMT that they see first.
	leastWait   = 300 * time.Millisecond
	longestWait = time.Second
	heldBytes   = 8 << 20
	heldFrames  = 1000
)

// Burst is a run of whole packets. It is immutable.
type Burst struct {
	// Place is that of the first frame. No other of the burst is a start, or has
	// tables or a discontinuity before it.
	Place
	// Arrival is when the first frame reached this machine.
	Arrival time.Time
	// Frames is how many there are, Last when the last one ends in ticks.
	Frames int
	Last   int64
	Bytes  []byte
	// Resume goes before Bytes for a viewer who has missed bursts and goes on here,
	// at a Start: it says that the gap in the continuity counters is no loss.
	Resume []byte

	pictured, independent bool // it has pictures; the first one is a key frame
}

// Packager makes bursts of the frames of one stream. It has no goroutine and no
// clock of its own, and is not safe for concurrent use.
type Packager struct {
	mux  Muxer
	emit func(Burst)

	set     *media.TrackSet // of the newest frame
	refused []error
	tracks  []*media.Track

	open  Burst // but for its bytes
	bytes []byte

	forming bool
	epoch   uint32
	begun   bool
	held    []*media.Frame
	size    int // of held
}

// NewPackager returns a packager that calls emit for each burst, from within
// Write, Flush and End.
func NewPackager(emit func(Burst)) *Packager { return &Packager{emit: emit} }

// Refused is as [Muxer.Refused], of the newest frame that was written.
func (p *Packager) Refused() []error { return p.refused }

// Carries is as [Muxer.Carries], of the newest frame that was written.
func (p *Packager) Carries() bool { return len(p.tracks) > 0 }

// Tracks are those that are carried of the newest frame that was written: the
// picture first, if there is one. They are not to be changed.
func (p *Packager) Tracks() []*media.Track { return p.tracks }

// Write takes the next frame of the stream, as the hub put them in order. A frame
// that has tables in front begins another burst.
func (p *Packager) Write(f *media.Frame) {
	if f.Kind != media.Video && f.Kind != media.Audio {
		return
	}
	if f.Tracks != p.set {
		chosen, refused := choose(f.Tracks)
		p.set, p.refused, p.tracks = f.Tracks, refused, nil
		for _, c := range chosen {
			p.tracks = append(p.tracks, c.track)
		}
	}
	if !p.begun || f.Epoch != p.epoch {
		p.release()
		p.begun, p.forming, p.epoch = true, true, f.Epoch
	}
	if !p.forming {
		p.add(p.mux.Append, f)
		return
	}
	p.held = append(p.held, f)
	p.size += len(f.Payload)
	if p.formed(f) {
		p.release()
	}
}

// Flush emits what is there, so that it leaves. What is held back stays.
func (p *Packager) Flush() {
	if len(p.bytes) == 0 {
		return
	}
	b := p.open
	b.Bytes = bytes.Clone(p.bytes)
	p.open, p.bytes = Burst{}, p.bytes[:0]
	p.emit(b)
}

// End emits all that there is. The packager may be written on after it.
func (p *Packager) End() {
	p.release()
	p.Flush()
}

// formed reports whether the tracks are there that there will be.
func (p *Packager) formed(newest *media.Frame) bool {
	wait := leastWait
	if newest.Tracks.Default(media.Video) == nil || newest.Tracks.Default(media.Audio) == nil {
		wait = longestWait
	}
	return p.size >= heldBytes || len(p.held) >= heldFrames || newest.DTS-p.held[0].DTS >= int64(wait)
}

// release ends the wait for tracks. Frames of a set to which the newest has only
// added go with that, so that the first PMT has all of it.
func (p *Packager) release() {
	p.forming = false
	if len(p.held) == 0 {
		return
	}
	newest := p.held[len(p.held)-1].Tracks
	for _, f := range p.held {
		if within(f.Tracks, newest) {
			if p.mux.set != newest {
				p.mux.adopt(newest)
			}
			p.add(p.mux.append, f)
			continue
		}
		p.add(p.mux.Append, f)
	}
	clear(p.held)
	p.held, p.size = p.held[:0], 0
}

// within reports whether every track of a is in b.
func within(a, b *media.TrackSet) bool {
	if a == nil || b == nil {
		return false
	}
	for _, t := range a.Tracks {
		if b.Find(t.Kind, t.ID) != t {
			return false
		}
	}
	return true
}

// add puts a frame at the end of the burst that is open, or begins another.
func (p *Packager) add(mux func([]byte, *media.Frame) ([]byte, Place), f *media.Frame) {
	from := len(p.bytes)
	all, place := mux(p.bytes, f)
	if !place.Packets {
		return
	}
	if from > 0 && place.Tables {
		p.bytes = all[:from]
		p.Flush()
		all = append(p.bytes[:0], all[from:]...)
	}
	p.bytes = all
	if p.open.Frames == 0 {
		p.open.Place, p.open.Arrival = place, f.Arrival
		if place.Start {
			p.open.Resume = bytes.Clone(p.mux.resume)
		}
	}
	p.open.Frames++
	if place.Kind == media.Video && !p.open.pictured {
		p.open.pictured, p.open.independent = true, place.Key
	}
	p.open.Last = max(p.open.Last, place.End)
}
