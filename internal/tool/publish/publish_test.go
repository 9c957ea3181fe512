package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// clips are the files of the MP4 reader's tests: 3 s of one encoding in every
// shape.
const clips = "../../mp4/testdata/"

const (
	key     = "k3y-n0b0dy-may-see"
	address = "rtmp://server.test/live/" + key + "?token=s3cr3t-t0ken"
)

// arrival is a frame as the server got it.
type arrival struct {
	*media.Frame
	at time.Duration
}

// server takes one publication, over a pipe.
type server struct {
	rtmp.Server
	start    time.Time
	arrivals []arrival
	ended    error
	done     chan struct{}
}

func newServer(handle func(*server, *rtmp.Stream) error) *server {
	s := &server{done: make(chan struct{})}
	s.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error { return handle(s, st) })
	return s
}

func (s *server) dialer() rtmp.Dialer {
	return rtmp.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer close(s.done)
			_ = s.ServeConn(context.Background(), theirs, nil)
		}()
		return ours, nil
	}}
}

// take keeps all frames until the stream ends.
func take(s *server, st *rtmp.Stream) error {
	if err := st.Accept(); err != nil {
		return err
	}
	s.start = time.Now()
	for {
		f, err := st.ReadFrame()
		if err != nil {
			s.ended = err
			return nil //nolint:nilerr // an end is what the test waits for
		}
		s.arrivals = append(s.arrivals, arrival{f, time.Since(s.start)})
	}
}

func (s *server) of(k media.Kind) []arrival {
	var some []arrival
	for _, a := range s.arrivals {
		if a.Kind == k {
			some = append(some, a)
		}
	}
	return some
}

// output is what a run wrote, which must never hold a secret.
type output struct{ stdout, stderr bytes.Buffer }

func (o *output) check(t *testing.T, err error) {
	t.Helper()
	text := o.stdout.String() + o.stderr.String()
	if err != nil {
		text += err.Error()
	}
	for _, secret := range []string{key, "s3cr3t"} {
		if strings.Contains(text, secret) {
			t.Errorf("output holds %q:\n%s", secret, text)
		}
	}
}

// run publishes to a server in a bubble of time.
func run(t *testing.T, s *server, o Options, limit time.Duration, check func(error, *output)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		o.URL, o.Dialer = address, s.dialer()
		var out output
		err := Run(ctx, o, &out.stdout, &out.stderr)
		<-s.done
		out.check(t, err)
		check(err, &out)
	})
}

func fileFrames(t *testing.T, path string) (frames []*media.Frame) {
	t.Helper()
	s, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.file.Close()
	c, err := s.begin()
	for err == nil {
		var f *media.Frame
		if f, err = c.next(); err == nil && f.Kind != media.Data {
			frames = append(frames, f)
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return frames
}

// What is in the file arrives at the server, at the time that it is due.
func TestPublish(t *testing.T) {
	for _, name := range []string{"clip.flv", "moov-last.mp4", "moov-first.mp4", "fragmented.mp4"} {
		t.Run(name, func(t *testing.T) {
			want := fileFrames(t, clips+name)
			s := newServer(take)
			run(t, s, Options{File: clips + name}, time.Minute, func(err error, out *output) {
				if err != nil {
					t.Fatal(err)
				}
				if !errors.Is(s.ended, rtmp.ErrStreamClosed) {
					t.Errorf("the server sees the end as %v", s.ended)
				}
				if !strings.Contains(out.stderr.String(), "rtmp://server.test/live/***?***: H.264 96x54, AAC 44100 Hz") ||
					!strings.Contains(out.stderr.String(), "end of file: sent 2") {
					t.Errorf("output:\n%s", out.stderr.String())
				}
				if s.arrivals[0].Kind != media.Data {
					t.Error("metadata do not come first")
				}
				got := append(s.of(media.Video), s.of(media.Audio)...)
				if len(got) != len(want) {
					t.Fatalf("%d frames arrive, %d are in the file", len(got), len(want))
				}
				for i, f := range [2]media.Kind{media.Video, media.Audio} {
					n := 0
					for _, w := range want {
						if w.Kind != f {
							continue
						}
						g := s.of(f)[n]
						n++
						if !bytes.Equal(g.Payload, w.Payload) || g.Class != w.Class {
							t.Fatalf("kind %d, frame %d is another", i, n)
						}
						if off := time.Duration(g.PTS - w.PTS); off.Abs() > time.Millisecond {
							t.Errorf("kind %d, frame %d: PTS %v off", i, n, off)
						}
						if late := g.at - time.Duration(g.DTS); late.Abs() > 5*time.Millisecond {
							t.Errorf("kind %d, frame %d comes %v late", i, n, late)
						}
					}
				}
			})
		})
	}
}

// Passes follow one another without a seam, on one line of time, with their
// headers said once.
func TestPublishLoop(t *testing.T) {
	for _, name := range []string{"clip.flv", "moov-last.mp4"} {
		t.Run(name, func(t *testing.T) {
			s := newServer(take)
			run(t, s, Options{File: clips + name, Loop: true}, 35*time.Second, func(err error, out *output) {
				if err != nil {
					t.Fatal(err)
				}
				if n := len(s.of(media.Data)); n != 1 {
					t.Errorf("metadata come %d times", n)
				}
				for _, k := range []media.Kind{media.Video, media.Audio} {
					frames := s.of(k)
					if n := len(frames); n < 800 {
						t.Errorf("kind %d: %d frames in 35 s", k, n)
					}
					for i := 1; i < len(frames); i++ {
						step := time.Duration(frames[i].DTS - frames[i-1].DTS)
						if step <= 0 || step > 120*time.Millisecond {
							t.Errorf("kind %d, frame %d follows after %v", k, i, step)
						}
						// The second set is that of the sound's header.
						if i > 1 && frames[i].Tracks != frames[i-1].Tracks {
							t.Errorf("kind %d, frame %d: sequence headers come again", k, i)
						}
					}
				}
				if text := out.stderr.String(); strings.Count(text, "\n") != 5 || !strings.Contains(text, "(pass 4)") ||
					!strings.Contains(text, "stopped: sent") {
					t.Errorf("output:\n%s", text)
				}
			})
		})
	}
}

func TestPublishJSON(t *testing.T) {
	s := newServer(take)
	run(t, s, Options{File: clips + "clip.flv", JSON: true}, time.Minute, func(err error, out *output) {
		if err != nil {
			t.Fatal(err)
		}
		if out.stderr.Len() > 0 {
			t.Errorf("on stderr: %s", out.stderr.String())
		}
		var events []string
		for line := range strings.Lines(out.stdout.String()) {
			var state struct {
				State
				Text string `json:"text"`
			}
			if err := json.Unmarshal([]byte(line), &state); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if state.Event == "progress" && (state.Sent == 0 || state.Bitrate == 0 || state.Length < 2.9 || state.Left > 2.5) {
				t.Errorf("state %s", line)
			}
			events = append(events, state.Event)
		}
		if got := strings.Join(events, " "); got != "note progress progress progress end" {
			t.Errorf("events %s", got)
		}
	})
}

// A terminal has one line that is written over.
func TestPublishTerminal(t *testing.T) {
	s := newServer(take)
	run(t, s, Options{File: clips + "clip.flv", Terminal: true}, time.Minute, func(err error, out *output) {
		text := out.stderr.String()
		if err != nil || strings.Count(text, "\n") != 3 || strings.Count(text, "\r") < 8 ||
			!strings.Contains(text, "of 0:03 · ") || !strings.Contains(text, " left · ") {
			t.Errorf("%v: %q", err, text)
		}
	})
}

func TestPublishMetadata(t *testing.T) {
	for name, want := range map[string]map[string]amf.Value{
		"moov-last.mp4": {
			"width": 96.0, "height": 54.0, "framerate": 25.0, "videocodecid": 7.0, "audiocodecid": 10.0,
			"audiosamplerate": 44100.0, "encoder": "Millrace",
		},
		"clip.flv": {"width": 96.0, "duration": nil, "filesize": nil, "videocodecid": 7.0},
	} {
		s := newServer(take)
		run(t, s, Options{File: clips + name}, time.Minute, func(error, *output) {
			values, err := amf.Decode(s.of(media.Data)[0].Payload)
			if err != nil || values.String(0) != "onMetaData" {
				t.Fatalf("%s: %v %v", name, values, err)
			}
			for property, v := range want {
				if got := values.Object(1).Get(property); got != v {
					t.Errorf("%s: %s is %v, want %v", name, property, got, v)
				}
			}
		})
	}
}

func TestPublishFails(t *testing.T) {
	refuse := func(*server, *rtmp.Stream) error {
		return &rtmp.StatusError{Code: "NetStream.Publish.BadName", Description: "the key " + key + " is on air"}
	}
	takeOver := func(_ *server, st *rtmp.Stream) error {
		if err := st.Accept(); err != nil {
			return err
		}
		for range 10 {
			if _, err := st.ReadFrame(); err != nil {
				return err
			}
		}
		return &rtmp.StatusError{Code: "NetStream.Publish.BadName", Description: "another encoder took over"}
	}
	hangUp := func(_ *server, st *rtmp.Stream) error {
		_ = st.Accept()
		_, _ = st.ReadFrame()
		st.Session().Close()
		return nil
	}
	for _, c := range []struct {
		name   string
		handle func(*server, *rtmp.Stream) error
		status tool.Status
		text   string
	}{
		{
			"refused", refuse, tool.Refused,
			"publish to rtmp://server.test/live/***?***: the server says NetStream.Publish.BadName: the key *** is on air",
		},
		{"taken over", takeOver, tool.Refused, "another encoder took over"},
		{"connection breaks", hangUp, tool.Lost, "connection lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, newServer(c.handle), Options{File: clips + "clip.flv"}, time.Minute, func(err error, _ *output) {
				if tool.StatusOf(err) != c.status || !strings.Contains(err.Error(), c.text) {
					t.Errorf("status %d: %v", tool.StatusOf(err), err)
				}
			})
		})
	}
}

func TestPublishNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	o := Options{File: clips + "clip.flv", URL: "rtmp://" + l.Addr().String() + "/live/" + key}
	err = Run(t.Context(), o, io.Discard, io.Discard)
	if tool.StatusOf(err) != tool.Unreachable {
		t.Errorf("status %d: %v", tool.StatusOf(err), err)
	}
}

// The same over TCP, without a bubble.
func TestPublishTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(take)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	url := "rtmp://" + l.Addr().String() + "/live/" + key
	var out output
	err = Run(t.Context(), Options{File: clips + "avc3.mp4", URL: url}, &out.stdout, &out.stderr)
	out.check(t, err)
	if err != nil {
		t.Error(err)
	}
	s.Close()
	<-served
	if n := len(s.of(media.Video)); n != 10 {
		t.Errorf("%d frames", n)
	}
}

func TestPublishFiles(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile(clips + "moov-last.mp4")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, content, text string
	}{
		{"empty", "", "it is empty"},
		{"webm", "\x1a\x45\xdf\xa3 and so on", "Matroska or WebM"},
		{"ts", "G and so on", "MPEG-TS"},
		{"text", "some text that is long enough", "neither FLV nor MP4"},
		{"recording.mp4", string(whole[:len(whole)/2]), "did not finish"},
		{"nothing.flv", "FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00", "neither picture nor sound"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Run(t.Context(), Options{File: path, URL: address}, io.Discard, io.Discard)
		if tool.StatusOf(err) != tool.Usage || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: status %d: %v", c.name, tool.StatusOf(err), err)
		}
	}
	for _, o := range []Options{
		{File: filepath.Join(dir, "missing.flv"), URL: address},
		{File: dir, URL: address},
		{File: clips + "clip.flv", URL: "http://server.test/live/x"},
		{File: clips + "clip.flv", URL: "server.test/live/" + key},
	} {
		err := Run(t.Context(), o, io.Discard, io.Discard)
		if tool.StatusOf(err) != tool.Usage || strings.Contains(err.Error(), key) {
			t.Errorf("%s to %s: status %d: %v", o.File, o.URL, tool.StatusOf(err), err)
		}
	}
}

// A file that was cut short is sent as far as it goes.
func TestPublishCutShort(t *testing.T) {
	for _, name := range []string{"clip.flv", "fragmented.mp4"} {
		whole, err := os.ReadFile(clips + name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, whole[:len(whole)*4/5], 0o600); err != nil {
			t.Fatal(err)
		}
		s := newServer(take)
		run(t, s, Options{File: path}, time.Minute, func(err error, out *output) {
			if err != nil || !strings.Contains(out.stderr.String(), "cut short") {
				t.Errorf("%s: %v\n%s", name, err, out.stderr.String())
			}
			if n := len(s.of(media.Video)); n < 40 {
				t.Errorf("%s: %d frames", name, n)
			}
		})
	}
}
