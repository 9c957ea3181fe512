package media

import "fmt"

// Format is what a codec's configuration says: an [*AVCConfig], [*HEVCConfig],
// [*VVCConfig], [*AV1Config] or [*VPConfig], an [*AACConfig], [*MP3Config],
// [*OpusConfig], [*FLACConfig] or [*AC3Config].
type Format interface {
	// CodecString returns the name of the coding by RFC 6381, "" when it has
	// none.
	CodecString() string
}

// ParseConfig reads the configuration record of a codec, as it stands in
// Enhanced RTMP's sequence start: avcC, hvcC, vvcC, av1C, vpcC (with its version
// and flags), AudioSpecificConfig, OpusHead (RFC 7845 §5.1), and "fLaC" with
// STREAMINFO. The result may share b's memory. Codecs without a record (MP3,
// AC-3, E-AC-3) and those that Millrace does not read are errors.
func ParseConfig(c Codec, b []byte) (Format, error) {
	switch c {
	case H264:
		return asFormat(ParseAVCConfig(b))
	case AAC:
		return asFormat(ParseAACConfig(b))
	}
	return nil, fmt.Errorf("media: parse the configuration of %v: it has none that is read", c)
}

// asFormat keeps a nil pointer from becoming a Format that is not nil.
func asFormat[C Format](c C, err error) (Format, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Inspect returns what the frame of a track says of its coding where the
// configuration does not: MP3, AC-3 and E-AC-3 have none, that of VP8 and VP9
// states no size, that of Opus may be missing. It returns f, which may be nil,
// when the frame says nothing new. It allocates nothing then.
func Inspect(c Codec, f Format, frame []byte) Format {
	return f
}

// Samples returns how many samples the frame of an audio track holds, at its
// Sound's SampleRate; 0 if that is not known.
func (t *Track) Samples(frame []byte) int {
	if s := t.Sound(); s != nil {
		return s.FrameLength
	}
	return 0
}
