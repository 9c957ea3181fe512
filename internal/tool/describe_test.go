package tool

import (
	"testing"

	"github.com/millrace-live/millrace/media"
)

func TestDescribe(t *testing.T) {
	if got := Describe(nil); got != "nothing" {
		t.Errorf("of nothing: %q", got)
	}
	s := &media.TrackSet{Tracks: []*media.Track{
		{Kind: media.Video, Codec: media.H264, Format: &media.AVCConfig{Picture: media.Picture{Width: 1280, Height: 720}}},
		{Kind: media.Video, ID: 1, Codec: media.HEVC, Name: "large", Format: &media.HEVCConfig{Picture: media.Picture{
			Width: 3840, Height: 2160, Color: media.Color{Transfer: 18},
		}}},
		{Kind: media.Video, ID: 2, Codec: media.VP9, Format: &media.VPConfig{}},
		{Kind: media.Audio, Codec: media.AAC, Format: &media.AACConfig{Sound: media.Sound{OutputSampleRate: 48000, Channels: 2}}},
		{
			Kind: media.Audio, ID: 3, Codec: media.Opus, Language: "de\x1b[2J",
			Format: &media.OpusConfig{Sound: media.Sound{OutputSampleRate: 48000, Channels: 6}},
		},
		{Kind: media.Audio, ID: 4, Codec: media.Speex},
	}}
	const want = "H.264 1280x720, HEVC 3840x2160 HLG (track 1, large), VP9 (track 2), AAC 48000 Hz, " +
		"Opus 48000 Hz 5.1 (track 3, de�[2J), Speex (track 4)"
	if got := Describe(s); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
