package media

import (
	"fmt"
	"io"
)

// VPConfig is the configuration of VP8 and VP9, called vpcC (VP Codec ISO Media
// File Format Binding). It does not say how large the pictures are: key frames
// do (see [Inspect]).
type VPConfig struct {
	// Codec is VP8 or VP9.
	Codec Codec
	// Profile is 0 for VP8; of VP9, 0 is 8 bits 4:2:0, 1 other 8 bits, 2 and 3
	// the same with more bits.
	Profile uint8
	// Level is ten times the number of the level (VP9 annex A), 0 when it is not
	// stated.
	Level uint8
	// ChromaPosition is vpcC's chromaSubsampling: 0 4:2:0 vertical, 1 4:2:0
	// colocated, 2 4:2:2, 3 4:4:4.
	ChromaPosition uint8
	Picture
}

// ParseVPConfig reads a vpcC, with the version and flags of its box in front of
// it or without.
func ParseVPConfig(codec Codec, b []byte) (*VPConfig, error) {
	const full, bare = 12, 8
	switch {
	case len(b) >= full && b[0] == 1 && b[1]|b[2]|b[3] == 0:
		b = b[4:]
	case len(b) == bare:
	case len(b) < full:
		return nil, fmt.Errorf("media: parse vpcC: %w", io.ErrUnexpectedEOF)
	default:
		return nil, fmt.Errorf("media: parse vpcC: version is %d, not 1", b[0])
	}
	c := newVPConfig(codec)
	c.Profile, c.Level = b[0], b[1]
	c.BitDepth, c.ChromaPosition, c.Color.FullRange = b[2]>>4, b[2]>>1&7, b[2]&1 == 1
	c.Color.Primaries, c.Color.Transfer, c.Color.Matrix = b[3], b[4], b[5]
	switch {
	case c.Profile > 3:
		return nil, fmt.Errorf("media: parse vpcC: profile is %d, above 3", c.Profile)
	case c.BitDepth != 8 && c.BitDepth != 10 && c.BitDepth != 12:
		return nil, fmt.Errorf("media: parse vpcC: bit depth is %d", c.BitDepth)
	case c.ChromaPosition > 3:
		return nil, fmt.Errorf("media: parse vpcC: chroma subsampling %d is reserved", c.ChromaPosition)
	}
	c.ChromaBitDepth = c.BitDepth
	c.ChromaFormat = max(c.ChromaPosition, 1)
	return c, nil
}

func newVPConfig(codec Codec) *VPConfig {
	c := &VPConfig{Codec: codec, ChromaPosition: 1, Picture: unstatedPicture()}
	c.ReorderFrames = 0 // hidden frames travel within those that are shown
	return c
}

// CodecString returns the name by the binding, such as "vp09.00.41.08", with
// colours where they are not the default; "vp8" for VP8, as players call it.
func (c *VPConfig) CodecString() string {
	if c.Codec == VP8 {
		return "vp8"
	}
	s := fmt.Sprintf("vp09.%02d.%02d.%02d", c.Profile, c.level(), c.BitDepth)
	if (c.Color == unstatedColor || c.Color == Color{Primaries: 1, Transfer: 1, Matrix: 1}) && c.ChromaFormat == 1 {
		return s
	}
	full := 0
	if c.Color.FullRange {
		full = 1
	}
	return s + fmt.Sprintf(".%02d.%02d.%02d.%02d.%02d", c.ChromaPosition, c.Color.Primaries, c.Color.Transfer,
		c.Color.Matrix, full)
}

// vp9Levels are the largest picture of each level and its samples a second
// (VP9 annex A).
var vp9Levels = [...]struct {
	level         uint8
	picture, rate int64
}{
	{10, 36864, 829440},
	{11, 73728, 2764800},
	{20, 122880, 4608000},
	{21, 245760, 9216000},
	{30, 552960, 20736000},
	{31, 983040, 36864000},
	{40, 2228224, 83558400},
	{41, 2228224, 160432128},
	{50, 8912896, 311951360},
	{51, 8912896, 588251136},
	{52, 8912896, 1176502272},
	{60, 35651584, 1176502272},
	{61, 35651584, 2353004544},
	{62, 35651584, 4706009088},
}

// level is what is stated, or else what the size asks of a decoder at 60 frames
// a second, since a name cannot be without one.
func (c *VPConfig) level() uint8 {
	if c.Level > 0 {
		return c.Level
	}
	picture := int64(c.Width) * int64(c.Height)
	for _, l := range vp9Levels {
		if picture <= l.picture && 60*picture <= l.rate {
			return l.level
		}
	}
	return vp9Levels[len(vp9Levels)-1].level
}

// Append appends the record to dst, behind the version and flags of its box.
func (c *VPConfig) Append(dst []byte) []byte {
	depth := c.BitDepth<<4 | c.ChromaPosition<<1
	if c.Color.FullRange {
		depth |= 1
	}
	return append(dst, 1, 0, 0, 0, c.Profile, c.level(), depth, c.Color.Primaries, c.Color.Transfer, c.Color.Matrix, 0, 0)
}

// inspect returns what a frame says that c does not.
func (c *VPConfig) inspect(codec Codec, frame []byte) *VPConfig {
	read := readVP9Key
	if codec == VP8 {
		read = readVP8Key
	}
	known := c
	if c == nil {
		known = newVPConfig(codec)
	}
	said, ok := read(frame, *known)
	if !ok || c != nil && said == *c {
		return c
	}
	n := said // it alone is on the heap
	return &n
}

// readVP8Key returns c with what the header of a VP8 key frame says (RFC 6386
// §9.1).
func readVP8Key(b []byte, c VPConfig) (VPConfig, bool) {
	if len(b) < 10 || b[0]&1 != 0 || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
		return c, false
	}
	width, height := int(b[6])|int(b[7]&0x3f)<<8, int(b[8])|int(b[9]&0x3f)<<8
	if width == 0 || height == 0 {
		return c, false
	}
	c.Width, c.Height = width, height
	return c, true
}

// readVP9Key returns c with what the uncompressed header of a VP9 key frame says
// up to its size (VP9 §6.2).
func readVP9Key(b []byte, c VPConfig) (VPConfig, bool) {
	r := bits{b: b[:min(len(b), 32)]}
	const frameMarker, syncCode, sRGB = 2, 0x498342, 7
	if r.read(2) != frameMarker {
		return c, false
	}
	profile := uint8(r.read(1) | r.read(1)<<1)
	if profile == 3 {
		r.skip(1)
	}
	shownAgain, inter := r.flag(), r.flag() // show_existing_frame, frame_type
	if shownAgain || inter {
		return c, false
	}
	r.skip(2) // show_frame, error_resilient_mode
	if r.read(24) != syncCode {
		return c, false
	}
	depth := uint8(8)
	if profile >= 2 {
		depth = 10
		if r.flag() {
			depth = 12
		}
	}
	space := r.read(3)
	full, subX, subY := true, false, false
	if space != sRGB {
		full, subX, subY = r.flag(), true, true
		if profile&1 == 1 {
			subX, subY = r.flag(), r.flag()
			r.skip(1)
		}
	} else if profile&1 == 1 {
		r.skip(1)
	}
	width, height := int(r.read(16))+1, int(r.read(16))+1
	if r.err != nil || width > maxDimension || height > maxDimension {
		return c, false
	}
	c.Profile, c.BitDepth, c.ChromaBitDepth, c.Width, c.Height = profile, depth, depth, width, height
	c.ChromaFormat = av1Chroma(false, subX, subY)
	if c.ChromaFormat > 1 {
		c.ChromaPosition = c.ChromaFormat
	} else if c.ChromaPosition > 1 {
		c.ChromaPosition = 1
	}
	// A record that speaks of colour knows more than the three bits of a frame.
	if c.Color.Primaries == Unspecified && c.Color.Transfer == Unspecified && c.Color.Matrix == Unspecified {
		c.Color = vp9Color(space)
	}
	c.Color.FullRange = full
	return c, true
}

// vp9Color returns the code points of a color_space (VP9 §7.2.2).
func vp9Color(space uint32) Color {
	switch space {
	case 1:
		return Color{Primaries: 6, Transfer: 6, Matrix: 6} // BT.601
	case 2:
		return Color{Primaries: 1, Transfer: 1, Matrix: 1} // BT.709
	case 3:
		return Color{Primaries: 6, Transfer: 6, Matrix: 6} // SMPTE 170
	case 4:
		return Color{Primaries: 7, Transfer: 7, Matrix: 7} // SMPTE 240
	case 5:
		return Color{Primaries: 9, Transfer: Unspecified, Matrix: 9} // BT.2020
	case 7:
		return Color{Primaries: 1, Transfer: 13, Matrix: 0} // sRGB
	}
	return unstatedColor
}
