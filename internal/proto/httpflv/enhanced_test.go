package httpflv

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// strictly lets everybody in, and viewers get what they asked for.
type strictly struct{ hub.Everyone }

func (strictly) Play(_ context.Context, req *hub.PlayRequest) error {
	req.Strict = true
	return nil
}

// read gives the frames of a file or response up to its end.
func read(t *testing.T, r io.Reader) (frames []*media.Frame) {
	t.Helper()
	for file := flv.NewFrameReader(r); ; {
		f, err := file.Next()
		switch {
		case errors.Is(err, io.EOF):
			return frames
		case err != nil:
			t.Fatal(err)
		case f.Kind == media.Video || f.Kind == media.Audio:
			frames = append(frames, f)
		}
	}
}

// TestTracks looks at what a viewer gets of a stream with AV1, Opus or several
// tracks, over HTTP and over WebSocket.
func TestTracks(t *testing.T) {
	for _, test := range []struct {
		file, query string
		access      hub.Access
		want        func(*media.Frame) bool
	}{
		{"multitrack", "?tracks=all", hub.Everyone{}, func(*media.Frame) bool { return true }},
		{"multitrack", "", hub.Everyone{}, func(f *media.Frame) bool { return f.Track == 0 }},
		{"av1-opus", "", hub.Everyone{}, func(*media.Frame) bool { return true }},
		{"av1-opus", "", strictly{}, func(*media.Frame) bool { return false }},
		{"av1-opus", "?tracks=all", strictly{}, func(*media.Frame) bool { return true }},
	} {
		for name, open := range map[string]func(*testing.T, string) io.Reader{"http": openHTTP, "websocket": openWebSocket} {
			t.Run(test.file+test.query+"/"+name, func(t *testing.T) {
				b, err := os.ReadFile("../../../flv/testdata/libav-8.1-" + test.file + ".flv")
				if err != nil {
					t.Fatal(err)
				}
				h := newHouseOf(t, test.access)
				p := h.publish(t)
				got := make(chan []*media.Frame, 1)
				body := open(t, h.http.URL+"/live/cam.flv"+test.query)
				h.viewers(t, 1)
				go func() { got <- read(t, body) }()
				var want []*media.Frame
				for _, f := range read(t, bytes.NewReader(b)) {
					if test.want(f) {
						c := *f
						want = append(want, &c)
					}
					if err := p.Write(f); err != nil {
						t.Fatal(err)
					}
				}
				p.End(nil)
				frames := <-got
				if len(frames) != len(want) {
					t.Fatalf("%d frames came, want %d", len(frames), len(want))
				}
				for i, f := range frames {
					if w := want[i]; f.Kind != w.Kind || f.Track != w.Track || f.Class != w.Class || f.DTS != w.DTS ||
						!bytes.Equal(f.Payload, w.Payload) {
						t.Fatalf("frame %d is %v %d at %d", i, f.Kind, f.Track, f.DTS)
					}
				}
			})
		}
	}
}
