package media

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// VVCConfig is an H.266 decoder configuration record, called vvcC (ISO/IEC
// 14496-15 §11.2.4.2). The pictures are known from its head alone: parameter
// sets are carried, not read.
type VVCConfig struct {
	Profile, Level uint8 // Level is 16 times the major and 3 times the minor number
	High           bool  // the High tier
	// Constraints are the frame-only and multilayer flags and the constraint
	// information behind them.
	Constraints []byte
	LengthSize  int
	// Record is the whole record, without the version and flags of its box.
	Record []byte
	Picture
}

// ParseVVCConfig reads a vvcC, with the version and flags of its box in front of
// it or without. The result shares b's memory.
func ParseVVCConfig(b []byte) (*VVCConfig, error) {
	if bytes.HasPrefix(b, make([]byte, 4)) { // a record begins with five bits that are set
		b = b[4:]
	}
	c := &VVCConfig{Record: b, Picture: unstatedPicture()}
	r := &bits{b: b}
	if r.read(5) != 0x1f {
		r.fail(errors.New("reserved bits in front are not set"))
	}
	c.LengthSize = int(r.read(2)) + 1
	if r.flag() { // ptl_present_flag
		c.readHead(r)
	}
	arrays := int(r.read(8))
	if r.err == nil {
		r.fail(checkVVCArrays(b[r.pos/8:], arrays))
	}
	if r.err != nil {
		return nil, fmt.Errorf("media: parse vvcC: %w", r.err)
	}
	return c, nil
}

func (c *VVCConfig) readHead(r *bits) {
	r.skip(9) // ols_idx
	subLayers := int(r.read(3))
	r.skip(2) // constant_frame_rate
	c.ChromaFormat = uint8(r.read(2))
	c.BitDepth = uint8(r.read(3)) + 8
	c.ChromaBitDepth = c.BitDepth
	r.skip(5 + 2)
	constraints := int(r.read(6)) // num_bytes_constraint_info
	c.Profile, c.High, c.Level = uint8(r.read(7)), r.flag(), uint8(r.read(8))
	at := r.pos / 8
	r.skip(8 * constraints)
	if r.err != nil {
		return
	}
	c.Constraints = r.b[at : at+constraints : at+constraints]
	if subLayers > 1 {
		levels := 0
		for range subLayers - 1 {
			if r.flag() { // ptl_sublayer_level_present_flag
				levels++
			}
		}
		r.align()
		r.skip(8 * levels)
	}
	r.skip(32 * int(r.read(8))) // general_sub_profile_idc
	width, height, rate := int64(r.read(16)), int64(r.read(16)), r.read(16)
	c.setSize(r, width, height)
	c.setFrameRate(r, float64(rate), 256)
}

// checkVVCArrays follows the arrays of NAL units to their end.
func checkVVCArrays(b []byte, arrays int) error {
	const optionsNAL, decodingCapabilityNAL = 12, 13
	for range arrays {
		if len(b) < 1 {
			return io.ErrUnexpectedEOF
		}
		kind, count := b[0]&0x1f, 1
		b = b[1:]
		if kind != optionsNAL && kind != decodingCapabilityNAL {
			if len(b) < 2 {
				return io.ErrUnexpectedEOF
			}
			count = int(binary.BigEndian.Uint16(b))
			b = b[2:]
		}
		var err error
		if _, b, err = cutParameterSets(b, count); err != nil {
			return err
		}
	}
	return nil
}

// CodecString returns the name by ISO/IEC 14496-15 annex E, such as
// "vvc1.1.L51.CQA"; sub-profiles and layer sets are left out.
func (c *VVCConfig) CodecString() string {
	tier := 'L'
	if c.High {
		tier = 'H'
	}
	s := fmt.Sprintf("vvc1.%d.%c%d", c.Profile, tier, c.Level)
	if told := bytes.TrimRight(c.Constraints, "\x00"); len(told) > 0 {
		s += ".C" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(told)
	}
	return s
}

// Append appends the record to dst.
func (c *VVCConfig) Append(dst []byte) []byte { return append(dst, c.Record...) }
