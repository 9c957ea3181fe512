package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// FLACConfig is the STREAMINFO of a FLAC stream (RFC 9639 §8.2).
type FLACConfig struct {
	Sound
	BitDepth uint8 // of a sample of the sound
	// MinBlock and MaxBlock bound the samples of a frame. Where they are the
	// same, all frames but the last have as many.
	MinBlock, MaxBlock int
	// StreamInfo is the metadata block without its header.
	StreamInfo [streamInfoSize]byte
}

const streamInfoSize = 34

var flacMagic = []byte("fLaC")

// ParseFLACConfig reads "fLaC" and a metadata block of STREAMINFO; the mark may
// be missing. What stands behind is passed over.
func ParseFLACConfig(b []byte) (*FLACConfig, error) {
	c, err := parseFLACConfig(b)
	if err != nil {
		return nil, fmt.Errorf("media: parse FLAC's STREAMINFO: %w", err)
	}
	return c, nil
}

func parseFLACConfig(b []byte) (*FLACConfig, error) {
	b = bytes.TrimPrefix(b, flacMagic)
	const blockHeader = 4
	if len(b) < blockHeader+streamInfoSize {
		return nil, io.ErrUnexpectedEOF
	}
	if b[0]&0x7f != 0 || b[1] != 0 || b[2] != 0 || b[3] != streamInfoSize {
		return nil, errors.New("the first metadata block is another one")
	}
	c := &FLACConfig{StreamInfo: [streamInfoSize]byte(b[blockHeader:])}
	r := &bits{b: c.StreamInfo[:]}
	c.MinBlock, c.MaxBlock = int(r.read(16)), int(r.read(16))
	r.skip(24 + 24) // frame sizes
	c.SampleRate = int(r.read(20))
	c.OutputSampleRate = c.SampleRate
	c.Channels, c.BitDepth = int(r.read(3))+1, uint8(r.read(5))+1
	if c.SampleRate == 0 {
		return nil, errors.New("sample rate is 0")
	}
	return c, nil
}

// Append appends the mark and the metadata block to dst.
func (c *FLACConfig) Append(dst []byte) []byte {
	const last = 0x80
	dst = append(append(dst, flacMagic...), last, 0, 0, streamInfoSize)
	return append(dst, c.StreamInfo[:]...)
}

// CodecString returns "fLaC", the name of the sample entry.
func (c *FLACConfig) CodecString() string { return "fLaC" }

// samples returns how many samples a frame holds, from its header (RFC 9639
// §9.1): 0 for one that is damaged.
func (c *FLACConfig) samples(frame []byte) int {
	if len(frame) < 5 || frame[0] != 0xff || frame[1]>>1 != 0x7c {
		return 0
	}
	coded := 1 // bytes of the frame or sample number, in the manner of UTF-8
	for mask := byte(0x80); frame[4]&mask != 0 && mask > 1; mask >>= 1 {
		coded++
	}
	coded = max(coded-1, 1)
	behind := frame[min(4+coded, len(frame)):]
	switch size := int(frame[2] >> 4); {
	case size == 1:
		return 192
	case size >= 2 && size <= 5:
		return 144 << size
	case size == 6 && len(behind) >= 1:
		return int(behind[0]) + 1
	case size == 7 && len(behind) >= 2:
		return int(behind[0])<<8 + int(behind[1]) + 1
	case size >= 8:
		return 1 << size
	}
	return 0
}
