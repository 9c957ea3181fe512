package ts

import (
	"github.com/millrace-live/millrace/media"
)

var startCode = []byte{0, 0, 0, 1}

func codeH264(t *media.Track) (stream, packing, string) {
	c, ok := t.Format.(*media.AVCConfig)
	if !ok {
		return stream{}, nil, unconfigured
	}
	p := &annexB{
		delimiter: []byte{0, 0, 0, 1, media.NALDelimiter, 0xf0}, lengthSize: c.LengthSize, role: roleH264,
		sets: byteStream(c.SPS, c.PPS),
	}
	return stream{kind: 0x1b, id: idVideo}, p, ""
}

func codeHEVC(t *media.Track) (stream, packing, string) {
	c, ok := t.Format.(*media.HEVCConfig)
	if !ok {
		return stream{}, nil, unconfigured
	}
	p := &annexB{
		delimiter: []byte{0, 0, 0, 1, media.HEVCNALDelimiter << 1, 1, 0x50}, lengthSize: c.LengthSize, role: roleHEVC,
		sets: byteStream(c.VPS, c.SPS, c.PPS, c.SEI),
	}
	return stream{kind: 0x24, id: idVideo, descriptors: registration("HEVC")}, p, ""
}

// byteStream is a byte stream of NAL units (annex B of H.264 and H.265).
func byteStream(units ...[][]byte) (b []byte) {
	for _, list := range units {
		for _, nal := range list {
			b = append(append(b, startCode...), nal...)
		}
	}
	return b
}

// role is what a NAL unit is to the packing.
type role uint8

const (
	coded     role = iota
	parameter      // a sequence parameter set
	dropped
)

// The end of a sequence is no news to a decoder that goes on with a key frame, and
// filler is no news at all; delimiters are written anew.
func roleH264(nal []byte) role {
	const endOfSequence, endOfStream = 10, 11
	switch media.NALType(nal) {
	case media.NALSPS:
		return parameter
	case media.NALDelimiter, media.NALFiller, endOfSequence, endOfStream:
		return dropped
	}
	return coded
}

func roleHEVC(nal []byte) role {
	const endOfSequence, endOfStream = 36, 37
	switch media.HEVCNALType(nal) {
	case media.HEVCNALSPS:
		return parameter
	case media.HEVCNALDelimiter, media.HEVCNALFiller, endOfSequence, endOfStream:
		return dropped
	}
	return coded
}

// annexB is pictures as a byte stream: each access unit with a delimiter in front
// (§2.14.1, §2.17.1), key frames with the parameter sets.
type annexB struct {
	delimiter  []byte
	lengthSize int
	role       func(nal []byte) role
	sets       []byte
}

func (a *annexB) pack(pieces [][]byte, f *media.Frame) [][]byte {
	none := len(pieces)
	pieces = append(pieces, a.delimiter)
	// A frame's own parameter sets may be newer.
	if f.IsKey() && len(a.sets) > 0 && !a.bringsSets(f.Payload) {
		pieces = append(pieces, a.sets)
	}
	empty := len(pieces)
	for nal := range media.NALUnits(f.Payload, a.lengthSize) {
		if a.role(nal) != dropped {
			pieces = append(pieces, startCode, nal)
		}
	}
	if len(pieces) == empty {
		return pieces[:none]
	}
	return pieces
}

func (a *annexB) bringsSets(accessUnit []byte) bool {
	for nal := range media.NALUnits(accessUnit, a.lengthSize) {
		if a.role(nal) == parameter {
			return true
		}
	}
	return false
}
