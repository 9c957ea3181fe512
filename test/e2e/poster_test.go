package e2e

import (
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// poster asks for the picture of a stream.
func (s *server) poster(t *testing.T, stream string) (image.Image, answer) {
	t.Helper()
	a := s.get("/" + stream + ".jpg")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/jpeg" {
		t.Fatalf("the poster of %s: status %d, %v", stream, a.status, a.header)
	}
	m, err := jpeg.Decode(strings.NewReader(a.body))
	if err != nil {
		t.Fatalf("the poster of %s: %v", stream, err)
	}
	return m, a
}

// isPicture reports whether a poster is of the stream: the placeholder was never
// taken.
func isPicture(a answer) bool { return a.header.Get("Last-Modified") != "" }

// barsClip returns a clip of colour bars with something that moves below them.
func barsClip(t *testing.T, codec string, seconds int, coder []string) string {
	t.Helper()
	return codedClip(t, "bars-"+codec, seconds, ffmpeg7Writes, []string{
		"-f", "lavfi", "-i", "smptebars=size=640x360:rate=25[a];testsrc2=size=640x90:rate=25[b];[a][b]overlay=0:270[out0]",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-map", "0:v", "-map", "1:a",
	}, [][]string{coder, withAAC})
}

// bars are the colours of the upper two thirds, from left to right.
var bars = []color.RGBA{
	{180, 180, 180, 255},
	{180, 180, 16, 255},
	{16, 180, 180, 255},
	{16, 180, 16, 255},
	{180, 16, 180, 255},
	{180, 16, 16, 255},
	{16, 16, 180, 255},
}

func wantBars(t *testing.T, m image.Image) {
	t.Helper()
	if size := m.Bounds().Size(); size != image.Pt(640, 360) {
		t.Errorf("the poster has %v", size)
		return
	}
	for i, want := range bars {
		got := color.RGBAModel.Convert(m.At((2*i+1)*640/len(bars)/2, 100)).(color.RGBA)
		for _, c := range [][2]uint8{{got.R, want.R}, {got.G, want.G}, {got.B, want.B}} {
			if d := int(c[0]) - int(c[1]); d < -30 || d > 30 {
				t.Errorf("bar %d is %v, want %v", i, got, want)
				break
			}
		}
	}
}

// The poster of what FFmpeg sends has the colours where they should be, follows
// the stream, and outlives the publisher by the grace time.
func TestPoster(t *testing.T) {
	t.Parallel()
	usual := start(t, "--open", "--grace", "1m")
	newer := start(t, "--open", "--grace", "1m", "--ffmpeg", ffmpeg7(t))
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast"}
	hd := append(slices.Clone(h264), "-vf", "scale=out_color_matrix=bt709:out_range=tv",
		"-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
	for _, c := range []struct {
		codec string
		coder []string
		s     *server
	}{
		{"h264", h264, usual},
		{"hevc", withHEVC, usual},
		{"av1", withAV1, usual},
		{"vp9", withVP9, usual},
		{"bt709", hd, usual},
		{"bt709", hd, newer},
		{"av1", withAV1, newer},
	} {
		s, program := c.s, "usual"
		if s == newer {
			program = "newer"
		}
		t.Run(c.codec+"/"+program, func(t *testing.T) {
			stream := "live/bars-" + c.codec
			file := barsClip(t, c.codec, 45, c.coder)
			args := []string{"-re", "-i", file, "-c", "copy", "-rtmp_enhanced_codecs", "hvc1,av01,vp09"}
			publisher := ffmpeg7Run(t, args, "-f", "flv", s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			var m image.Image
			var first, later answer
			wait(t, 40*time.Second, "the first picture", func() bool {
				m, first = s.poster(t, stream)
				return isPicture(first)
			})
			wantBars(t, m)
			if age := first.header.Get("Cache-Control"); age != "public, max-age=5" {
				t.Errorf("it may be cached for %q", age)
			}
			if c.codec == "h264" {
				wait(t, 30*time.Second, "a later picture", func() bool {
					m, later = s.poster(t, stream)
					return later.header.Get("ETag") != first.header.Get("ETag")
				})
				wantBars(t, m)
				if !isPicture(later) || later.body == first.body {
					t.Error("the later picture is the first one")
				}
			}
			publisher.kill()
			s.waitState(t, stream, "reconnecting")
			if _, a := s.poster(t, stream); !isPicture(a) {
				t.Error("without the publisher the picture is gone")
			}
			// Its own address is in the API.
			if list := s.get("/api/v1/streams/" + stream).body; !strings.Contains(list, `"poster":"`+s.url("/"+stream+".jpg")+`"`) {
				t.Errorf("the API does not tell the address: %s", list)
			}
		})
	}
	if a := usual.get("/live/nothing.jpg"); a.status != http.StatusNotFound || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("without a stream: status %d, %v", a.status, a.header)
	}
	for _, s := range []*server{usual, newer} {
		if text := s.get("/metrics").body; !strings.Contains(text, `millrace_poster_makings_total{result="failed"} 0`) {
			t.Error("the metrics tell of makings that failed")
		}
	}
}

// Without ffmpeg in PATH there is a placeholder, and one line in the log says
// what to do.
func TestPosterWithoutFFmpeg(t *testing.T) {
	file := clip(t, "plain", 10)
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	s := start(t, "--open")
	const stream = "live/plain"
	launch(t, ffmpeg, "-loglevel", "warning", "-re", "-i", file, "-c", "copy", "-f", "flv", s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	s.waitFrames(t, stream)
	for range 3 {
		m, a := s.poster(t, stream)
		if size := m.Bounds().Size(); isPicture(a) || size != image.Pt(640, 360) {
			t.Errorf("a picture of %v, taken at %q", size, a.header.Get("Last-Modified"))
		}
	}
	s.logged(t, "there is no ffmpeg")
	if n := strings.Count(s.log.String(), "there is no ffmpeg: install it"); n != 1 {
		t.Errorf("the log tells it %d times", n)
	}
}

// waitFrames waits until the stream has had a key frame.
func (s *server) waitFrames(t *testing.T, stream string) {
	t.Helper()
	wait(t, 10*time.Second, "frames", func() bool { return s.stream(t, stream).Frames > 50 })
}
