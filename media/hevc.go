package media

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathbits "math/bits"
	"strings"
)

// HEVCConfig is an H.265 decoder configuration record, called hvcC (ISO/IEC
// 14496-15 §8.3.3.1), with what its first SPS says.
type HEVCConfig struct {
	HEVCProfile
	// LengthSize is how many bytes the length in front of each NAL unit of a
	// frame takes: 4 from nearly every encoder.
	LengthSize int
	// VPS, SPS, PPS and SEI are whole NAL units, header bytes and emulation
	// prevention included. There is at least one SPS. The SEI messages are those
	// that hold for the whole stream, such as the mastering display.
	VPS, SPS, PPS, SEI [][]byte
	Picture

	layers uint8 // temporal sub-layers
	nested bool  // sps_temporal_id_nesting_flag
}

// HEVCProfile is what a decoder must be able to do (H.265 §7.3.3, the general
// part of profile_tier_level).
type HEVCProfile struct {
	Space   uint8
	High    bool // the High tier
	Profile uint8
	// Compat has the compatibility flag of profile 0 as its highest bit.
	Compat uint32
	// Constraints are the 48 bits from general_progressive_source_flag on.
	Constraints [6]byte
	// Level is 30 times the number of the level.
	Level uint8
}

// ParseHEVCConfig reads an hvcC. It is lenient where encoders are loose: the
// version may be 0 (of the draft), arrays may have the wrong type or be empty,
// VPS and PPS may be absent, and the parameter sets may come as an Annex B byte
// stream in place of a record. What the record's head says beside the length
// size is taken from the SPS. The result shares b's memory.
func ParseHEVCConfig(b []byte) (*HEVCConfig, error) {
	c, err := parseHEVCConfig(b)
	if err != nil {
		return nil, fmt.Errorf("media: parse hvcC: %w", err)
	}
	sps, err := parseHEVCSPS(c.SPS[0])
	if err != nil {
		return nil, fmt.Errorf("media: parse hvcC: SPS: %w", err)
	}
	c.HEVCProfile, c.Picture, c.layers, c.nested = sps.HEVCProfile, sps.Picture, sps.layers, sps.nested
	for _, nal := range c.SEI {
		readHEVCLight(nal, &c.Light)
	}
	return c, nil
}

func parseHEVCConfig(b []byte) (*HEVCConfig, error) {
	c := &HEVCConfig{LengthSize: 4}
	if hasStartCode(b) {
		for nal := range annexBUnits(b) {
			if err := c.add(nal); err != nil {
				return nil, err
			}
		}
	} else {
		const head = 23
		if len(b) < head {
			return nil, io.ErrUnexpectedEOF
		}
		if b[0] > 1 {
			return nil, fmt.Errorf("version is %d, not 1", b[0])
		}
		c.LengthSize = int(b[21]&3) + 1
		rest := b[head:]
		for range b[22] {
			if len(rest) < 3 {
				return nil, io.ErrUnexpectedEOF
			}
			sets, after, err := cutParameterSets(rest[3:], int(binary.BigEndian.Uint16(rest[1:])))
			if err != nil {
				return nil, err
			}
			for _, nal := range sets {
				if err := c.add(nal); err != nil {
					return nil, err
				}
			}
			rest = after
		}
	}
	if len(c.SPS) == 0 {
		return nil, errors.New("no SPS")
	}
	return c, nil
}

// add puts a NAL unit where its own type says that it belongs.
func (c *HEVCConfig) add(nal []byte) error {
	var list *[][]byte
	switch HEVCNALType(nal) {
	case HEVCNALVPS:
		list = &c.VPS
	case HEVCNALSPS:
		list = &c.SPS
	case HEVCNALPPS:
		list = &c.PPS
	case HEVCNALSEI:
		list = &c.SEI
	default:
		return nil
	}
	// No stream needs more than 64 of them (the PPS of §7.4.3.3.1).
	if len(*list) == 64 {
		return errors.New("more than 64 NAL units of one type")
	}
	if len(nal) > 0xffff {
		return fmt.Errorf("parameter set of %d bytes", len(nal))
	}
	*list = append(*list, nal)
	return nil
}

// CodecString returns the RFC 6381 name, such as "hvc1.1.6.L93.B0" (ISO/IEC
// 14496-15 annex E.3).
func (c *HEVCConfig) CodecString() string {
	var s strings.Builder
	s.WriteString("hvc1.")
	if c.Space > 0 {
		s.WriteByte('A' + c.Space - 1)
	}
	tier := 'L'
	if c.High {
		tier = 'H'
	}
	fmt.Fprintf(&s, "%d.%X.%c%d", c.Profile, mathbits.Reverse32(c.Compat), tier, c.Level)
	for _, b := range bytes.TrimRight(c.Constraints[:], "\x00") {
		fmt.Fprintf(&s, ".%s", strings.ToUpper(hex.EncodeToString([]byte{b})))
	}
	return s.String()
}

// Append appends the record to dst in its strict form: with every parameter
// set in its array and the arrays complete, as the sample entry "hvc1" asks.
func (c *HEVCConfig) Append(dst []byte) []byte {
	dst = append(dst, 1)
	dst = c.HEVCProfile.append(dst)
	dst = append(dst, 0xf0, 0, 0xfc, 0xfc|c.ChromaFormat, 0xf8|min(c.BitDepth-8, 7), 0xf8|min(c.ChromaBitDepth-8, 7), 0, 0)
	flags := c.layers<<3 | byte(c.LengthSize-1)
	if c.nested {
		flags |= 4
	}
	arrays := []struct {
		kind uint8
		nals [][]byte
	}{{HEVCNALVPS, c.VPS}, {HEVCNALSPS, c.SPS}, {HEVCNALPPS, c.PPS}, {HEVCNALSEI, c.SEI}}
	count := byte(0)
	for _, a := range arrays {
		if len(a.nals) > 0 {
			count++
		}
	}
	dst = append(dst, flags, count)
	const complete = 0x80
	for _, a := range arrays {
		if len(a.nals) == 0 {
			continue
		}
		kind := a.kind
		if kind != HEVCNALSEI { // others may stand among the frames
			kind |= complete
		}
		dst = append(dst, kind)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(a.nals)))
		dst = appendParameterSets(dst, a.nals)
	}
	return dst
}

func (p *HEVCProfile) append(dst []byte) []byte {
	head := p.Space<<6 | p.Profile
	if p.High {
		head |= 1 << 5
	}
	dst = append(dst, head)
	dst = binary.BigEndian.AppendUint32(dst, p.Compat)
	dst = append(dst, p.Constraints[:]...)
	return append(dst, p.Level)
}
