package cmaf

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// What encoders sent by Enhanced RTMP comes out of the segments unchanged, with
// a header that FFmpeg's own files of the same have, but for what is for people.
func TestEveryCodecComesOutUnchanged(t *testing.T) {
	files, err := filepath.Glob("../../../flv/testdata/*.flv")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".flv")
		t.Run(name, func(t *testing.T) {
			frames := readClip(t, path)
			segments := pack(frames)
			headers := make(map[*Header]bool)
			for _, s := range segments {
				if headers[s.Header] {
					continue
				}
				headers[s.Header] = true
				checkLane(t, frames, segments, s.Header)
				track := s.Header.Track
				golden(t, fmt.Sprintf("testdata/%s-%s%d.golden", name, track.Kind, track.ID),
					tree(t, s.Header.Bytes, 0)+fmt.Sprintln(track.CodecString()))
			}
			if len(headers) == 0 && Check(frames[len(frames)-1].Tracks.Tracks[0]) == nil {
				t.Error("no segments")
			}
		})
	}
}

// checkLane holds the segments of one header to the frames that go with it.
func checkLane(t *testing.T, frames []*media.Frame, segments []*Segment, h *Header) {
	t.Helper()
	var in []*media.Frame
	for _, f := range frames {
		if f.Kind == h.Track.Kind && f.Track == h.Track.ID && f.Class != media.Command && f.Header == 0 {
			in = append(in, f)
		}
	}
	var out []*Segment
	for _, s := range segments {
		if s.Header == h {
			out = append(out, s)
		}
	}
	slack := time.Microsecond
	if h.Track.Kind == media.Audio {
		// Milliseconds that were rounded around the counted line.
		slack = 2 * time.Millisecond
	}
	checkTrack(t, in, out, slack)
}

func TestHeadersOfOtherCodecs(t *testing.T) {
	vp8 := media.Inspect(media.VP8, nil, []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00})
	vvc, err := media.ParseConfig(media.VVC, []byte{0xff, 0x00, 0x65, 0x5f, 1, 2, 51, 0x80, 0, 0, 1, 0x40, 0, 0xb4, 0, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	mp3 := func(header string) media.Format { return media.Inspect(media.MP3, nil, []byte(header)) }
	for name, track := range map[string]*media.Track{
		"vp8":        {Kind: media.Video, Codec: media.VP8, Format: vp8},
		"vvc":        {Kind: media.Video, Codec: media.VVC, Format: vvc},
		"mp3":        {Kind: media.Audio, Codec: media.MP3, Format: mp3("\xff\xfb\x90\x00")},
		"mp3-low":    {Kind: media.Audio, Codec: media.MP3, Format: mp3("\xff\xf3\x90\xc0")},
		"named":      {Kind: media.Audio, Codec: media.MP3, Format: mp3("\xff\xfb\x90\x00"), Name: "Kommentar", Language: "deu-CH"},
		"two-letter": {Kind: media.Audio, Codec: media.MP3, Format: mp3("\xff\xfb\x90\x00"), Language: "de"},
		"atmos": {Kind: media.Audio, Codec: media.EAC3, Format: &media.AC3Config{
			Sound: media.Sound{SampleRate: 48000, OutputSampleRate: 48000, Channels: 8, FrameLength: 1536}, Enhanced: true,
			DataRate: 768, Independent: 1, JOC: 16,
			Substreams: [8]media.AC3Substream{{ID: 16, ChannelMode: 7, LFE: true, Dependent: 1, Locations: 2}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := NewHeader(track)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/header-"+name+".golden", tree(t, h.Bytes, 0)+fmt.Sprintln(track.CodecString()))
		})
	}
}

// What an encoder says beside the bitstream goes into the header too.
func TestLight(t *testing.T) {
	track := *clipTracks(t).Default(media.Video)
	plain, err := NewHeader(&track)
	if err != nil {
		t.Fatal(err)
	}
	track.Color = &media.ColorInfo{
		Color: media.Color{Primaries: 9, Transfer: 16, Matrix: 9}, BitDepth: 10,
		Light: media.Light{
			MaxCLL: 1000, MaxFALL: 400.4,
			Mastering: &media.MasteringDisplay{
				RedX: 0.708, RedY: 0.292, GreenX: 0.17, GreenY: 0.797, BlueX: 0.131, BlueY: 0.046, WhiteX: 0.3127, WhiteY: 0.329,
				MaxLuminance: 1000, MinLuminance: 0.0001,
			},
		},
	}
	h, err := NewHeader(&track)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/header-hdr.golden", tree(t, h.Bytes, 0))
	if plain.fits(h) {
		t.Error("segments in another light go on with the same header")
	}
	named := track
	named.Name = "main"
	if other, err := NewHeader(&named); err != nil || !h.fits(other) {
		t.Errorf("a name makes another header: %v", err)
	}
}

func TestTemporalDelimitersGo(t *testing.T) {
	strip := codings[media.AV1].sample
	for in, want := range map[string]string{
		"\x12\x00\x0a\x01\x00":     "\x0a\x01\x00",
		"\x12\x00\x12\x00\x32\x00": "\x32\x00",
		"\x32\x01\x00":             "\x32\x01\x00",
		"\x12\x00":                 "\x12\x00", // nothing else: a sample cannot be empty
		"\x12":                     "\x12",
	} {
		if got := strip([]byte(in)); string(got) != want {
			t.Errorf("%x became %x, want %x", in, got, want)
		}
	}
}
