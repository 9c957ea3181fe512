package e2e

import (
	"testing"
	"time"
)

// FFmpeg 7.0 publishes HEVC, AV1 and VP9. What it sends comes out of every
// output as it went in, in FFmpeg 7.0 itself and in libav 8.1.
func TestFFmpegPublishesEnhanced(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range []struct {
		codec string
		coder []string
	}{{"hevc", withHEVC}, {"av1", withAV1}, {"vp9", withVP9}} {
		t.Run(c.codec, func(t *testing.T) {
			t.Parallel()
			file := enhancedClip(t, c.codec, 12, ffmpeg7Writes, c.coder, withAAC)
			_, in := libavReads(t, file).read(t, 20*time.Second)
			stream := "live/" + c.codec

			// Announced or not, FFmpeg gets the codec that it can play.
			readers := map[string]reader{
				"FFmpeg 7.0, RTMP":            ffmpeg7Reads(t, s.rtmpURL(stream)),
				"FFmpeg 7.0, RTMP, announced": ffmpeg7Reads(t, s.rtmpURL(stream), "-rtmp_enhanced_codecs", "hvc1,av01,vp09"),
				"libav 8.1, RTMP":             libavReads(t, s.rtmpURL(stream)),
				"libav 8.1, HTTP-FLV":         libavReads(t, s.flvURL(stream)),
				"libav 8.1, HLS":              libavReads(t, s.hlsURL(stream), "live_start_index=0"),
			}
			s.waitPlayers(t, stream, 3)
			args := []string{"-re", "-i", file, "-c", "copy", "-rtmp_enhanced_codecs", "hvc1,av01,vp09"}
			publisher := ffmpeg7Run(t, args, "-f", "flv", s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			readers["FFmpeg 7.0, HTTP-FLV"] = ffmpeg7Reads(t, s.flvURL(stream))
			s.waitPlaylist(t, stream)
			readers["FFmpeg 7.0, HLS"] = ffmpeg7Reads(t, s.hlsURL(stream), "-live_start_index", "0")
			wait(t, 10*time.Second, "the API to tell the size", func() bool {
				v := s.stream(t, stream).Video
				return v != nil && v.Width == 320 && v.Height == 180
			})
			if code := publisher.wait(t, 30*time.Second); code != 0 {
				t.Fatalf("the publisher ended with status %d", code)
			}
			comeOut(t, in, readers)
		})
	}
}

// With --enhanced strict, a player that announces nothing gets no codec of
// Enhanced RTMP but the rest; one that announces it gets all. The log says what
// was left out, and why.
func TestStrictPlayers(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--enhanced", "strict")
	file := enhancedClip(t, "hevc", 12, ffmpeg7Writes, withHEVC, withAAC)
	_, in := libavReads(t, file).read(t, 20*time.Second)
	const stream = "live/strict"
	silent := ffmpeg7Reads(t, s.rtmpURL(stream))
	announced := ffmpeg7Reads(t, s.rtmpURL(stream), "-rtmp_enhanced_codecs", "hvc1")
	s.waitPlayers(t, stream, 2)
	args := []string{"-re", "-i", file, "-c", "copy", "-rtmp_enhanced_codecs", "hvc1,av01,vp09"}
	if code := ffmpeg7Run(t, args, "-f", "flv", s.rtmpURL(stream)).wait(t, 40*time.Second); code != 0 {
		t.Fatalf("the publisher ended with status %d", code)
	}
	comeOut(t, in, map[string]reader{"FFmpeg 7.0, RTMP, announced": announced})
	comeOut(t, of("audio", in), map[string]reader{"FFmpeg 7.0, RTMP": silent})
	s.logged(t, stream, "HEVC", "strict")
}
