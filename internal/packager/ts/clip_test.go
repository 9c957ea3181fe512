package ts

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

const clips = "../../../flv/testdata/"

var clipBegin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// readClip returns the frames of an FLV file, as if each had arrived at its own
// time.
func readClip(t testing.TB, path string) (frames []*media.Frame) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for r := flv.NewFrameReader(bytes.NewReader(b)); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Arrival = clipBegin.Add(time.Duration(f.DTS))
		frames = append(frames, f)
	}
}

// pack makes one stream of frames.
func pack(frames []*media.Frame) []byte {
	var all []byte
	p := NewPackager(func(b Burst) { all = append(all, b.Bytes...) })
	for _, f := range frames {
		p.Write(f)
	}
	p.End()
	return all
}

// scan reads a stream strictly.
func scan(t testing.TB, b []byte) *reader {
	t.Helper()
	r := newReader()
	err := r.read(b)
	if err == nil {
		err = r.end()
	}
	if err == nil {
		err = r.clockErrors()
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}
