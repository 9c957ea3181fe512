package mp4

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// readFLV returns the sound and the pictures of an FLV file.
func readFLV(t testing.TB, name string) []*media.Frame {
	t.Helper()
	var frames []*media.Frame
	var demuxer flv.Demuxer
	for r := flv.NewReader(bytes.NewReader(load(t, name))); ; {
		kind, ms, body, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		f, err := demuxer.Demux(kind, int64(ms)*int64(time.Millisecond), body)
		if err != nil {
			t.Fatal(err)
		}
		if f != nil && f.Kind != media.Data && f.Class != media.Command {
			frames = append(frames, f)
		}
	}
}
