package cmaf

import (
	"bytes"
	"fmt"

	"github.com/millrace-live/millrace/media"
)

// Header is a CMAF header: what a player needs before the first segment of a
// track. It is immutable; segments that need the same one share the pointer.
type Header struct {
	Track *media.Track
	// Timescale is ticks a second of every duration and time of the track.
	Timescale uint32
	// Bytes are the boxes ftyp and moov: an HLS media initialization section.
	Bytes []byte
}

// UnsupportedError says why a track cannot be packaged.
type UnsupportedError struct {
	Codec  media.Codec
	Reason string // without a configuration, for instance; "" when the codec has no packaging here
}

func (e *UnsupportedError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("cmaf: %s has no packaging", e.Codec)
	}
	return fmt.Sprintf("cmaf: %s track %s", e.Codec, e.Reason)
}

// coding is what the packager knows of a codec: one line of the table below.
type coding struct {
	// check reports what the track lacks, "" when nothing.
	check     func(*media.Track) string
	timescale func(*media.Track) uint32
	// entry appends the sample entry (ISO/IEC 14496-12 §8.5.2).
	entry func(*boxes, *media.Track)
}

var codings = map[media.Codec]coding{
	media.H264: {check: checkAVC, timescale: avcTimescale, entry: appendAVC},
	media.AAC:  {check: checkAAC, timescale: aacTimescale, entry: appendAAC},
}

// Check returns nil if the track can be packaged, else an [*UnsupportedError].
func Check(t *media.Track) error {
	c, ok := codings[t.Codec]
	if !ok {
		return &UnsupportedError{Codec: t.Codec}
	}
	if reason := c.check(t); reason != "" {
		return &UnsupportedError{Codec: t.Codec, Reason: reason}
	}
	return nil
}

// NewHeader makes the CMAF header of a track.
func NewHeader(t *media.Track) (*Header, error) {
	if err := Check(t); err != nil {
		return nil, err
	}
	c := codings[t.Codec]
	h := &Header{Track: t, Timescale: c.timescale(t)}
	w := &boxes{b: make([]byte, 0, 1024)}
	w.fileType()
	w.movie(t, h.Timescale, c.entry)
	h.Bytes = w.b
	return h, nil
}

// fits reports whether h is the header of t too.
func (h *Header) fits(t *media.Track) bool {
	return h.Track == t || h.Track.ID == t.ID && h.Track.Codec == t.Codec && bytes.Equal(h.Track.Config, t.Config)
}
