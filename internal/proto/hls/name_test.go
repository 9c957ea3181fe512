package hls

import (
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

const someID = "abcdefghijklmnopqrstuvwxyz"

func TestNames(t *testing.T) {
	for s, want := range map[string]name{
		"index.m3u8":                {},
		someID + "_video.m3u8":      {playlist, someID, window.TrackName{Kind: media.Video, ID: 0}, 0, 0},
		someID + "_audio.m3u8":      {playlist, someID, window.TrackName{Kind: media.Audio, ID: 0}, 0, 0},
		someID + "_audio_0.m4s":     {segment, someID, window.TrackName{Kind: media.Audio, ID: 0}, 0, 0},
		someID + "_video_17.m4s":    {segment, someID, window.TrackName{Kind: media.Video, ID: 0}, 17, 0},
		someID + "_video_init0.m4s": {initialization, someID, window.TrackName{Kind: media.Video, ID: 0}, 0, 0},
		someID + "_audio2.m3u8":     {playlist, someID, window.TrackName{Kind: media.Audio, ID: 2}, 0, 0},
		someID + "_video_17.3.m4s":  {part, someID, window.TrackName{Kind: media.Video, ID: 0}, 17, 3},
		someID + "_video255_9.m4s":  {segment, someID, window.TrackName{Kind: media.Video, ID: 255}, 9, 0},
	} {
		got, ok := parseName(s)
		if !ok || got != want || got.String() != s || !Matches(s) {
			t.Errorf("parseName(%q) is %+v, %v, want %+v", s, got, ok, want)
		}
	}
}

var hostileNames = []string{
	"", ".", "..", "/", "index.m3u8/", "INDEX.M3U8", "index.m3u8\x00", "../index.m3u8", "video.m3u8", "_video.m3u8",
	someID, someID + ".m3u8", someID + "_.m3u8", someID + "_data.m3u8", someID + "_video_1.m3u8", someID + "_video.m4s",
	someID + "_video_.m4s", someID + "_video_-1.m4s", someID + "_video_+1.m4s", someID + "_video_01.m4s",
	someID + "_video_1_2.m4s", someID + "_video_init.m4s", someID + "_video_init-1.m4s", someID + "_video_initinit1.m4s",
	someID + "_video_18446744073709551616.m4s", someID + "_video_1.mp4", someID + "_video_%31.m4s",
	someID + "_video0.m3u8", someID + "_video01.m3u8", someID + "_video256.m3u8", someID + "_video-1.m3u8",
	someID + "_video_1..m4s", someID + "_video_1.-1.m4s", someID + "_video_1.01.m4s", someID + "_video_.1.m4s",
	someID + "_video_1.2.3.m4s", someID + "_video_init0.1.m4s", someID + "_video_1.99999999999999999999.m4s",
	strings.Repeat("a", 1<<16) + "_video.m3u8",
}

func TestHostileNames(t *testing.T) {
	for _, s := range hostileNames {
		if got, ok := parseName(s); ok {
			t.Errorf("parseName(%.60q) is %+v", s, got)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range hostileNames {
		f.Add(s)
	}
	f.Add(someID + "_video_init0.m4s")
	f.Add(someID + "_audio_12.m4s")
	f.Add(someID + "_audio_12.0.m4s")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseName(s); ok && n.String() != s {
			t.Errorf("%q has another name, %q", s, n)
		}
	})
}
