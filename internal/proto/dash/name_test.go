package dash

import (
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

const someID = "abcdefghijklmnopqrstuvwxyz"

func TestNames(t *testing.T) {
	for s, want := range map[string]name{
		"manifest.mpd":            {},
		"time.mpd":                {resource: clock},
		someID + "-video-0.m4s":   {initialization, someID, window.TrackName{Kind: media.Video, ID: 0}, 0, 0},
		someID + "-video-3-0.m4s": {segment, someID, window.TrackName{Kind: media.Video, ID: 0}, 3, 0},
		someID + "-audio2-0-9223372036854775807.m4s": {segment, someID, window.TrackName{Kind: media.Audio, ID: 2}, 0, 9223372036854775807},
		someID + "-video255-0-9.m4s":                 {segment, someID, window.TrackName{Kind: media.Video, ID: 255}, 0, 9},
	} {
		got, ok := parseName(s)
		if !ok || got != want || got.String() != s || !Matches(s) {
			t.Errorf("parseName(%q) is %+v, %v, want %+v", s, got, ok, want)
		}
	}
}

var hostileNames = []string{
	"", ".", "..", "/", "manifest.mpd/", "MANIFEST.MPD", "manifest.mpd\x00", "../manifest.mpd", "cam.mpd", "-video-0.m4s",
	someID, someID + ".m4s", someID + "-.m4s", someID + "-data-0.m4s", someID + "-video.m4s", someID + "-video-.m4s",
	someID + "-video--1.m4s", someID + "-video-+1.m4s", someID + "-video-01.m4s", someID + "-video-1-2-3.m4s",
	someID + "-video-0-01.m4s", someID + "-video-0-.m4s", someID + "-video-18446744073709551616.m4s",
	someID + "-video-0-9223372036854775808.m4s", someID + "-video-0.mp4", someID + "-video-%30.m4s",
	someID + "-video0-0.m4s", someID + "-video01-0.m4s", someID + "-video256-0.m4s", someID + "_video-0-0.m4s",
	someID + "-video-0-$Time$.m4s", someID[1:] + "-video-0.m4s", strings.Repeat("a", 1<<16) + "-video-0.m4s",
	strings.Repeat("-", 1<<10) + ".m4s",
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
	f.Add(someID + "-video-0.m4s")
	f.Add(someID + "-audio-12-4711.m4s")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseName(s); ok && n.String() != s {
			t.Errorf("%q has another name, %q", s, n)
		}
	})
}
