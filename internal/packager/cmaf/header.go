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

	coding coding
	entry  []byte // the sample entry among Bytes
}

// UnsupportedError says why a track cannot be packaged.
type UnsupportedError struct {
	Codec  media.Codec
	Reason string // without a configuration, for instance; "" when the codec has no place in MP4 segments
}

func (e *UnsupportedError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("cmaf: %s cannot be carried in MP4 segments", e.Codec)
	}
	return fmt.Sprintf("cmaf: %s track %s", e.Codec, e.Reason)
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
	h := &Header{Track: t, Timescale: videoTimescale, coding: c}
	if t.Kind == media.Audio {
		// An access unit is a whole number of the core coder's samples, with SBR
		// as without.
		h.Timescale = uint32(t.Sound().SampleRate)
	}
	w := &boxes{b: make([]byte, 0, 1024)}
	w.fileType(c.brand)
	h.entry = w.movie(t, h.Timescale, c)
	h.Bytes = w.b
	return h, nil
}

// fits reports whether segments of o's track can follow h: it is the same track,
// and nothing that a decoder needs is another. Names are for people.
func (h *Header) fits(o *Header) bool {
	a, b := h.Track, o.Track
	return a.Kind == b.Kind && a.ID == b.ID && h.Timescale == o.Timescale && bytes.Equal(h.entry, o.entry)
}
