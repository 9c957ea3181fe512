package cmaf

import (
	"math"

	"github.com/millrace-live/millrace/media"
)

// unit is an access unit that waits for its segment.
type unit struct {
	decode, present int64 // ticks
	frame           *media.Frame
}

// cutter collects the access units of one track of one period and makes
// segments of them.
type cutter struct {
	kind    media.Kind
	header  *Header
	line    timeline
	settled bool
	units   []unit
	bytes   int
	// longest is the longest segment so far, in ticks.
	longest int64

	samples []Sample // reused
}

func (c *cutter) add(f *media.Frame) {
	decode, present := c.line.place(f)
	c.units = append(c.units, unit{decode, present, f})
	c.bytes += len(f.Payload)
}

// open is the length in ticks of the segment that is open, up to its last unit.
func (c *cutter) open() int64 {
	if len(c.units) == 0 {
		return 0
	}
	return c.units[len(c.units)-1].decode - c.units[0].decode
}

// cut makes a segment of the first n units, which there must be. What follows
// them gives the last its duration; if nothing does, it lasts what it nominally
// should. Messages go in front.
func (c *cutter) cut(n int, sequence uint32, messages []message) *Segment {
	if !c.settled {
		c.settled = true
		c.line.settle(c.units)
	}
	start := c.units[0].decode
	end := c.units[n-1].decode + c.line.nominal()
	if n < len(c.units) {
		end = c.units[n].decode
	}
	c.samples = c.samples[:0]
	for i, u := range c.units[:n] {
		next := end
		if i+1 < n {
			next = c.units[i+1].decode
		}
		c.samples = append(c.samples, Sample{
			Duration: uint32(min(next-u.decode, math.MaxUint32)),
			Offset:   int32(max(math.MinInt32, min(u.present-u.decode, math.MaxInt32))),
			Flags:    flags(u.frame),
			Payload:  c.header.coding.sample(u.frame.Payload),
		})
		c.bytes -= len(u.frame.Payload)
	}
	s := &Segment{
		Kind:        c.kind,
		Header:      c.header,
		Start:       start,
		Duration:    end - start,
		Samples:     n,
		Independent: c.kind == media.Audio || c.units[0].frame.IsKey(),
	}
	size := ChunkSize(c.samples)
	for _, m := range messages {
		size += eventSize(m)
	}
	w := boxes{b: make([]byte, 0, size)}
	for _, m := range messages {
		w.event(m, c.header.Timescale, start)
	}
	s.Bytes = AppendChunk(w.b, sequence, uint64(start), c.samples)
	c.longest = max(c.longest, s.Duration)
	clear(c.samples)
	rest := copy(c.units, c.units[n:])
	clear(c.units[rest:])
	c.units = c.units[:rest]
	return s
}

// arrivalOffset is the smallest distance from media time to arrival among the
// first n units: the unit that was held up least on its way.
func (c *cutter) arrivalOffset(n int) int64 {
	least := int64(math.MaxInt64)
	for _, u := range c.units[:n] {
		least = min(least, u.frame.Arrival.UnixNano()-nanoseconds(u.decode, c.header.Timescale))
	}
	return least
}

func flags(f *media.Frame) uint32 {
	switch {
	case f.Kind == media.Audio || f.Class == media.Key:
		return FlagsSync
	case f.Class == media.Disposable:
		return FlagsDisposable
	default:
		return FlagsInter
	}
}
