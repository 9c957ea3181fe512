package media

import (
	"errors"
	"fmt"
)

// The MPEG-4 audio object types (ISO/IEC 14496-3 table 1.17) that matter to an
// [AACConfig].
const (
	aacMain     = 1
	aacLC       = 2
	aacSSR      = 3
	aacLTP      = 4
	aacSBR      = 5
	aacScalable = 6
	twinVQ      = 7
	erAACLC     = 17
	erAACLTP    = 19
	erScalable  = 20
	erTwinVQ    = 21
	erBSAC      = 22
	erAACLD     = 23
	aacPS       = 29
	erAACELD    = 39
)

// AACConfig is an MPEG-4 AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
//
// SBR and PS are known only when the record signals them. An encoder may send
// HE-AAC with a record that says plain LC (implicit signalling); decoders find
// out from the frames, and this record does not.
type AACConfig struct {
	// ObjectType is the audio object type of the core coder: 2 for LC, also
	// beneath SBR and PS.
	ObjectType int
	Sound
	// SBR says HE-AAC, SBR and PS say HE-AAC v2.
	SBR, PS bool
}

// ParseAACConfig reads an AudioSpecificConfig, with SBR and PS signalled either
// way: explicitly (object types 5 and 29) or in the backward-compatible
// extension behind the core configuration.
func ParseAACConfig(b []byte) (*AACConfig, error) {
	r := &bits{b: b}
	c := parseAACConfig(r)
	if r.err != nil {
		return nil, fmt.Errorf("media: parse AudioSpecificConfig: %w", r.err)
	}
	return c, nil
}

func parseAACConfig(r *bits) *AACConfig {
	c := &AACConfig{Sound: Sound{FrameLength: 1024}}
	c.ObjectType = readObjectType(r)
	c.SampleRate = readSampleRate(r)
	c.OutputSampleRate = c.SampleRate
	channels := int(r.read(4))
	explicit := c.ObjectType == aacSBR || c.ObjectType == aacPS
	if explicit {
		c.SBR, c.PS = true, c.ObjectType == aacPS
		c.OutputSampleRate = readSampleRate(r)
		c.ObjectType = readObjectType(r)
		if c.ObjectType == erBSAC {
			r.skip(4) // extensionChannelConfiguration
		}
	}
	c.Channels = channelCount(channels)
	switch c.ObjectType {
	case aacMain, aacLC, aacSSR, aacLTP, aacScalable, twinVQ,
		erAACLC, erAACLTP, erScalable, erTwinVQ, erBSAC, erAACLD:
		c.parseGASpecific(r, channels == 0)
		if !explicit && c.ObjectType < erAACLC {
			c.parseExtension(*r)
		}
	case erAACELD:
		c.FrameLength = 512
		if r.flag() {
			c.FrameLength = 480
		}
	}
	if c.PS && c.Channels == 1 {
		c.Channels = 2
	}
	if r.err == nil && c.Channels == 0 {
		r.fail(fmt.Errorf("channel configuration %d names no channels", channels))
	}
	return c
}

func readObjectType(r *bits) int {
	const escape = 31
	t := int(r.read(5))
	if t == escape {
		t = 32 + int(r.read(6))
	}
	if t == 0 {
		r.fail(errors.New("audio object type is 0"))
	}
	return t
}

var aacSampleRates = [...]int{
	96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
}

func readSampleRate(r *bits) int {
	const explicit = 15
	i := int(r.read(4))
	if i < len(aacSampleRates) {
		return aacSampleRates[i]
	}
	if i != explicit {
		r.fail(fmt.Errorf("sampling frequency index %d is reserved", i))
		return 0
	}
	rate := int(r.read(24))
	if rate == 0 {
		r.fail(errors.New("sampling frequency is 0"))
	}
	return rate
}

// channelCount returns the channels of a channelConfiguration (table 1.19), 0
// for 0 (a program config element says) and for those reserved.
func channelCount(configuration int) int {
	return [16]int{1: 1, 2, 3, 4, 5, 6, 8, 11: 7, 12: 8, 13: 24, 14: 8}[configuration]
}

// parseGASpecific reads a GASpecificConfig (§4.4.1).
func (c *AACConfig) parseGASpecific(r *bits, programConfig bool) {
	short := r.flag() // frameLengthFlag
	switch {
	case c.ObjectType == erAACLD && short:
		c.FrameLength = 480
	case c.ObjectType == erAACLD:
		c.FrameLength = 512
	case short:
		c.FrameLength = 960
	}
	if r.flag() { // dependsOnCoreCoder
		r.skip(14) // coreCoderDelay
	}
	extension := r.flag()
	if programConfig {
		c.Channels = readProgramConfig(r)
	}
	if c.ObjectType == aacScalable || c.ObjectType == erScalable {
		r.skip(3) // layerNr
	}
	if extension {
		switch c.ObjectType {
		case erBSAC:
			r.skip(16) // numOfSubFrame, layer_length
		case erAACLC, erAACLTP, erScalable, erAACLD:
			r.skip(3) // resilience flags
		}
		r.skip(1) // extensionFlag3
	}
}

// readProgramConfig reads a program_config_element (§4.4.1.1) and returns its
// channels: a single one for a single_channel_element or LFE, two for a pair.
func readProgramConfig(r *bits) (channels int) {
	r.skip(4 + 2 + 4) // element_instance_tag, object_type, sampling_frequency_index
	front, side, back := int(r.read(4)), int(r.read(4)), int(r.read(4))
	lfe, associated, coupling := int(r.read(2)), int(r.read(3)), int(r.read(4))
	if r.flag() { // mono_mixdown_present
		r.skip(4)
	}
	if r.flag() { // stereo_mixdown_present
		r.skip(4)
	}
	if r.flag() { // matrix_mixdown_idx_present
		r.skip(3)
	}
	for range front + side + back {
		channels++
		if r.flag() { // is_cpe
			channels++
		}
		r.skip(4)
	}
	channels += lfe
	r.skip(4*lfe + 4*associated + 5*coupling)
	// Aligned to the start of the AudioSpecificConfig, which is where r starts.
	r.align()
	r.skip(8 * int(r.read(8))) // comment_field_data
	return channels
}

// parseExtension reads the backward-compatible signalling of SBR and PS, which
// older decoders take for padding (§1.6.5.2). Whatever else stands there is no
// error: hence a cursor of its own.
func (c *AACConfig) parseExtension(r bits) {
	const sync, syncPS = 0x2b7, 0x548
	if r.left() < 16 || r.read(11) != sync || readObjectType(&r) != aacSBR || !r.flag() {
		return
	}
	rate := readSampleRate(&r)
	if r.err != nil {
		return
	}
	c.SBR, c.OutputSampleRate = true, rate
	if r.left() >= 12 && r.read(11) == syncPS {
		c.PS = r.flag()
	}
}

// CodecString returns the RFC 6381 name: "mp4a.40.2" for LC, "mp4a.40.5" with
// SBR, "mp4a.40.29" with SBR and PS.
func (c *AACConfig) CodecString() string {
	t := c.ObjectType
	switch {
	case c.PS:
		t = aacPS
	case c.SBR:
		t = aacSBR
	}
	return fmt.Sprintf("mp4a.40.%d", t)
}
