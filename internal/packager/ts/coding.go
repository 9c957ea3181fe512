package ts

import (
	"fmt"

	"github.com/millrace-live/millrace/media"
)

// UnsupportedError says why a track is left out.
type UnsupportedError struct {
	Codec  media.Codec
	Reason string // without a configuration, for instance; "" when MPEG-TS has no place for the codec
}

func (e *UnsupportedError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("ts: %s cannot be carried in MPEG-TS", e.Codec)
	}
	return fmt.Sprintf("ts: %s track %s", e.Codec, e.Reason)
}

// stream is what the PMT says of an elementary stream, and what its PES packets
// have of it.
type stream struct {
	kind        uint8 // stream_type (table 2-34)
	id          uint8 // stream_id of its PES packets
	descriptors []byte
}

// packing makes the payload of PES packets of the access units of one track.
type packing interface {
	// pack appends the pieces of the frame's access unit. What it appends is
	// valid until its next call. Nothing is appended of a frame that cannot be
	// carried.
	pack(pieces [][]byte, f *media.Frame) [][]byte
}

// coding is how the tracks of a codec are carried.
type coding func(t *media.Track) (stream, packing, string)

// codings are the codecs that have a place in MPEG-TS which players know. VVC has
// one that none of them reads, and AV1 a draft.
var codings = map[media.Codec]coding{
	media.H264: codeH264,
	media.HEVC: codeHEVC,
	media.AAC:  codeAAC,
	media.MP3:  codeMP3,
	media.AC3:  codeAC3,
	media.EAC3: codeEAC3,
	media.Opus: codeOpus,
}

const unconfigured = "has no sequence header in a form that is understood"

// Check returns nil if the track can be carried, else an [*UnsupportedError].
func Check(t *media.Track) error {
	_, _, err := code(t)
	return err
}

func code(t *media.Track) (stream, packing, error) {
	c, ok := codings[t.Codec]
	if !ok {
		return stream{}, nil, &UnsupportedError{Codec: t.Codec}
	}
	s, p, reason := c(t)
	if s := t.Sound(); reason == "" && t.Kind == media.Audio && s.SampleRate <= 0 {
		reason = "states no sample rate"
	}
	if reason != "" {
		return stream{}, nil, &UnsupportedError{Codec: t.Codec, Reason: reason}
	}
	if t.Kind == media.Audio {
		s.descriptors = appendLanguage(s.descriptors, t.Language)
	}
	return s, p, nil
}

// registration is a registration_descriptor (§2.6.8).
func registration(format string) []byte { return append([]byte{0x05, 4}, format...) }

func codeMP3(t *media.Track) (stream, packing, string) {
	c, ok := t.Format.(*media.MP3Config)
	if !ok {
		return stream{}, nil, unconfigured
	}
	const mpeg1, mpeg2 = 0x03, 0x04
	s := stream{kind: mpeg1, id: idAudio}
	if c.MPEG2 {
		s.kind = mpeg2
	}
	return s, whole{}, ""
}

// The types of AC-3 and E-AC-3 are those of ATSC A/52 annex A and annex G, which
// HLS takes and everyone reads; DVB has them as private data.
func codeAC3(t *media.Track) (stream, packing, string) {
	if _, ok := t.Format.(*media.AC3Config); !ok {
		return stream{}, nil, unconfigured
	}
	return stream{kind: 0x81, id: idPrivate, descriptors: registration("AC-3")}, whole{}, ""
}

func codeEAC3(t *media.Track) (stream, packing, string) {
	if _, ok := t.Format.(*media.AC3Config); !ok {
		return stream{}, nil, unconfigured
	}
	return stream{kind: 0x87, id: idPrivate, descriptors: registration("EAC3")}, whole{}, ""
}

// whole carries frames as they are.
type whole struct{}

func (whole) pack(pieces [][]byte, f *media.Frame) [][]byte { return append(pieces, f.Payload) }
