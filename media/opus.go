package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// OpusConfig is an Opus identification header, called OpusHead (RFC 7845 §5.1).
type OpusConfig struct {
	Sound // SampleRate is 48,000 whatever was put in: decoders count so
	// PreSkip is how many samples at 48 kHz to drop at the very start.
	PreSkip uint16
	// InputSampleRate is what was put into the encoder, for display; 0 when it
	// is not stated.
	InputSampleRate uint32
	Gain            int16 // Q7.8 dB to apply
	// Family says what the channels are: 0 mono or stereo, 1 the order of Vorbis
	// up to 7.1, 2 and 3 ambisonics, 255 nothing.
	Family uint8
	// Streams, Coupled and Mapping lead from coded streams to channels in
	// families other than 0.
	Streams, Coupled uint8
	Mapping          []byte
}

var opusMagic = []byte("OpusHead")

// NewOpusConfig returns what is to be assumed of a stream that came without a
// header (Enhanced RTMP allows that): the streams that a usual encoder makes of
// so many channels. It fails for more than eight, which have no usual mapping.
func NewOpusConfig(channels int) (*OpusConfig, error) {
	if channels < 1 || channels > len(opusMappings) {
		return nil, fmt.Errorf("media: assume an Opus header: no mapping of %d channels", channels)
	}
	// The lookahead of libopus at 48 kHz.
	c := &OpusConfig{Sound: opusSound(channels), PreSkip: 312, Streams: 1, Coupled: uint8(channels - 1)}
	if m := opusMappings[channels-1]; m.mapping != "" {
		c.Family, c.Streams, c.Coupled, c.Mapping = 1, m.streams, m.coupled, []byte(m.mapping)
	}
	return c, nil
}

// opusMappings are the usual streams of 3 to 8 channels, in the order of RFC
// 7845 §5.1.1.2. Of the pairs of left and right, that at the back of 6.1 alone is
// not coupled, there being none.
var opusMappings = [8]struct {
	streams, coupled uint8
	mapping          string
}{
	2: {2, 1, "\x00\x02\x01"},
	3: {2, 2, "\x00\x01\x02\x03"},
	4: {3, 2, "\x00\x04\x01\x02\x03"},
	5: {4, 2, "\x00\x04\x01\x02\x03\x05"},
	6: {5, 2, "\x00\x04\x01\x02\x03\x05\x06"},
	7: {5, 3, "\x00\x06\x01\x02\x03\x04\x05\x07"},
}

func opusSound(channels int) Sound {
	const rate = 48000
	return Sound{SampleRate: rate, OutputSampleRate: rate, Channels: channels}
}

// ParseOpusConfig reads an OpusHead. The result shares b's memory.
func ParseOpusConfig(b []byte) (*OpusConfig, error) {
	c, err := parseOpusConfig(b)
	if err != nil {
		return nil, fmt.Errorf("media: parse OpusHead: %w", err)
	}
	return c, nil
}

func parseOpusConfig(b []byte) (*OpusConfig, error) {
	const head = 19
	if len(b) < head {
		return nil, io.ErrUnexpectedEOF
	}
	if !bytes.HasPrefix(b, opusMagic) {
		return nil, errors.New("it does not begin with OpusHead")
	}
	if b[8]>>4 != 0 { // other minor versions can be read (§5.1)
		return nil, fmt.Errorf("version is %d", b[8])
	}
	channels := int(b[9])
	c := &OpusConfig{
		Sound: opusSound(channels), PreSkip: binary.LittleEndian.Uint16(b[10:]),
		InputSampleRate: binary.LittleEndian.Uint32(b[12:]), Gain: int16(binary.LittleEndian.Uint16(b[16:])),
		Family: b[18], Streams: 1,
	}
	if channels == 0 {
		return nil, errors.New("there are no channels")
	}
	if c.Family == 0 {
		if channels > 2 {
			return nil, fmt.Errorf("%d channels in mapping family 0", channels)
		}
		c.Coupled = uint8(channels - 1)
		return c, nil
	}
	rest := b[head:]
	if len(rest) < 2+channels {
		return nil, io.ErrUnexpectedEOF
	}
	c.Streams, c.Coupled, c.Mapping = rest[0], rest[1], rest[2:2+channels:2+channels]
	if c.Streams == 0 || c.Coupled > c.Streams || int(c.Streams)+int(c.Coupled) > 255 {
		return nil, fmt.Errorf("%d streams of which %d are coupled", c.Streams, c.Coupled)
	}
	return c, nil
}

// Append appends the header to dst.
func (c *OpusConfig) Append(dst []byte) []byte {
	dst = append(append(dst, opusMagic...), 1, byte(c.Channels))
	dst = binary.LittleEndian.AppendUint16(dst, c.PreSkip)
	dst = binary.LittleEndian.AppendUint32(dst, c.InputSampleRate)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(c.Gain))
	dst = append(dst, c.Family)
	if c.Family != 0 {
		dst = append(append(dst, c.Streams, c.Coupled), c.Mapping...)
	}
	return dst
}

// CodecString returns "Opus", the name of the sample entry.
func (c *OpusConfig) CodecString() string { return "Opus" }

// samples returns how long a packet is, at 48 kHz, from its first bytes (RFC
// 6716 §3.1, §3.2): 0 for one that is damaged. All streams of a packet are of
// one length, so that the first one says it.
func (c *OpusConfig) samples(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	var frame int
	switch config := int(packet[0] >> 3); {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		frame = [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		frame = 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		frame = 120 << (config & 3)
	}
	count := 2
	switch packet[0] & 3 {
	case 0:
		count = 1
	case 3:
		if len(packet) < 2 {
			return 0
		}
		count = int(packet[1] & 0x3f)
	}
	const longest = 5760 // 120 ms
	if n := count * frame; n <= longest {
		return n
	}
	return 0
}
