package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// AVCConfig is an H.264 decoder configuration record, called avcC (ISO/IEC
// 14496-15 §5.3.3.1), with what its first SPS says.
type AVCConfig struct {
	// Profile, Compat and Level are the three bytes of the SPS that name what a
	// decoder must be able to do. (Where the record's own copies differ, the
	// SPS is right: decoders read that.)
	Profile, Compat, Level uint8
	// LengthSize is how many bytes the length in front of each NAL unit of a
	// frame takes: 4 from nearly every encoder.
	LengthSize int
	// SPS and PPS are whole NAL units, header byte and emulation prevention
	// included. There is at least one SPS.
	SPS, PPS [][]byte
	Picture
}

// ParseAVCConfig reads an avcC. It is lenient where encoders are loose: the
// tail that High profiles should have may be missing, reserved bits may be
// anything, the PPS may be absent, and the parameter sets may come as an Annex
// B byte stream in place of a record. The result shares b's memory.
func ParseAVCConfig(b []byte) (*AVCConfig, error) {
	c, err := parseAVCConfig(b)
	if err != nil {
		return nil, fmt.Errorf("media: parse avcC: %w", err)
	}
	sps, err := ParseSPS(c.SPS[0])
	if err != nil {
		return nil, err
	}
	c.Profile, c.Compat, c.Level, c.Picture = sps.Profile, sps.Compat, sps.Level, sps.Picture
	return c, nil
}

func parseAVCConfig(b []byte) (*AVCConfig, error) {
	c := &AVCConfig{LengthSize: 4}
	if hasStartCode(b) {
		for nal := range annexBUnits(b) {
			switch t := NALType(nal); {
			case len(nal) > 0xffff:
				return nil, fmt.Errorf("parameter set of %d bytes", len(nal))
			case t == NALSPS:
				c.SPS = append(c.SPS, nal)
			case t == NALPPS:
				c.PPS = append(c.PPS, nal)
			}
		}
	} else {
		if len(b) < 6 {
			return nil, io.ErrUnexpectedEOF
		}
		if b[0] != 1 {
			return nil, fmt.Errorf("version is %d, not 1", b[0])
		}
		c.LengthSize = int(b[4]&3) + 1
		var err error
		rest := b[6:]
		if c.SPS, rest, err = cutParameterSets(rest, int(b[5]&0x1f)); err != nil {
			return nil, fmt.Errorf("SPS: %w", err)
		}
		if len(rest) > 0 {
			if c.PPS, _, err = cutParameterSets(rest[1:], int(rest[0])); err != nil {
				return nil, fmt.Errorf("PPS: %w", err)
			}
		}
	}
	// As many as the record has room to count and measure, for Append.
	switch {
	case len(c.SPS) == 0:
		return nil, errors.New("no SPS")
	case len(c.SPS) > 31 || len(c.PPS) > 255:
		return nil, fmt.Errorf("%d SPS and %d PPS are too many", len(c.SPS), len(c.PPS))
	}
	return c, nil
}

func cutParameterSets(b []byte, n int) (sets [][]byte, rest []byte, err error) {
	for range n {
		nal, after, ok := cutNAL(b, 2)
		if !ok {
			return nil, nil, io.ErrUnexpectedEOF
		}
		if len(nal) > 0 {
			sets = append(sets, nal)
		}
		b = after
	}
	return sets, b, nil
}

// CodecString returns the RFC 6381 name, such as "avc1.64001f".
func (c *AVCConfig) CodecString() string {
	return fmt.Sprintf("avc1.%02x%02x%02x", c.Profile, c.Compat, c.Level)
}

// Append appends the record to dst in its strict form, with the tail that the
// profile calls for.
func (c *AVCConfig) Append(dst []byte) []byte {
	dst = append(dst, 1, c.Profile, c.Compat, c.Level, 0xfc|byte(c.LengthSize-1), 0xe0|byte(len(c.SPS)))
	dst = appendParameterSets(dst, c.SPS)
	dst = append(dst, byte(len(c.PPS)))
	dst = appendParameterSets(dst, c.PPS)
	switch c.Profile {
	case 66, 77, 88:
		return dst
	}
	return append(dst, 0xfc|c.ChromaFormat, 0xf8|(c.BitDepth-8), 0xf8|(c.ChromaBitDepth-8), 0)
}

func appendParameterSets(dst []byte, sets [][]byte) []byte {
	for _, nal := range sets {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(nal)))
		dst = append(dst, nal...)
	}
	return dst
}
