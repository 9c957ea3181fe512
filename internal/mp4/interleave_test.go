package mp4

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// Picture and sound of the same time lie close together in the file.
func TestWriterInterleaves(t *testing.T) {
	var out files
	w := NewWriter(out.create)
	write(t, w, at(0, readFLV(t, "clip.flv")))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	type place struct{ offset, dts int64 }
	var places []place
	for r := open(t, out[0].Bytes()); ; {
		heads := make(map[media.Kind]*sample)
		for _, track := range r.tracks {
			heads[track.kind] = track.head
		}
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s := heads[f.Kind]; s != nil {
			places = append(places, place{s.offset, f.DTS})
		}
	}
	if len(places) < 150 {
		t.Fatalf("%d places", len(places))
	}
	for _, a := range places {
		for _, b := range places {
			if b.offset > a.offset && time.Duration(a.dts-b.dts) > 600*time.Millisecond {
				t.Fatalf("a frame of %v stands in front of one of %v", time.Duration(a.dts), time.Duration(b.dts))
			}
		}
	}
}
