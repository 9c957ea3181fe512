package mp4

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/millrace-live/millrace/media"
)

// maxEntry bounds what is read of a sample entry: parameter sets and
// descriptors take some hundred bytes.
const maxEntry = 64 << 10

// coding is how a kind of sample entry says what its samples are.
type coding struct {
	codec media.Codec
	// box holds the decoder's configuration; "" where the samples say all of it.
	box string
	// record makes of the box's body what [media.ParseConfig] reads; nil leaves
	// it as it is.
	record func([]byte) []byte
	// inBand is set where the parameter sets may stand in the samples alone.
	inBand bool
}

// codings are the sample entries that are read. What cmaf writes is among them.
var codings = map[string]coding{
	"avc1": {codec: media.H264, box: "avcC"},
	"avc3": {codec: media.H264, box: "avcC", inBand: true},
	"hvc1": {codec: media.HEVC, box: "hvcC"},
	"hev1": {codec: media.HEVC, box: "hvcC", inBand: true},
	"vvc1": {codec: media.VVC, box: "vvcC"},
	"vvi1": {codec: media.VVC, box: "vvcC"},
	"av01": {codec: media.AV1, box: "av1C"},
	"vp08": {codec: media.VP8, box: "vpcC"},
	"vp09": {codec: media.VP9, box: "vpcC"},
	"Opus": {codec: media.Opus, box: "dOps", record: opusHead},
	"fLaC": {codec: media.FLAC, box: "dfLa", record: flacHead},
	"ac-3": {codec: media.AC3},
	"ec-3": {codec: media.EAC3},
	".mp3": {codec: media.MP3}, // QuickTime's
}

// entry reads a sample entry (§8.5.2). It returns a reason where the track
// cannot be read.
func (f *file) entry(b box, kind media.Kind) (t *media.Track, reason string, err error) {
	const visual = 78 // §12.1.3
	if b.kind == "encv" || b.kind == "enca" {
		return nil, "is encrypted", nil
	}
	where := b
	if where.body += visual; kind == media.Audio {
		if where, err = f.soundEntry(b); err != nil {
			return nil, "", err
		}
	}
	if b.kind == "mp4a" && kind == media.Audio {
		return f.elementaryStream(where)
	}
	c, ok := codings[b.kind]
	if !ok || kind != kindOf(c.codec) {
		return nil, "has a codec that is not known here", nil
	}
	t = &media.Track{Kind: kind, Codec: c.codec}
	if c.box != "" {
		if t.Config, err = f.config(where, c); err != nil {
			return nil, "", err
		}
		if t.Config == nil {
			return nil, "has no decoder configuration", nil
		}
		t.Format, err = media.ParseConfig(c.codec, t.Config)
		if err != nil && !c.inBand {
			return nil, "has a decoder configuration that cannot be read", nil
		}
	}
	if kind == media.Video {
		t.Color, err = f.color(where)
	}
	return t, "", err
}

func kindOf(c media.Codec) media.Kind {
	if c >= media.AAC {
		return media.Audio
	}
	return media.Video
}

// config reads the configuration of a decoder; nil if there is none.
func (f *file) config(where box, c coding) ([]byte, error) {
	b, ok, err := f.find(where, c.box)
	if err != nil || !ok || b.size() > maxEntry {
		return nil, err
	}
	p := make([]byte, b.size())
	if err := f.read(p, b.body); err != nil {
		return nil, err
	}
	switch {
	case c.record != nil:
		return c.record(p), nil
	case c.box == "vvcC" && len(p) >= 4:
		return p[4:], nil // behind the version and flags of a FullBox
	}
	return p, nil
}

// opusHead makes the header of RFC 7845 §5.1 of a dOps, which has the same
// fields in network byte order (Encapsulation of Opus in ISO Base Media File
// Format §4.3.2).
func opusHead(p []byte) []byte {
	const fixed = 11
	if len(p) < fixed {
		return nil
	}
	b := append([]byte("OpusHead"), 1, p[1])
	b = binary.LittleEndian.AppendUint16(b, binary.BigEndian.Uint16(p[2:]))
	b = binary.LittleEndian.AppendUint32(b, binary.BigEndian.Uint32(p[4:]))
	b = binary.LittleEndian.AppendUint16(b, binary.BigEndian.Uint16(p[8:]))
	return append(b, p[10:]...)
}

// flacHead makes the head of a FLAC stream of a dfLa: the first of its metadata
// blocks, which is STREAMINFO (Encapsulation of FLAC in ISO Base Media File
// Format §3.3.2).
func flacHead(p []byte) []byte {
	const fullBox, block = 4, 4 + 34
	if len(p) < fullBox+block {
		return nil
	}
	b := append([]byte("fLaC"), p[fullBox:fullBox+block]...)
	b[4] |= 0x80 // the last one
	return b
}

// inBand makes the configuration of a track from the parameter sets in one of
// its samples, false if they are not there.
func inBand(t *media.Track, accessUnit []byte) (*media.Track, bool) {
	lengthSize, at := 4, 4
	var wanted func(nal []byte) bool
	switch t.Codec {
	case media.H264:
		wanted = func(nal []byte) bool {
			n := media.NALType(nal)
			return n == media.NALSPS || n == media.NALPPS
		}
	case media.HEVC:
		const vps, sps, pps = 32, 33, 34
		at = 21
		wanted = func(nal []byte) bool {
			n := media.HEVCNALType(nal)
			return n == vps || n == sps || n == pps
		}
	default:
		return nil, false
	}
	if len(t.Config) > at {
		lengthSize = int(t.Config[at]&3) + 1
	}
	var stream []byte
	for nal := range media.NALUnits(accessUnit, lengthSize) {
		if len(nal) > 0 && wanted(nal) {
			stream = append(append(stream, 0, 0, 0, 1), nal...)
		}
	}
	f, err := media.ParseConfig(t.Codec, stream)
	if err != nil {
		return nil, false
	}
	made := *t
	switch c := f.(type) {
	case *media.AVCConfig:
		c.LengthSize = lengthSize
		made.Config = c.Append(nil)
	case *media.HEVCConfig:
		c.LengthSize = lengthSize
		made.Config = c.Append(nil)
	}
	made.Format = f
	return &made, true
}

// soundEntry is where the boxes in an audio sample entry lie (§12.2.3).
// QuickTime's versions 1 and 2 have more fields, and may keep the configuration
// in a box of its own.
func (f *file) soundEntry(b box) (box, error) {
	var buf [10]byte
	p, err := f.head(b, buf[:])
	if err != nil {
		return box{}, err
	}
	var fields int64
	if len(p) == len(buf) {
		fields = map[byte]int64{0: 28, 1: 28 + 16, 2: 28 + 36}[p[9]]
	}
	where := box{kind: b.kind, start: b.start, body: b.body + fields, end: b.end}
	if wave, ok, err := f.find(where, "wave"); err == nil && ok {
		where = wave
	}
	return where, nil
}

// objectTypes are the codecs of MPEG-4's descriptors (ISO/IEC 14496-1 §7.2.6.6
// and the registration authority's list).
var objectTypes = map[uint8]media.Codec{
	0x40: media.AAC, 0x66: media.AAC, 0x67: media.AAC, 0x68: media.AAC,
	0x69: media.MP3, 0x6b: media.MP3, 0xa5: media.AC3, 0xa6: media.EAC3,
}

// elementaryStream reads the sound of an mp4a entry.
func (f *file) elementaryStream(where box) (*media.Track, string, error) {
	esds, ok, err := f.find(where, "esds")
	if err != nil || !ok || esds.size() < 4 || esds.size() > maxEntry {
		return nil, "has no decoder configuration", err
	}
	descriptor := make([]byte, esds.size()-4)
	if err := f.read(descriptor, esds.body+4); err != nil {
		return nil, "", err
	}
	object, config := decoderConfig(descriptor)
	codec, ok := objectTypes[object]
	if !ok {
		return nil, fmt.Sprintf("is of object type 0x%02x", object), nil
	}
	t := &media.Track{Kind: media.Audio, Codec: codec}
	if codec != media.AAC {
		return t, "", nil
	}
	if t.Format, err = media.ParseConfig(codec, config); err != nil {
		return nil, "has a decoder configuration that cannot be read", nil //nolint:nilerr // the track is passed over
	}
	t.Config = config
	return t, "", nil
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
