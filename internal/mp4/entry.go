package mp4

import (
	"fmt"
	"strings"

	"github.com/millrace-live/millrace/media"
)

// maxEntry bounds what is read of a sample entry: parameter sets and
// descriptors take some hundred bytes.
const maxEntry = 64 << 10

// entry reads a sample entry (§8.5.2). It returns a reason where the track
// cannot be read.
func (f *file) entry(b box, kind media.Kind) (t *media.Track, reason string, err error) {
	switch b.kind {
	case "encv", "enca":
		return nil, "is encrypted", nil
	case "avc1", "avc3":
		if kind == media.Video {
			return f.avcEntry(b)
		}
	case "mp4a":
		if kind == media.Audio {
			return f.aacEntry(b)
		}
	}
	return nil, "is neither H.264 nor AAC", nil
}

func (f *file) avcEntry(b box) (*media.Track, string, error) {
	const visual = 78 // §12.1.3
	avcC, ok, err := f.find(box{kind: b.kind, start: b.start, body: b.body + visual, end: b.end}, "avcC")
	if err != nil || !ok || avcC.size() > maxEntry {
		return nil, "has no decoder configuration", err
	}
	config := make([]byte, avcC.size())
	if err := f.read(config, avcC.body); err != nil {
		return nil, "", err
	}
	t := &media.Track{Kind: media.Video, Codec: media.H264, Config: config}
	// An avc3 may have all its parameter sets in the stream: see inBand.
	avc, err := media.ParseAVCConfig(config)
	switch {
	case err == nil:
		t.Format = avc
	case b.kind != "avc3":
		return nil, "has a decoder configuration that cannot be read", nil
	}
	return t, "", nil
}

// inBand makes the configuration of an avc3 track from the parameter sets in
// its first sample, false if they are not there.
func inBand(t *media.Track, accessUnit []byte) (*media.Track, bool) {
	lengthSize := 4
	if len(t.Config) > 4 {
		lengthSize = int(t.Config[4]&3) + 1
	}
	avc := media.AVCConfig{LengthSize: lengthSize}
	for nal := range media.NALUnits(accessUnit, lengthSize) {
		switch media.NALType(nal) {
		case media.NALSPS:
			avc.SPS = append(avc.SPS, nal)
		case media.NALPPS:
			avc.PPS = append(avc.PPS, nal)
		}
	}
	if len(avc.SPS) == 0 || len(avc.SPS) > 31 || len(avc.PPS) > 255 {
		return nil, false
	}
	sps, err := media.ParseSPS(avc.SPS[0])
	if err != nil {
		return nil, false
	}
	avc.Profile, avc.Compat, avc.Level, avc.Picture = sps.Profile, sps.Compat, sps.Level, sps.Picture
	config := avc.Append(nil)
	parsed, err := media.ParseAVCConfig(config)
	if err != nil {
		return nil, false
	}
	return &media.Track{Kind: t.Kind, Codec: t.Codec, Config: config, Format: parsed}, true
}

func (f *file) aacEntry(b box) (*media.Track, string, error) {
	var buf [10]byte
	p, err := f.head(b, buf[:])
	if err != nil || len(p) < len(buf) {
		return nil, "has no decoder configuration", err
	}
	// QuickTime's versions 1 and 2 have more fields, and may keep the
	// configuration in a box of its own.
	fields := map[byte]int64{0: 28, 1: 28 + 16, 2: 28 + 36}[p[9]]
	where := box{kind: b.kind, start: b.start, body: b.body + fields, end: b.end}
	if wave, ok, err := f.find(where, "wave"); err == nil && ok {
		where = wave
	}
	esds, ok, err := f.find(where, "esds")
	if err != nil || !ok || esds.size() < 4 || esds.size() > maxEntry {
		return nil, "has no decoder configuration", err
	}
	descriptor := make([]byte, esds.size()-4)
	if err := f.read(descriptor, esds.body+4); err != nil {
		return nil, "", err
	}
	object, config := decoderConfig(descriptor)
	switch object {
	case 0x40, 0x66, 0x67, 0x68: // MPEG-4 and MPEG-2 AAC
	case 0x69, 0x6b:
		return nil, "is MP3", nil
	default:
		return nil, fmt.Sprintf("is of object type 0x%02x", object), nil
	}
	aac, err := media.ParseAACConfig(config)
	if err != nil {
		return nil, "has a decoder configuration that cannot be read", nil //nolint:nilerr // the track is passed over
	}
	return &media.Track{Kind: media.Audio, Codec: media.AAC, Config: config, Format: aac}, "", nil
}

// decoderConfig finds the object type and the decoder's own configuration in an
// elementary stream descriptor (ISO/IEC 14496-1 §7.2.6.5).
func decoderConfig(b []byte) (object uint8, config []byte) {
	const (
		esDescriptor        = 3
		decoderDescriptor   = 4
		decoderSpecificInfo = 5
	)
	c := cursor{b: b}
	for !c.short && len(c.b) > 0 {
		tag := c.u8()
		size := 0
		for range 4 {
			v := c.u8()
			size = size<<7 | int(v&0x7f)
			if v&0x80 == 0 {
				break
			}
		}
		switch tag {
		case esDescriptor: // its fields, then the others stand within it
			c.skip(2)
			flags := c.u8()
			if flags&0x80 != 0 {
				c.skip(2)
			}
			if flags&0x40 != 0 {
				c.skip(int(c.u8()))
			}
			if flags&0x20 != 0 {
				c.skip(2)
			}
		case decoderDescriptor:
			object = c.u8()
			c.skip(12)
		case decoderSpecificInfo:
			return object, c.take(size)
		default:
			c.skip(size)
		}
	}
	return object, nil
}

// Skipped is a track that is passed over.
type Skipped struct {
	ID     uint32
	Codec  string // the type of its sample entry, or of its handler
	Reason string
}

func (s Skipped) String() string {
	return fmt.Sprintf("track %d (%s) %s", s.ID, strings.TrimSpace(printable(s.Codec)), s.Reason)
}

// printable keeps what a file says from playing with a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, s)
}
