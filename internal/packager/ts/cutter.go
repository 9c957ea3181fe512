package ts

import "time"

// DefaultTarget is the segment length that players and encoders are used to.
const DefaultTarget = 2 * time.Second

const (
	// A key frame this much before the target's end is taken as the cut: encoders
	// that aim at two seconds miss by some frames.
	earlyCut = 8 // a part of the target

	// A segment without key frames is cut at last where tables come anyway.
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

// Cutter makes segments of the bursts of a [Packager]: at the first key frame that
// comes when the target is reached; of sound alone, where it is reached; and at
// every discontinuity. It has no goroutine and no clock of its own, and is not
// safe for concurrent use.
type Cutter struct {
	target int64
	emit   func(*Segment)

	bursts []Burst // of the segment that is open
	size   int
}

// NewCutter returns a cutter that calls emit for each segment, from within Put and
// End. A target of 0 is [DefaultTarget].
func NewCutter(target time.Duration, emit func(*Segment)) *Cutter {
	if target <= 0 {
		target = DefaultTarget
	}
	return &Cutter{target: ticks(int64(target)), emit: emit}
}

// Put takes the next burst. The first one must be a start.
func (c *Cutter) Put(b Burst) {
	if len(c.bursts) > 0 {
		length := b.Decode - c.bursts[0].Decode
		long := length >= c.target-c.target/earlyCut
		tooLong := length >= longestSegment || c.size >= largestSegment
		if b.Discontinuity || b.Start && long || b.Tables && tooLong {
			c.cut(&b)
		}
	}
	c.bursts = append(c.bursts, b)
	c.size += len(b.Bytes)
}

// Size is how many bytes the segment has that is open.
func (c *Cutter) Size() int { return c.size }

// End emits all that there is. The cutter may be given more after it, from a start
// or a discontinuity on.
func (c *Cutter) End() { c.cut(nil) }

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
