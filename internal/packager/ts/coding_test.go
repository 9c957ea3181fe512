package ts

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/millrace-live/millrace/media"
)

func TestUnsupported(t *testing.T) {
	aac := func(config string, change func(*media.AACConfig)) *media.Track {
		b, _ := hex.DecodeString(config)
		c, err := media.ParseAACConfig(b)
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(c)
		}
		return &media.Track{Kind: media.Audio, Codec: media.AAC, Config: b, Format: c}
	}
	for name, track := range map[string]*media.Track{
		"no place":          {Kind: media.Video, Codec: media.AV1, Format: &media.AV1Config{}},
		"no place for it":   {Kind: media.Audio, Codec: media.FLAC, Format: &media.FLACConfig{}},
		"no avcC":           {Kind: media.Video, Codec: media.H264},
		"no hvcC":           {Kind: media.Video, Codec: media.HEVC},
		"no ASC":            {Kind: media.Audio, Codec: media.AAC},
		"no frame yet":      {Kind: media.Audio, Codec: media.MP3},
		"no rate":           {Kind: media.Audio, Codec: media.AC3, Format: &media.AC3Config{}},
		"xHE-AAC":           aac("1190", func(c *media.AACConfig) { c.ObjectType = 42 }),
		"strange rate":      aac("1190", func(c *media.AACConfig) { c.SampleRate = 12345 }),
		"short frames":      aac("1194", nil),
		"22.2":              aac("11e8", nil),
		"Opus of 255":       {Kind: media.Audio, Codec: media.Opus, Format: &media.OpusConfig{Sound: media.Sound{SampleRate: 48000, Channels: 4}, Family: 255}},
		"Opus of nine":      {Kind: media.Audio, Codec: media.Opus, Format: &media.OpusConfig{Sound: media.Sound{SampleRate: 48000, Channels: 9}, Family: 1}},
		"Opus out of order": {Kind: media.Audio, Codec: media.Opus, Format: &media.OpusConfig{Sound: media.Sound{SampleRate: 48000, Channels: 2}, Family: 1, Streams: 1, Coupled: 1, Mapping: []byte{1, 0}}},
	} {
		var unsupported *UnsupportedError
		if err := Check(track); !errors.As(err, &unsupported) || unsupported.Error() == "" || unsupported.Codec != track.Codec {
			t.Errorf("%s: error %v, want an UnsupportedError", name, err)
		}
	}
}

// What stands in front of a frame, by the letter.
func TestHeaders(t *testing.T) {
	aac := func(config string) *media.Track {
		b, _ := hex.DecodeString(config)
		f, err := media.ParseConfig(media.AAC, b)
		if err != nil {
			t.Fatal(err)
		}
		return &media.Track{Kind: media.Audio, Codec: media.AAC, Config: b, Format: f}
	}
	opus := func(channels int) *media.Track {
		c, err := media.NewOpusConfig(channels)
		if err != nil {
			t.Fatal(err)
		}
		return &media.Track{Kind: media.Audio, Codec: media.Opus, Format: c}
	}
	for _, c := range []struct {
		name        string
		track       *media.Track
		size        int
		head        string // of the payload
		descriptors string
	}{
		{"AAC-LC at 48 kHz, stereo", aac("1190"), 100, "fff14c800d7ffc", ""},
		{"AAC-LC at 44.1 kHz, mono", aac("1208"), 8184, "fff15043fffffc", ""},
		{"AAC, too long", aac("1208"), 8185, "", ""},
		{"HE-AAC of 24 kHz, 5.1", aac("2b31880000"), 100, "fff159800d7ffc", ""},
		{"Opus", opus(2), 286, "7fe0ff1f", "05044f7075737f028002"},
		{"Opus, a length of whole bytes", opus(1), 510, "7fe0ffff00", "05044f7075737f028001"},
		{"Opus, empty or nearly", opus(6), 1, "7fe001", "05044f7075737f028006"},
		{"Opus, too long", opus(2), longestOpus + 1, "", "05044f7075737f028002"},
	} {
		s, p, err := code(c.track)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		payload := bytes.Repeat([]byte{0x55}, c.size)
		pieces := p.pack(nil, &media.Frame{Kind: media.Audio, Payload: payload})
		got := slices.Concat(pieces...)
		if head := hex.EncodeToString(bytes.TrimSuffix(got, payload)); head != c.head || hex.EncodeToString(s.descriptors) != c.descriptors {
			t.Errorf("%s: %s, descriptors %x", c.name, head, s.descriptors)
		}
		if len(got) > 0 && !bytes.HasSuffix(got, payload) {
			t.Errorf("%s: the payload is damaged", c.name)
		}
	}
}

// Delimiters, fillers and ends of sequences go; parameter sets come once.
func TestAccessUnits(t *testing.T) {
	avc := &media.Track{Kind: media.Video, Codec: media.H264, Format: &media.AVCConfig{LengthSize: 2, SPS: [][]byte{{0x67, 1}}, PPS: [][]byte{{0x68, 2}}}}
	hevc := &media.Track{Kind: media.Video, Codec: media.HEVC, Format: &media.HEVCConfig{
		LengthSize: 4, VPS: [][]byte{{0x40, 1, 1}}, SPS: [][]byte{{0x42, 1, 2}}, PPS: [][]byte{{0x44, 1, 3}},
	}}
	for _, c := range []struct {
		name  string
		track *media.Track
		class media.Class
		in    string
		want  string // start codes are |
	}{
		{"key", avc, media.Key, "000209f0" + "00026588", "|09f0|6701|6802|6588"},
		{"key with sets", avc, media.Key, "00026709" + "00026808" + "00026588", "|09f0|6709|6808|6588"},
		{"inter", avc, media.Inter, "0002419a", "|09f0|419a"},
		{"fillers and ends", avc, media.Inter, "00020cff" + "0002419a" + "00010a" + "00010b", "|09f0|419a"},
		{"nothing else", avc, media.Key, "000209f0" + "00020cff", ""},
		{"overrun", avc, media.Inter, "0002419a" + "ffff41", "|09f0|419a"},
		{"HEVC key", hevc, media.Key, "00000003460150" + "00000003280155", "|460150|400101|420102|440103|280155"},
		{"HEVC key with sets", hevc, media.Key, "00000003400109" + "00000003420108" + "00000003280155", "|460150|400109|420108|280155"},
		{"HEVC end", hevc, media.Inter, "00000003020155" + "000000024801" + "000000024a01" + "000000034c01ff", "|460150|020155"},
	} {
		_, p, err := code(c.track)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		in, err := hex.DecodeString(c.in)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		for part := range bytes.SplitSeq(slices.Concat(p.pack(nil, &media.Frame{Kind: media.Video, Class: c.class, Payload: in})...), startCode) {
			if len(got) > 0 || len(part) > 0 {
				got = append(append(got, '|'), hex.EncodeToString(part)...)
			}
		}
		if string(got) != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
