package poster

import (
	"bytes"
	"errors"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// keyOf is the first key frame of a file, of the track that players start with.
func keyOf(t *testing.T, name string) *media.Frame {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for file := flv.NewFrameReader(bytes.NewReader(b)); ; {
		f, err := file.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			t.Fatal(err)
		case f.IsKey() && f.Tracks.Default(media.Video).ID == f.Track:
			return f
		}
	}
}

// FFmpeg makes a picture of every codec that encoders send, those of the Flash
// days among them.
func TestFFmpegPaints(t *testing.T) {
	if _, err := exec.LookPath(Default); err != nil {
		t.Skipf("needs ffmpeg: %v", err)
	}
	files, err := filepath.Glob("../../flv/testdata/*.flv")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	s := newStudio("")
	s.limit = long
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".flv"), func(t *testing.T) {
			f := keyOf(t, name)
			if f == nil {
				t.Skip("sound only")
			}
			b, err := s.paint(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			m, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if p := f.Tracks.Default(media.Video).Picture(); p != nil {
				width := p.Width
				if p.SARWidth > 0 {
					width = width * p.SARWidth / p.SARHeight // samples become square
				}
				if got := m.Bounds().Size(); got.X < width-1 || got.X > width+1 || got.Y != p.Height {
					t.Errorf("the picture has %v, want %dx%d", got, width, p.Height)
				}
			}
		})
	}
}

// What FFmpeg cannot decode is an error and no picture.
func TestFFmpegGivesUp(t *testing.T) {
	if _, err := exec.LookPath(Default); err != nil {
		t.Skipf("needs ffmpeg: %v", err)
	}
	f := *keyOf(t, "../../flv/testdata/h264-bframes-aac.flv")
	f.Payload = bytes.Repeat([]byte{0, 0, 0, 4, 0x65, 0xff, 0xff, 0xff}, 1000)
	s := newStudio("")
	s.limit = long
	if b, err := s.paint(t.Context(), &f); err == nil {
		t.Errorf("it made %d bytes of noise", len(b))
	}
}
