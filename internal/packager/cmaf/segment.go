package cmaf

import (
	"slices"
	"time"

	"github.com/millrace-live/millrace/media"
)

// Period is a run of media without a discontinuity: within it the segments of
// a track join sample to sample, and every track keeps its header. It is
// immutable once a segment of it was emitted.
type Period struct {
	// Number rises by one from period to period of a [Packager].
	Number int
	// Tracks are the headers of its tracks, video first, then audio, each by
	// rising identifier. Each has at least one segment in the period.
	Tracks []*Header
}

// has reports whether h is the header of one of the period's tracks.
func (p *Period) has(h *Header) bool { return p != nil && slices.Contains(p.Tracks, h) }

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
	// Independent is set when decoding can start here.
	Independent bool
	// Bytes is the file: chunks, one after another.
	Bytes []byte
}

// Length is Duration as time.
func (s *Segment) Length() time.Duration {
	return time.Duration(nanoseconds(s.Duration, s.Header.Timescale))
}
