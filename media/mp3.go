package media

// MP3Config is what the header of an MPEG audio frame says (ISO/IEC 11172-3
// §2.4.1.3, ISO/IEC 13818-3 §2.4.1.3). MP3 has no configuration record.
type MP3Config struct {
	Sound
	// Layer is 1 to 3.
	Layer uint8
	// MPEG2 is set for the lower sample rates of MPEG-2 and 2.5.
	MPEG2 bool
}

// CodecString returns "mp4a.40.34", the object type of layer III by which HLS
// names it, and "mp4a.40.33" and "mp4a.40.32" for the layers II and I.
func (c *MP3Config) CodecString() string {
	return [...]string{"", "mp4a.40.32", "mp4a.40.33", "mp4a.40.34"}[c.Layer]
}

// readMP3 reads the header of a frame.
func readMP3(b []byte) (c MP3Config, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return c, false
	}
	const reservedVersion, mpeg25, mpeg1 = 1, 0, 3
	version, layer, bitRate, rate := b[1]>>3&3, 4-b[1]>>1&3, b[2]>>4, b[2]>>2&3
	if version == reservedVersion || layer == 4 || bitRate == 15 || rate == 3 {
		return c, false
	}
	c.Layer, c.MPEG2 = layer, version != mpeg1
	c.SampleRate = [3]int{44100, 48000, 32000}[rate]
	switch version {
	case mpeg1:
	case mpeg25:
		c.SampleRate /= 4
	default:
		c.SampleRate /= 2
	}
	c.OutputSampleRate, c.Channels = c.SampleRate, 2
	const singleChannel = 3
	if b[3]>>6 == singleChannel {
		c.Channels = 1
	}
	switch {
	case layer == 1:
		c.FrameLength = 384
	case layer == 3 && c.MPEG2:
		c.FrameLength = 576
	default:
		c.FrameLength = 1152
	}
	return c, true
}
