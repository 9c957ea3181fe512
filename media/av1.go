package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// AV1Config is an AV1 codec configuration record, called av1C (AV1 Codec ISO
// Media File Format Binding §2.3), with what its sequence header says.
type AV1Config struct {
	Profile, Level uint8 // seq_profile and seq_level_idx of operating point 0
	High           bool  // the High tier
	// ChromaPosition is chroma_sample_position: 0 unknown, 1 vertical, 2
	// colocated.
	ChromaPosition uint8
	// SequenceHeader is the payload of the sequence header OBU, without its
	// header; nil when the record has none, and a frame must say the rest.
	SequenceHeader []byte
	// Metadata holds the payloads of metadata OBUs about light.
	Metadata [][]byte
	Picture

	delay byte // initial_presentation_delay_present and _minus_one
}

// The OBU types that matter here (AV1 §6.2.2).
const (
	OBUSequenceHeader    = 1
	OBUTemporalDelimiter = 2
	OBUFrameHeader       = 3
	OBUMetadata          = 5
	OBUFrame             = 6
	OBUTileList          = 8
	OBUPadding           = 15
)

// ParseAV1Config reads an av1C. Its OBUs may be missing, as they may by the
// binding; then there is no size, and Inspect finds it in the first key frame.
// The result shares b's memory.
func ParseAV1Config(b []byte) (*AV1Config, error) {
	c, err := parseAV1Config(b)
	if err != nil {
		return nil, fmt.Errorf("media: parse av1C: %w", err)
	}
	return c, nil
}

func parseAV1Config(b []byte) (*AV1Config, error) {
	const head = 4
	if len(b) < head {
		return nil, io.ErrUnexpectedEOF
	}
	const markerAndVersion = 0x81
	if b[0] != markerAndVersion {
		return nil, fmt.Errorf("marker and version are %#x, not 0x81", b[0])
	}
	c := &AV1Config{
		Profile: b[1] >> 5, Level: b[1] & 0x1f, High: b[2]>>7 == 1, ChromaPosition: b[2] & 3, delay: b[3] & 0x1f,
		Picture: unstatedPicture(),
	}
	c.ReorderFrames = 0
	if b[2]&0x40 != 0 {
		c.BitDepth = 10
		if b[2]&0x20 != 0 {
			c.BitDepth = 12
		}
	}
	c.ChromaBitDepth = c.BitDepth
	c.ChromaFormat = av1Chroma(b[2]&0x10 != 0, b[2]&8 != 0, b[2]&4 != 0)
	for kind, payload := range OBUs(b[head:]) {
		if kind == OBUSequenceHeader && c.SequenceHeader == nil || kind == OBUMetadata && len(c.Metadata) < maxAV1Metadata {
			if err := c.take(kind, payload); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func av1Chroma(mono, subX, subY bool) uint8 {
	switch {
	case mono:
		return 0
	case subX && subY:
		return 1
	case subX:
		return 2
	}
	return 3
}

// take takes what an OBU says.
func (c *AV1Config) take(kind uint8, payload []byte) error {
	switch kind {
	case OBUSequenceHeader:
		h, err := parseAV1SequenceHeader(payload)
		if err != nil {
			return fmt.Errorf("sequence header: %w", err)
		}
		h.Light = c.Light
		c.Profile, c.Level, c.High, c.ChromaPosition, c.Picture = h.profile, h.level, h.high, h.chromaPosition, h.Picture
		c.SequenceHeader = payload
	case OBUMetadata:
		if isAV1Light(payload) {
			readAV1Light(payload, &c.Light)
			c.Metadata = append(c.Metadata, payload)
		}
	}
	return nil
}

// inspect returns what a temporal unit says anew: a sequence header, with the
// light told beside it.
func (c *AV1Config) inspect(unit []byte) *AV1Config {
	var header []byte
	light, told := false, 0
	for kind, payload := range OBUs(unit) {
		switch {
		case kind == OBUSequenceHeader:
			header = payload
		case kind == OBUMetadata && isAV1Light(payload) && told < maxAV1Metadata:
			told++
			light = light || !c.knows(payload)
		}
		if kind == OBUFrame || kind == OBUFrameHeader { // what matters stands in front of it
			break
		}
	}
	if header == nil || c != nil && !light && bytes.Equal(header, c.SequenceHeader) {
		return c
	}
	h, err := parseAV1SequenceHeader(header)
	if err != nil || c != nil && !light && h.says(c) {
		return c
	}
	return c.with(header, unit)
}

// knows reports whether c has that metadata.
func (c *AV1Config) knows(payload []byte) bool {
	return c != nil && slices.ContainsFunc(c.Metadata, func(m []byte) bool { return bytes.Equal(m, payload) })
}

// with returns a configuration of a header that parses and the light told in the
// same unit. It holds copies, since it outlives its frame.
func (c *AV1Config) with(header, unit []byte) *AV1Config {
	n := &AV1Config{}
	if c != nil {
		n.delay = c.delay
	}
	_ = n.take(OBUSequenceHeader, bytes.Clone(header))
	for kind, payload := range OBUs(unit) {
		if kind == OBUMetadata && len(n.Metadata) < maxAV1Metadata {
			_ = n.take(kind, bytes.Clone(payload))
		}
	}
	if c != nil && n.Metadata == nil {
		n.Metadata, n.Light = c.Metadata, c.Light
	}
	return n
}

// says reports whether the header says what c does of the pictures. Encoders
// find tools to use after they told their configuration; decoders learn of those
// from the frames anyway.
func (h *av1SequenceHeader) says(c *AV1Config) bool {
	p := h.Picture
	p.Light = c.Light
	return c.SequenceHeader != nil && h.profile == c.Profile && h.level == c.Level && h.high == c.High &&
		h.chromaPosition == c.ChromaPosition && p == c.Picture
}

// maxAV1Metadata bounds how much of what is told again and again is kept: there
// are two kinds.
const maxAV1Metadata = 2

// OBUs iterates over the types and payloads of the open bitstream units of a
// temporal unit in the low-overhead format (AV1 §5.2). It ends at the first one
// that overruns the rest; the last one may have no size.
func OBUs(b []byte) func(yield func(kind uint8, payload []byte) bool) {
	return func(yield func(uint8, []byte) bool) {
		for len(b) > 0 {
			kind, payload, size, err := cutOBU(b)
			if err != nil || !yield(kind, payload) {
				return
			}
			b = b[size:]
		}
	}
}

var errOBU = errors.New("an OBU overruns its temporal unit")

// cutOBU returns the first OBU of b and how many bytes it takes.
func cutOBU(b []byte) (kind uint8, payload []byte, size int, err error) {
	const extension, hasSize = 4, 2
	kind, size = b[0]>>3&0x0f, 1
	if b[0]&extension != 0 {
		size = 2
	}
	if len(b) < size {
		return 0, nil, 0, errOBU
	}
	if b[0]&hasSize == 0 {
		return kind, b[size:], len(b), nil
	}
	n, length := leb128(b[size:])
	if length == 0 || n > uint64(len(b)-size-length) {
		return 0, nil, 0, errOBU
	}
	size += length
	return kind, b[size : size+int(n) : size+int(n)], size + int(n), nil
}

// leb128 reads a number of at most eight bytes (AV1 §4.10.5); its length is 0
// where there is none.
func leb128(b []byte) (v uint64, length int) {
	for i, c := range b[:min(len(b), 8)] {
		v |= uint64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

func appendLEB128(dst []byte, v int) []byte {
	for ; v > 0x7f; v >>= 7 {
		dst = append(dst, byte(v)|0x80)
	}
	return append(dst, byte(v))
}

// CodecString returns the name by the binding's section 5, such as
// "av01.0.08M.08", with colours where they are not those of BT.709 or any other
// default.
func (c *AV1Config) CodecString() string {
	tier := 'M'
	if c.High {
		tier = 'H'
	}
	s := fmt.Sprintf("av01.%d.%02d%c.%02d", c.Profile, c.Level, tier, c.BitDepth)
	color := c.Color
	plain := (color == unstatedColor || color == Color{Primaries: 1, Transfer: 1, Matrix: 1}) && c.ChromaFormat == 1
	if plain {
		return s
	}
	// The name has no word for unstated: its defaults are those of BT.709.
	mono, x, y, position := 0, 0, 0, c.ChromaPosition
	switch c.ChromaFormat {
	case 0:
		mono, x, y = 1, 1, 1
	case 1:
		x, y = 1, 1
	case 2:
		x = 1
	}
	if x == 0 || y == 0 {
		position = 0
	}
	full := 0
	if color.FullRange {
		full = 1
	}
	return s + fmt.Sprintf(".%d.%d%d%d.%02d.%02d.%02d.%d", mono, x, y, position,
		color.Primaries, color.Transfer, color.Matrix, full)
}

// Append appends the record to dst, with the sequence header and the metadata
// as OBUs that have sizes.
func (c *AV1Config) Append(dst []byte) []byte {
	flags := c.ChromaPosition
	for _, f := range []struct {
		set bool
		bit byte
	}{
		{c.High, 0x80},
		{c.BitDepth > 8, 0x40},
		{c.BitDepth == 12, 0x20},
		{c.ChromaFormat == 0, 0x10},
		{c.ChromaFormat < 3, 8},
		{c.ChromaFormat < 2, 4},
	} {
		if f.set {
			flags |= f.bit
		}
	}
	dst = append(dst, 0x81, c.Profile<<5|c.Level, flags, c.delay)
	if c.SequenceHeader != nil {
		dst = appendOBU(dst, OBUSequenceHeader, c.SequenceHeader)
	}
	for _, m := range c.Metadata {
		dst = appendOBU(dst, OBUMetadata, m)
	}
	return dst
}

func appendOBU(dst []byte, kind uint8, payload []byte) []byte {
	const hasSize = 2
	dst = append(dst, kind<<3|hasSize)
	return append(appendLEB128(dst, len(payload)), payload...)
}
