package e2e

import (
	"testing"
	"time"
)

// libavPublishes sends a file in real time with libav 8.1.
func libavPublishes(t *testing.T, file, url string) *process {
	t.Helper()
	return libav(t, "send.mjs", "flv", url, file)
}

// What libav 8.1 publishes in codecs of Enhanced RTMP v2 comes out of every
// output as it went in.
func TestLibavPublishesEnhanced(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range []struct {
		name     string
		picture  []string
		sound    []string
		codec    string // of the sound
		channels int
	}{
		{"av1-opus", withAV1, withOpus, "opus", 2},
		{"vp9-flac", withVP9, withFLAC, "flac", 2},
		{"hevc-ac3", withHEVC, withAC3, "ac3", 6},
		{"hevc-eac3", withHEVC, withEAC3, "eac3", 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := enhancedClip(t, c.name, 12, libavWrites, c.picture, c.sound)
			_, in := libavReads(t, file).read(t, 20*time.Second)
			stream := "live/" + c.name
			readers := map[string]reader{
				"libav 8.1, RTMP":     libavReads(t, s.rtmpURL(stream)),
				"libav 8.1, HTTP-FLV": libavReads(t, s.flvURL(stream)),
				"libav 8.1, HLS":      libavReads(t, s.hlsURL(stream), "live_start_index=0"),
			}
			s.waitPlayers(t, stream, 1)
			publisher := libavPublishes(t, file, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			s.waitPlaylist(t, stream)
			readers["FFmpeg 7.0, HLS"] = ffmpeg7Reads(t, s.hlsURL(stream), "-live_start_index", "0")
			if code := publisher.wait(t, 40*time.Second); code != 0 {
				t.Fatalf("the publisher ended with status %d", code)
			}
			for name, r := range readers {
				streams, got := r.read(t, time.Minute)
				compare(t, name, in, got)
				for _, s := range streams {
					if s.Kind == "audio" && (s.Codec != c.codec || s.Channels != 0 && s.Channels != c.channels) {
						t.Errorf("%s: the sound is %s with %d channels", name, s.Codec, s.Channels)
					}
				}
			}
		})
	}
}
