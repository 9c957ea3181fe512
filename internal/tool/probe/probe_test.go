package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const clip = "../../mp4/testdata/clip.flv"

// loop sends the clip in real time until the stream ends.
func loop(st *rtmp.Stream, frames []*media.Frame) error {
	if err := st.Accept(); err != nil {
		return err
	}
	start := time.Now()
	var j tool.Joiner
	for {
		j.Restart()
		for _, f := range frames {
			if f.Kind != media.Data {
				f = j.Join(f)
			}
			time.Sleep(time.Until(start.Add(time.Duration(f.DTS))))
			if err := st.WriteFrame(f); err != nil {
				return err
			}
		}
	}
}

func clipFrames(t *testing.T) (frames []*media.Frame) {
	t.Helper()
	file, err := os.Open(clip)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for r := flv.NewFrameReader(file); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Class != media.Command {
			frames = append(frames, f)
		}
	}
}

// run probes in a bubble of time, and returns how long it took.
func run(t *testing.T, o Options, handle func(*rtmp.Stream) error) (stdout string, took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := &rtmp.Server{Handler: rtmp.HandlerFunc(handle)}
		o.URL = "rtmp://server.test/live/cam1?token=s3cr3t"
		o.Clients.RTMP.NetDial = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { _ = srv.ServeConn(context.Background(), theirs, nil) }()
			return ours, nil
		}
		var out, errors bytes.Buffer
		start := time.Now()
		err = Run(t.Context(), o, &out, &errors)
		took = time.Since(start)
		stdout = out.String()
		if strings.Contains(stdout+errors.String(), "s3cr3t") {
			t.Errorf("output holds the token:\n%s%s", stdout, errors.String())
		}
		time.Sleep(time.Minute) // until both sides have gone
	})
	return stdout, took, err
}

func TestProbe(t *testing.T) {
	frames := clipFrames(t)
	text, took, err := run(t, Options{Terminal: true}, func(st *rtmp.Stream) error { return loop(st, frames) })
	if err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	if took < 5*time.Second || took > 7*time.Second {
		t.Errorf("took %v", took)
	}
	golden(t, "clip.txt", text)
}

func TestProbeJSON(t *testing.T) {
	frames := clipFrames(t)
	text, took, err := run(t, Options{JSON: true, Seconds: 3}, func(st *rtmp.Stream) error { return loop(st, frames) })
	if err != nil || took > 4*time.Second {
		t.Errorf("%v after %v", err, took)
	}
	var r Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if r.URL != "rtmp://server.test/live/cam1?***" || r.Video.CodecString == "" || r.Audio.SampleRate != 44100 ||
		r.Video.BFrames != 3 || r.Video.Width != 96 {
		t.Errorf("report %s", text)
	}
}

// The text of a stream with everything wrong reads well.
func TestText(t *testing.T) {
	s := base()
	s.group, s.bFrames, s.length = 300, 5, 25*time.Second
	c := s.video.Format.(*media.AVCConfig)
	c.ChromaFormat, c.Profile = 3, 244
	s.metadata[1] = 1280.0
	s.offset = 150 * time.Millisecond
	r := s.analyze(t)
	r.URL = "rtmp://server.test/live/cam1"
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "troubled.txt", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestProbeEnds(t *testing.T) {
	frames := clipFrames(t)
	for _, c := range []struct {
		name   string
		handle func(*rtmp.Stream) error
		status tool.Status
		text   string
	}{
		{"refused", func(*rtmp.Stream) error { return rtmp.ErrStreamNotFound }, tool.Refused, ""},
		{"nothing comes", func(st *rtmp.Stream) error {
			if err := st.Accept(); err != nil {
				return err
			}
			<-st.Context().Done()
			return nil
		}, tool.Lost, ""},
		{"ends early", func(st *rtmp.Stream) error {
			if err := st.Accept(); err != nil {
				return err
			}
			for _, f := range frames {
				if err := st.WriteFrame(f); err != nil {
					return err
				}
			}
			return nil
		}, tool.OK, "ended while it was measured"},
		{"sound dies and the key frames are far apart", func(st *rtmp.Stream) error {
			var picture []*media.Frame
			for i, f := range frames {
				if f.Kind == media.Video && (i < 5 || !f.IsKey()) {
					picture = append(picture, f)
				}
			}
			return loop(st, picture[:40])
		}, tool.OK, "There is no sound"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, took, err := run(t, Options{}, c.handle)
			if tool.StatusOf(err) != c.status || !strings.Contains(stdout, c.text) || took > 31*time.Second {
				t.Errorf("status %d after %v: %v\n%s", tool.StatusOf(err), took, err, stdout)
			}
		})
	}
}

// A stream with a problem is another exit status, and a report all the same.
func TestProbeTroubled(t *testing.T) {
	frames := clipFrames(t)
	stdout, took, err := run(t, Options{}, func(st *rtmp.Stream) error {
		first := true
		var some []*media.Frame
		for _, f := range frames {
			if f.IsKey() && !first {
				break
			}
			first = first && !f.IsKey()
			some = append(some, f)
		}
		if err := st.Accept(); err != nil {
			return err
		}
		start := time.Now()
		for pass := time.Duration(0); ; pass++ {
			for i, f := range some {
				if pass > 0 && (f.IsKey() || i < 3) {
					continue
				}
				c := *f
				c.DTS, c.PTS = f.DTS+int64(pass*1960*time.Millisecond), f.PTS+int64(pass*1960*time.Millisecond)
				time.Sleep(time.Until(start.Add(time.Duration(c.DTS))))
				if err := st.WriteFrame(&c); err != nil {
					return err
				}
			}
		}
	})
	if tool.StatusOf(err) != tool.Troubled || !strings.Contains(stdout, "One key frame came in 10 s") || took < 10*time.Second {
		t.Errorf("%v after %v\n%s", err, took, stdout)
	}
}

func TestProbeHTTP(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, clip) }))
	defer srv.Close()
	var out bytes.Buffer
	err := Run(t.Context(), Options{URL: srv.URL + "/live/cam1.flv"}, &out, io.Discard)
	if err != nil || !strings.Contains(out.String(), "H.264 High") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestProbeRefusesOptions(t *testing.T) {
	for _, o := range []Options{
		{URL: "ftp://server.test/x"},
		{URL: "rtmp://server.test/live/x", Seconds: -1},
		{URL: "rtmp://server.test/live/x", Seconds: 1e9},
	} {
		if err := Run(t.Context(), o, io.Discard, io.Discard); tool.StatusOf(err) != tool.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
