package play

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// Every codec and every track of a stream is written, packet for packet.
func TestPlayCodecsToFile(t *testing.T) {
	for _, name := range []string{"av1-opus.mp4", "vp9-flac.mp4", "hevc-ac3.mp4", "hev1-mp3.mp4", "multi.mp4"} {
		source, err := os.ReadFile(filepath.Join("../../mp4/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		frames := mp4Frames(t, source)
		for ending, read := range map[string]func(*testing.T, []byte) []*media.Frame{".flv": flvFrames, ".mp4": mp4Frames} {
			t.Run(name+ending, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "out"+ending)
				if _, stderr, err := run(t, Options{Output: path}, func(st *rtmp.Stream) error { return send(st, frames, time.Hour) }); err != nil {
					t.Fatal(err, stderr)
				}
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				got := perTrack(read(t, b))
				for id, want := range perTrack(frames) {
					if len(got[id]) != len(want) {
						t.Fatalf("%s: %d frames, want %d", id, len(got[id]), len(want))
					}
					for i, g := range got[id] {
						w := want[i]
						if !bytes.Equal(g.Payload, w.Payload) || g.Class != w.Class {
							t.Fatalf("%s: frame %d is another", id, i)
						}
						a, b := g.Tracks.Find(g.Kind, g.Track), w.Tracks.Find(w.Kind, w.Track)
						if a.CodecString() != b.CodecString() {
							t.Fatalf("%s: %s, want %s", id, a.CodecString(), b.CodecString())
						}
					}
				}
			})
		}
	}
}

func perTrack(frames []*media.Frame) map[string][]*media.Frame {
	m := make(map[string][]*media.Frame)
	for _, f := range frames {
		if f.Kind != media.Data && f.Class != media.Command {
			id := fmt.Sprint(f.Kind, f.Track)
			m[id] = append(m[id], f)
		}
	}
	return m
}
