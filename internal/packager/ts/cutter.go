package ts

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

// DefaultTarget is the segment length that players and encoders are used to.
const DefaultTarget = 2 * time.Second

const (
	// A key frame this much before the target's end is taken as the cut: encoders
	// that aim at two seconds miss by some frames.
	earlyCut = 8 // a part of the target

	// A segment is cut anywhere at last.
	longestSegment = 20 * Timescale
	largestSegment = 16 << 20
)

// Segment is a file of a playlist (RFC 8216 §3.2): PAT and PMT, then a key frame.
// The packets of one continue those of the one before. It is immutable.
type Segment struct {
	// Start is the decoding time of the first frame, in ticks of 90 kHz on the
	// stream's timeline: its DTS is Start plus [Delay], modulo 2^33.
	Start int64
	// Duration is in ticks. The next segment starts at Start+Duration, unless it is
	// discontinuous.
	Duration int64
	// Arrival is when the first frame reached this machine.
	Arrival time.Time
	// Frames is how many access units there are, of all tracks.
	Frames int
	// Discontinuous is set when a discontinuity lies before the segment.
	Discontinuous bool
	// Independent is set when decoding can start here.
	Independent bool
	Bytes       []byte
}

// Length is Duration as time.
func (s *Segment) Length() time.Duration { return duration(s.Duration) }

// Cutter makes segments of the frames of one stream: at the first key frame that
// comes when the target is reached; of sound alone, where it is reached; and at
// every discontinuity. It has no goroutine and no clock of its own, and is not
// safe for concurrent use.
type Cutter struct {
	pack   *Packager
	target int64
	emit   func(*Segment)

	bursts []Burst // of the segment that is open
	size   int
	forced bool // the next burst begins a segment
}

// NewCutter returns a cutter that calls emit for each segment, from within Write
// and End. A target of 0 is [DefaultTarget].
func NewCutter(target time.Duration, emit func(*Segment)) *Cutter {
	if target <= 0 {
		target = DefaultTarget
	}
	c := &Cutter{target: ticks(int64(target)), emit: emit}
	c.pack = NewPackager(c.take)
	return c
}

// Refused is [Packager.Refused].
func (c *Cutter) Refused() []error { return c.pack.Refused() }

// Carries is [Packager.Carries].
func (c *Cutter) Carries() bool { return c.pack.Carries() }

// Write takes the next frame of the stream, as the hub put them in order.
func (c *Cutter) Write(f *media.Frame) {
	if open := &c.pack.open; open.Frames > 0 {
		start, size := open.Decode, len(c.pack.bytes)
		if len(c.bursts) > 0 && !c.forced {
			start, size = c.bursts[0].Decode, size+c.size
		}
		if open.Last-start >= longestSegment || size >= largestSegment {
			c.pack.Flush()
			c.pack.mux.tabled = never // the next frame has tables in front
			c.forced = true
		}
	}
	c.pack.Write(f)
}

// End emits all that there is. The cutter may be written on after it.
func (c *Cutter) End() {
	c.pack.End()
	c.cut(nil)
}

// take decides where a burst belongs.
func (c *Cutter) take(b Burst) {
	if len(c.bursts) > 0 {
		long := b.Decode-c.bursts[0].Decode >= c.target-c.target/earlyCut
		if b.Discontinuity || c.forced || b.Start && long {
			c.cut(&b)
		}
	}
	c.forced = false
	c.bursts = append(c.bursts, b)
	c.size += len(b.Bytes)
}

// cut emits the open segment, before next if there is one.
func (c *Cutter) cut(next *Burst) {
	if len(c.bursts) == 0 {
		return
	}
	first := &c.bursts[0]
	s := &Segment{Start: first.Decode, Arrival: first.Arrival, Discontinuous: first.Discontinuity, Independent: true, Bytes: first.Bytes}
	if len(c.bursts) > 1 {
		s.Bytes = make([]byte, 0, c.size)
	}
	end, pictured := int64(0), false
	for i := range c.bursts {
		b := &c.bursts[i]
		s.Frames += b.Frames
		end = max(end, b.Last)
		if b.pictured && !pictured {
			pictured, s.Independent = true, b.independent
		}
		if len(c.bursts) > 1 {
			s.Bytes = append(s.Bytes, b.Bytes...)
		}
	}
	if next != nil && !next.Discontinuity {
		end = next.Decode
	}
	s.Duration = max(end-s.Start, 0)
	clear(c.bursts)
	c.bursts, c.size = c.bursts[:0], 0
	c.emit(s)
}
