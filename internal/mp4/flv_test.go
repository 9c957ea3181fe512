package mp4

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// readFLV returns the sound and the pictures of an FLV file.
func readFLV(t testing.TB, name string) []*media.Frame {
	t.Helper()
	var frames []*media.Frame
	for r := flv.NewFrameReader(bytes.NewReader(load(t, name))); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind != media.Data && f.Class != media.Command {
			frames = append(frames, f)
		}
	}
}
