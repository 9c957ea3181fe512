package cmaf

import (
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/millrace-live/millrace/media"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

func TestHeader(t *testing.T) {
	set := clipTracks(t)
	wide := *set.Default(media.Video)
	config := *wide.Format.(*media.AVCConfig)
	config.SARWidth, config.SARHeight = 4, 3
	config.Color = media.Color{Primaries: 1, Transfer: 1, Matrix: 1, FullRange: true}
	wide.Format = &config
	for name, track := range map[string]*media.Track{
		"video":  set.Default(media.Video),
		"audio":  set.Default(media.Audio),
		"wide":   &wide,
		"he-aac": {Kind: media.Audio, Codec: media.AAC, Config: []byte{0x2b, 0x11, 0x88, 0x00}, Format: &media.AACConfig{ObjectType: 2, Sound: media.Sound{SampleRate: 24000, OutputSampleRate: 48000, Channels: 2, FrameLength: 1024}, SBR: true}},
		"96k":    {Kind: media.Audio, Codec: media.AAC, Config: []byte{0x10, 0x10}, Format: &media.AACConfig{ObjectType: 2, Sound: media.Sound{SampleRate: 96000, OutputSampleRate: 96000, Channels: 2, FrameLength: 1024}}},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := NewHeader(track)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/header-"+name+".golden", tree(t, h.Bytes, 0))
		})
	}
}

func TestUnsupported(t *testing.T) {
	for name, track := range map[string]*media.Track{
		"codec":   {Kind: media.Video, Codec: media.HEVC, Config: []byte{1}},
		"no avcC": {Kind: media.Video, Codec: media.H264},
		"no ASC":  {Kind: media.Audio, Codec: media.AAC},
		"no size": {Kind: media.Video, Codec: media.H264, Format: &media.AVCConfig{}},
		"no rate": {Kind: media.Audio, Codec: media.AAC, Format: &media.AACConfig{Sound: media.Sound{FrameLength: 1024}}},
		"vast ASC": {
			Kind: media.Audio, Codec: media.AAC, Config: make([]byte, 600),
			Format: &media.AACConfig{Sound: media.Sound{SampleRate: 1, FrameLength: 1}},
		},
		"vast width": {
			Kind: media.Video, Codec: media.H264,
			Format: &media.AVCConfig{Picture: media.Picture{Width: 1 << 17, Height: 2}},
		},
	} {
		var unsupported *UnsupportedError
		if _, err := NewHeader(track); !errors.As(err, &unsupported) || unsupported.Error() == "" {
			t.Errorf("%s: error %v, want an UnsupportedError", name, err)
		}
	}
}
