package mp4

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// files collects what a Writer creates.
type files []*bytes.Buffer

func (f *files) create(n int) (io.Writer, error) {
	if n != len(*f)+1 {
		return nil, errors.New("files are not counted")
	}
	*f = append(*f, &bytes.Buffer{})
	return (*f)[n-1], nil
}

// at gives copies of frames that begin at another time, with arrivals.
func at(start time.Duration, frames []*media.Frame) []*media.Frame {
	moved := make([]*media.Frame, len(frames))
	for i, f := range frames {
		c := *f
		c.DTS, c.PTS = c.DTS+int64(start), c.PTS+int64(start)
		c.Arrival = time.Unix(1_000_000_000, c.DTS)
		moved[i] = &c
	}
	return moved
}

func write(t *testing.T, w *Writer, frames []*media.Frame) {
	t.Helper()
	for _, f := range frames {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
}

// What is written is what is read again, wherever the stream's clock stands.
func TestWriterRoundTrip(t *testing.T) {
	want := readFLV(t, "clip.flv")
	for name, frames := range map[string][]*media.Frame{
		"both":    want,
		"picture": of(media.Video, want),
		"sound":   of(media.Audio, want),
	} {
		for _, start := range []time.Duration{0, 10 * time.Hour} {
			t.Run(name, func(t *testing.T) {
				var out files
				w := NewWriter(out.create)
				write(t, w, at(start, frames))
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if len(out) != 1 {
					t.Fatalf("%d files", len(out))
				}
				r := open(t, out[0].Bytes())
				got := readAll(t, r)
				if len(got) != len(frames) {
					t.Fatalf("%d frames, want %d", len(got), len(frames))
				}
				base := frames[0].DTS
				for _, k := range []media.Kind{media.Video, media.Audio} {
					same := of(k, frames)
					for i, f := range of(k, got) {
						if !bytes.Equal(f.Payload, same[i].Payload) || f.Class != same[i].Class {
							t.Fatalf("kind %d, frame %d is another", k, i)
						}
						// Sound is counted in samples, the stream in milliseconds.
						if off := time.Duration(f.PTS - same[i].PTS + base); off.Abs() > 2*time.Millisecond {
							t.Errorf("kind %d, frame %d: %v off", k, i, off)
						}
					}
				}
			})
		}
	}
}

// Another picture size goes to another file, a repeated sequence header not.
func TestWriterChangesFiles(t *testing.T) {
	first := readFLV(t, "clip.flv")
	length := 3 * time.Second
	other := readAll(t, open(t, load(t, "avc3.mp4")))
	var out files
	w := NewWriter(out.create)
	write(t, w, at(0, first))
	write(t, w, at(length, readFLV(t, "clip.flv"))) // the same once more, in a set of its own
	write(t, w, at(2*length, other))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if len(out) != 2 {
		t.Fatalf("%d files, want 2", len(out))
	}
	if n := len(readAll(t, open(t, out[0].Bytes()))); n != 2*len(first) {
		t.Errorf("first file has %d frames, want %d", n, 2*len(first))
	}
	if n := len(readAll(t, open(t, out[1].Bytes()))); n != len(other) {
		t.Errorf("second file has %d frames, want %d", n, len(other))
	}
}

func TestWriterReportsErrors(t *testing.T) {
	full := errors.New("disk is full")
	w := NewWriter(func(int) (io.Writer, error) { return nil, full })
	for _, f := range at(0, readFLV(t, "clip.flv")) {
		if err := w.Write(f); err != nil {
			break
		}
	}
	if err := w.Close(); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

// FFmpeg decodes what is there of a file that was killed at any byte.
func TestWriterFFmpeg(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg")
	}
	var out files
	w := NewWriter(out.create)
	write(t, w, at(time.Hour, readFLV(t, "clip.flv")))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole := out[0].Bytes()
	path := filepath.Join(t.TempDir(), "out.mp4")
	decode := func(b []byte) (pictures int, messages string) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd := exec.Command("ffmpeg", "-v", "warning", "-i", path, "-f", "framecrc", "-")
		cmd.Stderr = &stderr
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("ffmpeg: %v\n%s", err, stderr.String())
		}
		lines := strings.Split(string(text), "\n")
		return len(slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "0,") })), stderr.String()
	}
	pictures, messages := decode(whole)
	if pictures != 75 || messages != "" {
		t.Errorf("%d pictures of 75; %s", pictures, messages)
	}
	if pictures, _ = decode(whole[:len(whole)*9/10]); pictures < 50 {
		t.Errorf("%d pictures of a killed file", pictures)
	}
}
