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
//
// Each reader takes what encoders make of its record in practice. A
// [Track].Config is such a record as it came, so that a player gets what the
// encoder sent, but for parameter sets in an Annex B byte stream, which become a
// record. Whoever needs the strict form, for a sample entry, makes it with
// [Track.Record].
func ParseConfig(c Codec, b []byte) (Format, error) {
	switch c {
	case H264:
		return asFormat(ParseAVCConfig(b))
	case HEVC:
		return asFormat(ParseHEVCConfig(b))
	case VVC:
		return asFormat(ParseVVCConfig(b))
	case AV1:
		return asFormat(ParseAV1Config(b))
	case VP8, VP9:
		return asFormat(ParseVPConfig(c, b))
	case AAC:
		return asFormat(ParseAACConfig(b))
	case Opus:
		return asFormat(ParseOpusConfig(b))
	case FLAC:
		return asFormat(ParseFLACConfig(b))
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
// states no size, those of Opus and AV1 may be missing, and an AV1 key frame may
// bring another sequence header. It returns f, which may be nil, when the frame
// says nothing new. It allocates nothing then.
func Inspect(c Codec, f Format, frame []byte) Format {
	switch c {
	case AV1:
		known, _ := f.(*AV1Config)
		if said := known.inspect(frame); said != known {
			return said
		}
	case VP8, VP9:
		known, _ := f.(*VPConfig)
		if said := known.inspect(c, frame); said != known {
			return said
		}
	case MP3:
		known, _ := f.(*MP3Config)
		if said, ok := readMP3(frame); ok && (known == nil || said != *known) {
			n := said
			return &n
		}
	case AC3, EAC3:
		known, _ := f.(*AC3Config)
		if said := known.inspect(frame); said != known {
			return said
		}
	case Opus:
		if f == nil && len(frame) > 0 {
			// A decoder of two channels plays packets of one, and the other way
			// round there would be no stereo.
			return asKnown(NewOpusConfig(2))
		}
	}
	return f
}

func asKnown[C Format](c C, err error) Format {
	f, _ := asFormat(c, err)
	return f
}

// Record returns the configuration record of a track in its strict form: nil for
// codecs that have none, and for tracks that are carried as they came.
func (t *Track) Record() []byte {
	switch f := t.Format.(type) {
	case nil:
		return nil
	case interface{ Append(dst []byte) []byte }:
		return f.Append(nil)
	}
	return t.Config
}

// Samples returns how many samples the frame of an audio track holds, at its
// Sound's SampleRate; 0 if that is not known.
func (t *Track) Samples(frame []byte) int {
	if f, ok := t.Format.(interface{ samples(frame []byte) int }); ok {
		return f.samples(frame)
	}
	if s := t.Sound(); s != nil {
		return s.FrameLength
	}
	return 0
}
