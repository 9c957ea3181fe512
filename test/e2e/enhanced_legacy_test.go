package e2e

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// The codecs of the Flash days pass from RTMP to RTMP and HTTP-FLV as they
// came, as FFmpeg 5.1 writes and reads them. That HLS cannot carry them is
// told, and hinders nothing.
func TestLegacyCodecs(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range []struct {
		name  string
		coder []string
	}{
		{"h264-mp3", []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "libmp3lame", "-ar", "44100"}},
		{"sorenson-alaw", []string{"-c:v", "flv1", "-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"}},
		{"sorenson-mulaw", []string{"-c:v", "flv1", "-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"}},
		{"sorenson-lpcm", []string{"-c:v", "flv1", "-c:a", "pcm_s16le", "-ar", "44100", "-ac", "2"}},
		{"sorenson-lpcm8", []string{"-c:v", "flv1", "-c:a", "pcm_u8", "-ar", "11025", "-ac", "1"}},
		{"sorenson-adpcm", []string{"-c:v", "flv1", "-c:a", "adpcm_swf", "-ar", "22050", "-ac", "1"}},
		{"sorenson-nellymoser16", []string{"-c:v", "flv1", "-c:a", "nellymoser", "-ar", "16000", "-ac", "1"}},
		{"sorenson-nellymoser8", []string{"-c:v", "flv1", "-c:a", "nellymoser", "-ar", "8000", "-ac", "1"}},
		{"screen-speex", []string{"-c:v", "flashsv", "-c:a", "libspeex", "-ar", "16000", "-ac", "1"}},
		{"screen2-nellymoser", []string{"-c:v", "flashsv2", "-c:a", "nellymoser", "-ar", "22050", "-ac", "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := legacyClip(t, c.name, c.coder)
			in := probe(t, file).packets(t, 20*time.Second)
			stream := "live/" + c.name
			early := probe(t, s.rtmpURL(stream))
			s.waitPlayers(t, stream, 1)
			publisher := publish(t, file, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			late := probe(t, s.flvURL(stream))
			if c.name != "h264-mp3" {
				wait(t, 10*time.Second, "the API to say what HLS cannot carry", func() bool {
					return slices.ContainsFunc(s.stream(t, stream).Unplayable, func(u unplayable) bool {
						return u.Protocol == "hls" && u.Reason != ""
					})
				})
			}
			if code := publisher.wait(t, 40*time.Second); code != 0 {
				t.Fatalf("the publisher ended with status %d", code)
			}
			compare(t, "RTMP", in, early.packets(t, time.Minute))
			compare(t, "HTTP-FLV", in, late.packets(t, time.Minute))
		})
	}
}

// legacyClip is an FLV file as FFmpeg 5.1 writes it.
func legacyClip(t *testing.T, name string, coder []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".flv")
	args := []string{
		"-hide_banner", "-loglevel", "error",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-map", "0:v", "-map", "1:a", "-t", "10", "-g", "10",
	}
	if code := launch(t, "ffmpeg", append(append(args, coder...), file)...).wait(t, time.Minute); code != 0 {
		t.Fatalf("make the clip %s: status %d", name, code)
	}
	return file
}
