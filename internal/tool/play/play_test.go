package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/mp4"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// clip is 3 s of H.264 with B-frames at 25 frames a second, a key each 2 s,
// and AAC.
const clip = "../../mp4/testdata/clip.flv"

func clipBytes(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func flvFrames(t *testing.T, b []byte) []*media.Frame {
	t.Helper()
	var frames []*media.Frame
	for r := flv.NewFrameReader(bytes.NewReader(b)); ; {
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

func mp4Frames(t *testing.T, b []byte) []*media.Frame {
	t.Helper()
	r, err := mp4.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var frames []*media.Frame
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
}

func of(k media.Kind, frames []*media.Frame) (some []*media.Frame) {
	for _, f := range frames {
		if f.Kind == k {
			some = append(some, f)
		}
	}
	return some
}

// same compares the frames of an output with those that were sent, whose clock
// began at start.
func same(t *testing.T, got, want []*media.Frame, start time.Duration) {
	t.Helper()
	for _, k := range []media.Kind{media.Video, media.Audio} {
		g, w := of(k, got), of(k, want)
		if len(g) != len(w) {
			t.Fatalf("kind %d: %d frames, want %d", k, len(g), len(w))
		}
		for i := range g {
			if !bytes.Equal(g[i].Payload, w[i].Payload) || g[i].Class != w[i].Class {
				t.Fatalf("kind %d, frame %d is another", k, i)
			}
			if off := time.Duration(g[i].PTS-w[i].PTS) + start; off.Abs() > 2*time.Millisecond {
				t.Errorf("kind %d, frame %d: %v off", k, i, off)
			}
		}
	}
}

// dialer connects to a server that is asked by handle, over a pipe.
func dialer(handle func(*rtmp.Stream) error) rtmp.Dialer {
	srv := &rtmp.Server{Handler: rtmp.HandlerFunc(handle)}
	return rtmp.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() { _ = srv.ServeConn(context.Background(), theirs, nil) }()
		return ours, nil
	}}
}

// send sends frames at their time, on a clock that begins at start.
func send(st *rtmp.Stream, frames []*media.Frame, start time.Duration) error {
	if err := st.Accept(); err != nil {
		return err
	}
	begin := time.Now()
	for _, f := range frames {
		c := *f
		time.Sleep(time.Until(begin.Add(time.Duration(f.DTS))))
		c.DTS, c.PTS = c.DTS+int64(start), c.PTS+int64(start)
		if err := st.WriteFrame(&c); err != nil {
			return err
		}
	}
	return nil
}

const address = "rtmp://server.test/live/cam1?token=s3cr3t"

// run plays in a bubble of time.
func run(t *testing.T, o Options, handle func(*rtmp.Stream) error) (stdout, stderr string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		o.URL = address
		o.Clients.RTMP = dialer(handle)
		var out, errors bytes.Buffer
		err = Run(ctx, o, &out, &errors)
		stdout, stderr = out.String(), errors.String()
		time.Sleep(time.Minute) // until both sides have gone
	})
	text := stderr
	if o.Output != "-" {
		text += stdout
	}
	if strings.Contains(text+fmt.Sprint(err), "s3cr3t") {
		t.Errorf("output holds the token:\n%s%v", text, err)
	}
	return stdout, stderr, err
}

// What was sent is what is written, wherever the stream's clock stands.
func TestPlayToFile(t *testing.T) {
	frames := flvFrames(t, clipBytes(t))
	for _, c := range []struct {
		name  string
		read  func(*testing.T, []byte) []*media.Frame
		start time.Duration
	}{
		{"out.flv", flvFrames, 0},
		{"out.flv", flvFrames, 20 * time.Hour},
		{"out.mp4", mp4Frames, 0},
		{"out.mp4", mp4Frames, 1193 * time.Hour}, // across the wrap of 32 bits
	} {
		t.Run(fmt.Sprint(c.name, c.start), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.name)
			_, stderr, err := run(t, Options{Output: path}, func(st *rtmp.Stream) error { return send(st, frames, c.start) })
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{
				"playing rtmp://server.test/live/cam1?***: H.264 96x54, AAC 44100 Hz", "no gaps", "key 2 s", " 25 fps",
				"written: " + path, "the stream ended",
			} {
				if !strings.Contains(stderr, text) {
					t.Errorf("no %q in:\n%s", text, stderr)
				}
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			same(t, c.read(t, b), frames, 0)
			decodes(t, path)
		})
	}
}

// decodes has FFmpeg decode all of a file.
func decodes(t *testing.T, path string) {
	t.Helper()
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Log("not checked with ffprobe, which is not here")
		return
	}
	cmd := exec.Command("ffprobe", "-v", "warning", "-count_frames", "-show_entries", "stream=codec_type,nb_read_frames",
		"-of", "csv=p=0", path)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil || messages.Len() > 0 || !strings.Contains(string(out), "video,75") ||
		!strings.Contains(string(out), "audio,13") {
		t.Errorf("ffprobe: %v\n%s%s", err, out, messages.String())
	}
}

func TestPlayToStdout(t *testing.T) {
	frames := flvFrames(t, clipBytes(t))
	stdout, stderr, err := run(t, Options{Output: "-", JSON: true},
		func(st *rtmp.Stream) error { return send(st, frames, time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	same(t, flvFrames(t, []byte(stdout)), frames, 0)
	var last State
	for line := range strings.Lines(stderr) {
		last = State{}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
	if last.Event != "end" || last.Reason != "the stream ended" || last.Video == nil || last.Video.Bitrate < 1000 ||
		last.Audio == nil || last.Media < 2.9 || last.Video.KeyInterval != 2 {
		t.Errorf("last state %+v", last)
	}
}

func TestPlayEnds(t *testing.T) {
	frames := flvFrames(t, clipBytes(t))
	for _, c := range []struct {
		name   string
		o      Options
		handle func(*rtmp.Stream) error
		status tool.Status
		text   string
	}{
		{"refused", Options{}, func(*rtmp.Stream) error {
			return &rtmp.StatusError{Code: "NetStream.Play.StreamNotFound", Description: "no cam1 for s3cr3t"}
		}, tool.Refused, "the server says NetStream.Play.StreamNotFound: no cam1 for ***"},
		{
			"nothing came",
			Options{},
			func(st *rtmp.Stream) error { return st.Accept() },
			tool.Lost, "ended before anything came",
		},
		{"connection breaks", Options{}, func(st *rtmp.Stream) error {
			err := send(st, frames[:100], 0)
			st.Session().Conn().Close()
			return err
		}, tool.Lost, "connection lost"},
		{"silence", Options{}, func(st *rtmp.Stream) error {
			err := send(st, frames[:100], 0)
			if err != nil {
				return err
			}
			<-st.Context().Done()
			return nil
		}, tool.OK, ""}, // pings keep it up; the hour of the test ends it
		{
			"duration",
			Options{Duration: time.Second},
			func(st *rtmp.Stream) error { return send(st, frames, 0) },
			tool.OK, "duration is over",
		},
		{"duration while nothing comes", Options{Duration: 10 * time.Second}, func(st *rtmp.Stream) error {
			if err := send(st, frames, 0); err != nil {
				return err
			}
			<-st.Context().Done()
			return nil
		}, tool.OK, "duration is over"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, stderr, err := run(t, c.o, c.handle)
			if tool.StatusOf(err) != c.status || !strings.Contains(stderr+fmt.Sprint(err), c.text) {
				t.Errorf("status %d: %v\n%s", tool.StatusOf(err), err, stderr)
			}
		})
	}
}

// A jump of the stream's clock leaves no hole in the file.
func TestPlayJoinsJumps(t *testing.T) {
	frames := flvFrames(t, clipBytes(t))
	path := filepath.Join(t.TempDir(), "out.flv")
	_, stderr, err := run(t, Options{Output: path}, func(st *rtmp.Stream) error {
		if err := send(st, frames, time.Hour); err != nil {
			return err
		}
		return send(st, frames, 0)
	})
	if err != nil || !strings.Contains(stderr, "1 clock jump") {
		t.Errorf("%v\n%s", err, stderr)
	}
	b, _ := os.ReadFile(path)
	got := of(media.Video, flvFrames(t, b))
	if len(got) != 150 {
		t.Fatalf("%d frames", len(got))
	}
	for i := 1; i < len(got); i++ {
		if step := time.Duration(got[i].DTS - got[i-1].DTS); step <= 0 || step > 100*time.Millisecond {
			t.Errorf("frame %d follows after %v", i, step)
		}
	}
}

func TestPlayHTTP(t *testing.T) {
	whole := clipBytes(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/live/cam1.flv", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(whole) })
	mux.HandleFunc("/live/cut.flv", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(whole[:len(whole)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello</html>") })
	mux.HandleFunc("/live/off.flv", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"title":"Not Found","detail":"this stream is not on air"}`)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	for _, c := range []struct {
		path   string
		status tool.Status
		text   string
	}{
		{"/live/cam1.flv?token=s3cr3t", tool.OK, ""},
		{"/live/cut.flv", tool.Lost, "connection lost"},
		{"/page", tool.Failed, "not FLV"},
		{"/live/off.flv", tool.Refused, "404 Not Found: this stream is not on air"},
	} {
		path := filepath.Join(t.TempDir(), "out.flv")
		var stderr bytes.Buffer
		err := Run(t.Context(), Options{URL: srv.URL + c.path, Output: path}, io.Discard, &stderr)
		text := stderr.String() + fmt.Sprint(err)
		if tool.StatusOf(err) != c.status || !strings.Contains(text, c.text) || strings.Contains(text, "s3cr3t") {
			t.Errorf("%s: status %d: %v\n%s", c.path, tool.StatusOf(err), err, stderr.String())
		}
		if c.status == tool.OK {
			b, _ := os.ReadFile(path)
			same(t, flvFrames(t, b), flvFrames(t, whole), 0)
		}
	}
	url := srv.URL
	srv.Close()
	err := Run(t.Context(), Options{URL: url + "/live/cam1.flv"}, io.Discard, io.Discard)
	if tool.StatusOf(err) != tool.Unreachable {
		t.Errorf("nobody there: status %d: %v", tool.StatusOf(err), err)
	}
}

func TestPlayOutputs(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.flv")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "no such folder", "out.flv")
	for _, name := range []string{there, filepath.Join(dir, "out.mkv"), filepath.Join(dir, "out"), missing} {
		_, _, err := run(t, Options{Output: name}, func(*rtmp.Stream) error { return rtmp.ErrStreamNotFound })
		if tool.StatusOf(err) != tool.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
}
