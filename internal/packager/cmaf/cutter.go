package cmaf

import (
	"math"
	"time"

	"github.com/millrace-live/millrace/media"
)

// unit is an access unit that waits for its segment.
type unit struct {
	decode, present int64 // ticks
	frame           *media.Frame
}

// startsDecoding reports whether decoding can start at u.
func (u *unit) startsDecoding() bool { return u.frame.Kind == media.Audio || u.frame.IsKey() }

// cutter collects the access units of one track of one period and makes
// segments of them.
type cutter struct {
	kind    media.Kind
	header  *Header
	line    timeline
	settled bool
	// The segment that is open: the parts made of it, and the units that are in
	// none yet.
	parts []*Part
	units []unit
	bytes int // of payload, in parts and units
	// partTarget is what no part should be longer than, in ticks; 0 for segments
	// of one part.
	partTarget int64

	samples []Sample // reused
}

func (c *cutter) add(f *media.Frame) {
	decode, present := c.line.place(f)
	c.units = append(c.units, unit{decode, present, f})
	c.bytes += len(f.Payload)
}

// open is the length in ticks of the segment that is open, up to its last unit.
func (c *cutter) open() int64 {
	switch {
	case len(c.units) == 0:
		return 0
	case len(c.parts) > 0:
		return c.units[len(c.units)-1].decode - c.parts[0].Start
	}
	return c.units[len(c.units)-1].decode - c.units[0].decode
}

// part makes a part of the first n units, which there must be. What follows
// them gives the last its duration; if nothing does, it lasts what it nominally
// should. Messages go in front.
func (c *cutter) part(n int, sequence uint32, wall time.Time, messages []message) *Part {
	start, end := c.units[0].decode, c.at(n)
	p := &Part{
		Kind:     c.kind,
		Header:   c.header,
		Index:    len(c.parts),
		Start:    start,
		Duration: end - start,
		Samples:  n,
		Keyed:    c.units[0].startsDecoding(),
	}
	c.samples = c.samples[:0]
	for i := range c.units[:n] {
		u := &c.units[i]
		c.samples = append(c.samples, Sample{
			Duration: uint32(min(c.at(i+1)-u.decode, math.MaxUint32)),
			Offset:   int32(max(math.MinInt32, min(u.present-u.decode, math.MaxInt32))),
			Flags:    flags(u.frame),
			Payload:  c.header.coding.sample(u.frame.Payload),
		})
		p.Independent = p.Independent || u.startsDecoding()
	}
	size := ChunkSize(c.samples)
	if c.partTarget > 0 {
		size += producerTimeSize
	}
	for _, m := range messages {
		size += eventSize(m)
	}
	w := boxes{b: make([]byte, 0, size)}
	if c.partTarget > 0 {
		w.producerTime(wall, start)
	}
	for _, m := range messages {
		w.event(m, c.header.Timescale, start)
	}
	p.Bytes = AppendChunk(w.b, sequence, uint64(start), c.samples)
	clear(c.samples)
	rest := copy(c.units, c.units[n:])
	clear(c.units[rest:])
	c.units = c.units[:rest]
	c.parts = append(c.parts, p)
	return p
}

// at is when the i-th unit is decoded, or would be, if it is the next one.
func (c *cutter) at(i int) int64 {
	if i < len(c.units) {
		return c.units[i].decode
	}
	return c.units[i-1].decode + c.line.nominal()
}

// segment takes the parts of the segment that is open, of which there must be
// one, as a segment.
func (c *cutter) segment() *Segment {
	s := join(c.parts)
	c.parts, c.bytes = nil, 0
	for i := range c.units {
		c.bytes += len(c.units[i].frame.Payload)
	}
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
