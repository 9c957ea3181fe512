package cmaf

import (
	"slices"
	"time"

	"github.com/millrace-live/millrace/media"
)

// Period is a run of media without a discontinuity: within it the segments of
// a track join sample to sample, and every track keeps its header. It is
// immutable once a part or segment of it was emitted.
type Period struct {
	// Number rises by one from period to period of a [Packager].
	Number int
	// Tracks are the headers of its tracks, video first, then audio, each by
	// rising identifier. Each has at least one segment in the period.
	Tracks []*Header
	// PartTargets are what no part of a track is longer than, unless it is of one
	// access unit that is; nil where segments are not made in parts.
	PartTargets []time.Duration
}

// has reports whether h is the header of one of the period's tracks.
func (p *Period) has(h *Header) bool { return p != nil && slices.Contains(p.Tracks, h) }

// Part is a CMAF chunk of one track: [prft] [emsg] moof mdat. It is immutable.
type Part struct {
	Kind   media.Kind
	Period *Period
	Header *Header
	// Index counts the parts of a segment from 0.
	Index int
	// Start is the decoding time of the first sample, in ticks of the header;
	// what follows starts at Start+Duration.
	Start, Duration int64
	// Wall is the wall clock of Start: see [Segment].
	Wall time.Time
	// Samples is how many access units there are.
	Samples int
	// Independent is set when there is a sample in it at which decoding can start.
	Independent bool
	// Keyed is set when that is the first one.
	Keyed bool
	Bytes []byte
}

// Length is Duration as time.
func (p *Part) Length() time.Duration {
	return time.Duration(nanoseconds(p.Duration, p.Header.Timescale))
}

// Segment is a CMAF segment of one track. It is immutable.
type Segment struct {
	Kind   media.Kind
	Period *Period
	Header *Header
	// Start is the decoding time of the first sample, in ticks of the header.
	Start int64
	// Duration is in ticks: the next segment of the period starts at
	// Start+Duration.
	Duration int64
	// Wall is the wall clock of Start: when that sample arrived, freed of
	// jitter. Tracks share one line from media time to wall
	// clock, and so do neighbouring segments: see [Packager].
	Wall time.Time
	// Samples is how many access units there are.
	Samples int
	// Independent is set when decoding can start at the first sample.
	Independent bool
	// Parts are the file, one after another. There is one at least.
	Parts []*Part
	// Size is the length of the file.
	Size int
}

// Length is Duration as time.
func (s *Segment) Length() time.Duration {
	return time.Duration(nanoseconds(s.Duration, s.Header.Timescale))
}

// Append appends the file to dst. Who only sends it need not copy: it is its parts.
func (s *Segment) Append(dst []byte) []byte {
	dst = slices.Grow(dst, s.Size)
	for _, p := range s.Parts {
		dst = append(dst, p.Bytes...)
	}
	return dst
}

// join makes a segment of its parts.
func join(parts []*Part) *Segment {
	first := parts[0]
	s := &Segment{
		Kind: first.Kind, Period: first.Period, Header: first.Header,
		Start: first.Start, Wall: first.Wall, Independent: first.Keyed, Parts: parts,
	}
	for _, p := range parts {
		s.Duration += p.Duration
		s.Samples += p.Samples
		s.Size += len(p.Bytes)
	}
	return s
}
