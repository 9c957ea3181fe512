package server

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/obs"
	"github.com/millrace-live/millrace/media"
)

func TestLadders(t *testing.T) {
	s, _, err := load(t, `
apps:
  live: {multitrack: [{height: 720, bitrate: 2500, fps: 30, codec: hevc}, {height: 360, bitrate: 500}]}
  one: {multitrack: []}
  other: {grace: 1m}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]obs.Rung{
		"live": {{Height: 720, Bitrate: 2500, FPS: 30, Codec: media.HEVC}, {Height: 360, Bitrate: 500, Codec: media.H264}},
		"one":  {},
	}
	if got := s.ladders(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestLadderFaults(t *testing.T) {
	for file, want := range map[string]string{
		"apps: {live: {multitrack: [{bitrate: 500}]}}":                                             "apps.live.multitrack[0].height: height must be from 64 to 4320",
		"apps: {live: {multitrack: [{height: 360}]}}":                                              "apps.live.multitrack[0].bitrate: bitrate must be from 50 to 200000",
		"apps: {live: {multitrack: [{height: 360, bitrate: 500, fps: -1}]}}":                       "f.yaml:1:61: fps must be from 0 to 240",
		"apps: {live: {multitrack: [{height: 360, bitrate: 500, codec: vp9}]}}":                    `"vp9" is not a choice; give h264, hevc or av1`,
		"apps: {live: {multitrack: [" + strings.Repeat("{height: 360, bitrate: 500},", 11) + "]}}": "OBS sends at most 10 tracks, and these are 11",
		"apps: {live: {multitrack: 720}}":                                                          "must be a list",
	} {
		if _, _, err := load(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}

// The example shows the ladder that is asked for without any.
func TestDocsExampleHasTheDefaultLadder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(name, []byte(commentedOut.ReplaceAllString(example(t), "$1$2")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, _, err := LoadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.ladders()["event"]; !reflect.DeepEqual(got, obs.DefaultLadder) {
		t.Errorf("%+v", got)
	}
}
