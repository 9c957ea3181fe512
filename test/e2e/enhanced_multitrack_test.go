package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What libav 8.1 publishes in several tracks comes out whole where the player
// takes it: every track over RTMP with our client, over HTTP-FLV to libav, and
// over HLS as variants and renditions. Whoever announces nothing gets the
// default track alone.
func TestLibavPublishesTracks(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range []struct {
		name  string
		coder [][]string
		old   bool // the default track is for players of the Flash days
	}{
		{"one-codec", [][]string{withAVC, withAAC}, true},
		{"many-codecs", [][]string{
			{"-c:v:0", "libx264", "-preset:v:0", "ultrafast", "-bf", "2", "-c:v:1", "libx265", "-preset:v:1", "ultrafast"},
			{"-x265-params", "log-level=error:keyint=25:pools=1", "-c:a:0", "aac", "-c:a:1", "libopus", "-ac", "2"},
		}, true},
		{"new-codecs", [][]string{withAV1, {"-c:a:0", "libopus", "-c:a:1", "flac", "-ac", "2"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := multitrackClip(t, c.name, 12, c.coder...)
			_, in := libavReads(t, file).read(t, 20*time.Second)
			stream := "live/" + c.name
			readers := map[string]reader{
				"our client, RTMP":          weRead(t, s.rtmpURL(stream)),
				"libav 8.1, HTTP-FLV":       libavReads(t, s.flvURL(stream)+"?tracks=all"),
				"libav 8.1, HLS":            libavReads(t, s.hlsURL(stream), "live_start_index=0"),
				"libav 8.1, RTMP, default":  libavReads(t, s.rtmpURL(stream)),
				"libav 8.1, HTTP, default":  libavReads(t, s.flvURL(stream)),
				"FFmpeg 7.0, RTMP, default": ffmpeg7Reads(t, s.rtmpURL(stream)),
			}
			waiting := 3
			if c.old {
				readers["FFmpeg 5.1, RTMP, default"] = ffmpeg5Reader{probe(t, s.rtmpURL(stream))}
				waiting++
			} else {
				delete(readers, "FFmpeg 7.0, RTMP, default") // knows no such sound
				waiting--
			}
			s.waitPlayers(t, stream, waiting)
			publisher := libavPublishes(t, file, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			wait(t, 20*time.Second, "two variants", func() bool {
				return strings.Count(s.get("/"+stream+"/index.m3u8").body, "#EXT-X-STREAM-INF:") >= 2
			})
			checkVariants(t, s.get("/"+stream+"/index.m3u8").body)
			if code := publisher.wait(t, 40*time.Second); code != 0 {
				t.Fatalf("the publisher ended with status %d", code)
			}
			for name, r := range readers {
				want := in
				if strings.HasSuffix(name, "default") {
					want = slices.Concat(of("video", in), of("audio", in))
				}
				_, got := r.read(t, time.Minute)
				compare(t, name, want, got)
			}
		})
	}
}

// checkVariants checks that both pictures are there to choose between, each
// with its size and coding, and both sounds as renditions.
func checkVariants(t *testing.T, index string) {
	t.Helper()
	for _, size := range []string{"320x180", "640x360"} {
		variant := regexp.MustCompile(`(?m)^#EXT-X-STREAM-INF:.*\bRESOLUTION=` + size + `\b.*$`).FindString(index)
		if !strings.Contains(variant, `CODECS="`) || !strings.Contains(variant, "BANDWIDTH=") || !strings.Contains(variant, `AUDIO="`) {
			t.Errorf("no whole variant of %s:\n%s", size, index)
		}
	}
	if n := strings.Count(index, "#EXT-X-MEDIA:TYPE=AUDIO"); n != 2 {
		t.Errorf("%d renditions of the sound, want 2:\n%s", n, index)
	}
}

// ffmpeg5Reader is ffprobe 5.1, which knows nothing of Enhanced RTMP.
type ffmpeg5Reader struct{ *reading }

func (r ffmpeg5Reader) read(t *testing.T, limit time.Duration) ([]elementary, []packet) {
	t.Helper()
	return nil, r.packets(t, limit)
}
