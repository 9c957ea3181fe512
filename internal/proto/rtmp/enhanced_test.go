package rtmp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// silent announces nothing of Enhanced RTMP.
var silent = rtmp.Dialer{Properties: amf.Properties{
	{Name: "fourCcList"}, {Name: "videoFourCcInfoMap"}, {Name: "audioFourCcInfoMap"}, {Name: "capsEx"},
}}

// strictly lets everybody in, and players get what they announced.
type strictly struct{ hub.Everyone }

func (strictly) Play(_ context.Context, req *hub.PlayRequest) error {
	req.Strict = true
	return nil
}

// framesOf gives the sound and picture of a file.
func framesOf(t *testing.T, b []byte) (frames []*media.Frame) {
	t.Helper()
	for file := flv.NewFrameReader(bytes.NewReader(b)); ; {
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

// send publishes the tags of a file as they are.
func send(t *testing.T, st *rtmp.Stream, b []byte) {
	t.Helper()
	for file := flv.NewReader(bytes.NewReader(b)); ; {
		kind, ms, body, err := file.Next()
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if err := st.WriteMessage(&message.Message{Type: message.Type(kind), Timestamp: ms, Payload: body}); err != nil {
			t.Fatal(err)
		}
	}
}

// watched is what a player got.
type watched struct {
	frames []*media.Frame
	err    error
}

func watch(d *rtmp.Dialer, url string) <-chan watched {
	done := make(chan watched, 1)
	go func() {
		st, err := d.Play(context.Background(), url)
		var w watched
		for err == nil {
			var f *media.Frame
			if f, err = st.ReadFrame(); err == nil && (f.Kind == media.Video || f.Kind == media.Audio) {
				w.frames = append(w.frames, f)
			}
		}
		if st != nil {
			st.Close()
		}
		w.err = err
		done <- w
	}()
	return done
}

// waiting waits until so many players wait for the stream.
func (h *house) waiting(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if s, ok := h.registry.Stream("live/cam"); ok && s.WaitingTotal == n {
			return
		} else if time.Now().After(deadline) {
			t.Fatal("the players did not come to wait")
		}
	}
}

// TestEveryCodecComesOut publishes files of several encoders: a player that
// announces what it takes gets every frame of every track, an old one those of the
// default tracks and, in a strict app, of the codecs of the Flash days.
func TestEveryCodecComesOut(t *testing.T) {
	files, err := filepath.Glob("../../../flv/testdata/*.flv")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all := framesOf(t, b)
		for _, player := range []struct {
			name   string
			dialer rtmp.Dialer
			access hub.Access
			accept flv.Accept
		}{
			{"all", rtmp.Dialer{}, hub.Everyone{}, flv.AcceptAll},
			{"old", silent, hub.Everyone{}, flv.Accept{}},
			{"old, strict", silent, strictly{}, flv.AcceptLegacy},
			{"all, strict", rtmp.Dialer{}, strictly{}, flv.AcceptAll},
		} {
			t.Run(strings.TrimSuffix(filepath.Base(name), ".flv")+"/"+player.name, func(t *testing.T) {
				h := newHouse(t, hub.Options{Access: player.access})
				var want []*media.Frame
				left := map[media.Codec]bool{}
				for _, f := range all {
					track := f.Tracks.Find(f.Kind, f.Track)
					isDefault := track == nil || track == f.Tracks.Default(f.Kind)
					if isDefault && track != nil && player.accept.Refused(track) {
						left[track.Codec] = true
						continue
					}
					if player.accept.Tracks || isDefault && f.Class != media.Command {
						want = append(want, f)
					}
				}
				done := watch(&player.dialer, h.url+"cam")
				h.waiting(t, 1)
				st := mustDial(t, rtmp.Publish, h.url+"cam")
				h.log.count(t, "play started", 1)
				send(t, st, b)
				st.Close()
				w := <-done
				if !errors.Is(w.err, rtmp.ErrStreamClosed) {
					t.Errorf("the play ended with %v", w.err)
				}
				got := w.frames
				if !player.accept.Tracks {
					got = nil
					for _, f := range w.frames {
						if f.Class != media.Command {
							got = append(got, f)
						}
					}
				}
				if len(got) != len(want) {
					t.Fatalf("%d frames came out of %d", len(got), len(want))
				}
				for i, f := range got {
					w := want[i]
					if f.Kind != w.Kind || f.Track != w.Track || f.Class != w.Class || f.DTS != w.DTS || f.PTS/1e6 != w.PTS/1e6 ||
						!bytes.Equal(f.Payload[f.Header:], w.Payload[w.Header:]) {
						t.Fatalf("frame %d is %v %d %v at %d, %d, %d bytes; want %v %d %v at %d, %d, %d bytes", i,
							f.Kind, f.Track, f.Class, f.DTS, f.PTS, len(f.Payload), w.Kind, w.Track, w.Class, w.DTS, w.PTS, len(w.Payload))
					}
				}
				h.log.count(t, "a track is left out", len(left))
			})
		}
	}
}

// Players that differ in what they take share a lane and a stream.
func TestPlayersOfAllKinds(t *testing.T) {
	b, err := os.ReadFile("../../../flv/testdata/libav-8.1-multitrack.flv")
	if err != nil {
		t.Fatal(err)
	}
	all := framesOf(t, b)
	defaults := 0
	for _, f := range all {
		if f.Track == 0 {
			defaults++
		}
	}
	h := newHouse(t, hub.Options{})
	var old, fresh []<-chan watched
	for range 5 {
		old = append(old, watch(&silent, h.url+"cam"))
		fresh = append(fresh, watch(&rtmp.Dialer{}, h.url+"cam"))
	}
	h.waiting(t, 10)
	st := mustDial(t, rtmp.Publish, h.url+"cam")
	h.log.count(t, "play started", 10)
	send(t, st, b)
	st.Close()
	for i := range old {
		if n := len((<-old[i]).frames); n != defaults {
			t.Errorf("an old player got %d frames, want %d", n, defaults)
		}
		if n := len((<-fresh[i]).frames); n != len(all) {
			t.Errorf("a new player got %d frames, want %d", n, len(all))
		}
	}
}

// An encoder that follows is asked to leave, and does at its next key frame: to
// another server, or back to this one, where it takes over from itself.
func TestReconnect(t *testing.T) {
	key := framesOfClip(t)[0]
	for _, elsewhere := range []bool{true, false} {
		h := newHouse(t, hub.Options{})
		to, url := h, ""
		if elsewhere {
			to = newHouse(t, hub.Options{})
			url = "//" + to.addr + "/live"
		}
		p, err := new(rtmp.Dialer).Publisher(t.Context(), h.url+"cam")
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		done := make(chan error, 1)
		go func() { done <- h.door.server.Reconnect(t.Context(), url, "go") }()
		for i := 0; ; i++ {
			f := *key
			f.DTS, f.PTS = int64(i)*int64(20*time.Millisecond), int64(i)*int64(20*time.Millisecond)
			if err := p.WriteFrame(&f); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(20 * time.Millisecond):
				continue
			}
			break
		}
		if s, ok := to.registry.Stream("live/cam"); !ok || s.State != hub.Live {
			t.Errorf("elsewhere %v: the stream is %+v", elsewhere, s)
		}
		if p.Lost() > 0 {
			t.Errorf("elsewhere %v: %d frames lost", elsewhere, p.Lost())
		}
	}
}

// framesOfClip begins with a key.
func framesOfClip(t *testing.T) []*media.Frame {
	t.Helper()
	b, err := os.ReadFile("../../../flv/testdata/h264-bframes-aac.flv")
	if err != nil {
		t.Fatal(err)
	}
	frames := framesOf(t, b)
	for !frames[0].IsKey() {
		frames = frames[1:]
	}
	return frames
}
