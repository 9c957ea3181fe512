package httpts

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/media"
)

// house is a hub with a door to it.
type house struct {
	registry *hub.Registry
	door     *Handler
	http     *httptest.Server
	ends     chan string
}

// PlayEnded implements [Meter].
func (h *house) PlayEnded(protocol, reason string) { h.ends <- protocol + " " + reason }

func newHouse(t *testing.T) *house { return newHouseOf(t, hub.Everyone{}) }

func newHouseOf(t *testing.T, a hub.Access) *house {
	h := &house{registry: hub.New(hub.Options{Access: a}), ends: make(chan string, 100)}
	h.door = &Handler{
		Hub: h.registry, Logger: slog.New(slog.DiscardHandler), Meter: h, WriteTimeout: 500 * time.Millisecond, Driver: driver,
	}
	h.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.door.ServeStream(w, r, strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), ".ts"))
	}))
	h.http.EnableHTTP2 = true
	t.Cleanup(func() {
		h.http.CloseClientConnections()
		h.http.Close()
		if err := h.registry.Shutdown(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("shut the hub down: %v", err)
		}
		h.door.Close()
		if n := len(h.door.runs); n > 0 || h.door.Panics() > 0 {
			t.Errorf("%d runs are left, and %d panicked", n, h.door.Panics())
		}
	})
	return h
}

func (h *house) url() string { return h.http.URL + "/live/cam.ts" }

func (h *house) publish(t *testing.T) *hub.Publication {
	t.Helper()
	p, err := h.registry.Publish(t.Context(), hub.PublishRequest{
		App: "live", Name: "cam", Protocol: "test", Remote: netip.MustParseAddrPort("127.0.0.1:1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// viewers waits until the stream has that many.
func (h *house) viewers(t *testing.T, want int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if s, _ := h.registry.Stream("live/cam"); s.Viewers[Protocol] == want && s.ViewersTotal == want {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the stream has %d viewers, want %d", s.ViewersTotal, want)
		}
	}
}

// clip returns the frames of a test file.
func clip(t *testing.T, name string) (frames []*media.Frame) {
	t.Helper()
	b, err := os.ReadFile("../../../flv/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for r := flv.NewFrameReader(bytes.NewReader(b)); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		} else if err != nil {
			t.Fatal(err)
		}
		if f.Class != media.Command {
			frames = append(frames, f)
		}
	}
}

func write(t *testing.T, p *hub.Publication, frames ...*media.Frame) {
	t.Helper()
	for _, f := range frames {
		if err := p.Write(f); err != nil {
			t.Fatal(err)
		}
	}
}

const h264 = "h264-bframes-aac.flv"

// Every frame from the key on comes out, to each viewer, and then the end.
func TestEveryFrameComesOut(t *testing.T) {
	for name, open := range map[string]func(t *testing.T, h *house) io.Reader{
		"http 1.1": openHTTP, "http 1.0": openOld, "https": openTLS, "http 2": openHTTP2,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			if strings.Contains(name, "s") || strings.Contains(name, "2") {
				h.http.StartTLS()
			} else {
				h.http.Start()
			}
			p := h.publish(t)
			frames := clip(t, h264)
			half := len(frames) / 2
			write(t, p, frames[:half]...)
			const viewers = 3
			type result struct {
				packets
				err error
			}
			results := make(chan result, viewers)
			for range viewers {
				body := open(t, h)
				joined := make(chan struct{})
				go func() {
					var r result
					r.err = r.read(body, func() bool {
						if r.n == 1 {
							close(joined)
						}
						return false
					})
					results <- r
				}()
				<-joined
			}
			h.viewers(t, viewers)
			write(t, p, frames[half:]...)
			p.End(nil)
			var first *result
			for range viewers {
				r := <-results
				if first == nil {
					first = &r
				}
				if !errors.Is(r.err, io.EOF) || r.keys == 0 || r.frames < len(frames)-half || r.n != first.n {
					t.Errorf("%d packets, %d frames of %d, %d keys, error %v", r.n, r.frames, len(frames), r.keys, r.err)
				}
				if end := <-h.ends; end != "ts ended" {
					t.Errorf("the meter was told of %q", end)
				}
			}
			if out := h.registry.Traffic().Out[Protocol]; out.Drops != 0 || out.Bytes != uint64(viewers*first.n*188) {
				t.Errorf("traffic %+v of %d packets", out, first.n)
			}
		})
	}
}

func checkHead(t *testing.T, resp *http.Response) {
	t.Helper()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "video/mp2t" ||
		resp.Header.Get("Access-Control-Allow-Origin") != "*" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, header %v", resp.StatusCode, resp.Header)
	}
}

func get(t *testing.T, client *http.Client, url string, major int) io.Reader {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	checkHead(t, resp)
	if resp.ProtoMajor != major {
		t.Fatalf("the answer came by HTTP/%d", resp.ProtoMajor)
	}
	return resp.Body
}

func openHTTP(t *testing.T, h *house) io.Reader { return get(t, http.DefaultClient, h.url(), 1) }

func openHTTP2(t *testing.T, h *house) io.Reader { return get(t, h.http.Client(), h.url(), 2) }

func openTLS(t *testing.T, h *house) io.Reader {
	plain := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	return get(t, &http.Client{Transport: plain}, h.url(), 1)
}

func openOld(t *testing.T, h *house) io.Reader {
	c, err := net.Dial("tcp", h.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, "GET /live/cam.ts HTTP/1.0\r\n\r\n")
	var head []byte
	for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, b[0]) {
		if _, err := c.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 OK\r\n")) || bytes.Contains(head, []byte("chunked")) {
		t.Fatalf("the head is %s", head)
	}
	return c
}

// nobody lets people publish and not play.
type nobody struct{ hub.Everyone }

func (nobody) Play(context.Context, *hub.PlayRequest) error {
	return &hub.Refusal{Code: hub.Forbidden, Reason: "not you"}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, method string
		access       hub.Access
		clip         string
		status       int
		detail       string
	}{
		{"nothing is on air", http.MethodGet, hub.Everyone{}, "", 404, "this stream is not on air"},
		{"nothing is on air, head", http.MethodHead, hub.Everyone{}, "", 404, ""},
		{"refused", http.MethodGet, nobody{}, h264, 403, "not you"},
		{"a wrong method", http.MethodPost, hub.Everyone{}, h264, 405, "a stream is read with GET or HEAD"},
		{"head", http.MethodHead, hub.Everyone{}, h264, 200, ""},
		{"preflight", http.MethodOptions, hub.Everyone{}, h264, 204, ""},
		{"no track yet", http.MethodHead, hub.Everyone{}, "nothing", 200, ""},
		{
			"no codec that can be carried", http.MethodGet,
			hub.Everyone{},
			"libav-8.1-vp9-flac.flv", 404,
			"the stream is on air, but nothing of it can be carried in MPEG-TS: VP9 cannot be carried in MPEG-TS; " +
				"FLAC cannot be carried in MPEG-TS",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouseOf(t, c.access)
			h.http.Start()
			if c.clip != "" {
				p := h.publish(t)
				if c.clip != "nothing" {
					write(t, p, clip(t, c.clip)...)
				}
				defer p.End(nil)
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, h.url(), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			var d problem.Details
			if c.detail != "" {
				if err := json.Unmarshal(body, &d); err != nil {
					t.Errorf("the answer is %s: %v", body, err)
				}
			}
			if err != nil || resp.StatusCode != c.status || d.Detail != c.detail {
				t.Errorf("status %d, %q (%v), want %d, %q", resp.StatusCode, d.Detail, err, c.status, c.detail)
			}
			if c.status == 200 {
				checkHead(t, resp)
			}
			h.viewers(t, 0)
		})
	}
}

// A viewer who goes is noticed though nothing is being sent, and the run ends with
// the last one.
func TestViewerLeaves(t *testing.T) {
	h := newHouse(t)
	h.http.Start()
	p := h.publish(t)
	defer p.End(nil)
	broadcast(t, p, 0, 1, 1000)
	resp, err := http.Get(h.url())
	if err != nil {
		t.Fatal(err)
	}
	h.viewers(t, 1)
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	h.viewers(t, 0)
	// What it has not read makes its going a reset.
	if end := <-h.ends; end != "ts left" && end != "ts connection-lost" {
		t.Errorf("the meter was told of %q", end)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		h.door.mu.Lock()
		n := len(h.door.runs)
		h.door.mu.Unlock()
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the run goes on")
		}
	}
}

// broadcast writes seconds of pictures of size bytes, ten a second, a key frame each
// second.
func broadcast(t *testing.T, p *hub.Publication, from, seconds, size int) {
	t.Helper()
	all := clip(t, h264)
	tracks := all[len(all)-1].Tracks
	for i := range seconds * 10 {
		at := int64(from*10+i) * int64(time.Second/10)
		f := &media.Frame{Kind: media.Video, DTS: at, PTS: at, Arrival: time.Now(), Tracks: tracks, Payload: make([]byte, size)}
		f.Payload[0], f.Payload[1], f.Payload[2], f.Payload[3] = byte((size-4)>>24), byte((size-4)>>16), byte((size-4)>>8), byte(size-4)
		f.Payload[4] = 0x41
		if i%10 == 0 {
			f.Class, f.Payload[4] = media.Key, 0x65
		}
		write(t, p, f)
	}
}

// A viewer who accepts nothing is closed after the write timeout, and another one
// gets everything meanwhile.
func TestViewerHangs(t *testing.T) {
	h := newHouse(t)
	h.http.Start()
	p := h.publish(t)
	broadcast(t, p, 0, 1, 1000)
	c, err := net.Dial("tcp", h.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /live/cam.ts HTTP/1.1\r\nHost: x\r\n\r\n")
	h.viewers(t, 1)
	body := openHTTP(t, h)
	h.viewers(t, 2)
	done := make(chan packets)
	go func() {
		var good packets
		if err := good.read(body, nil); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		done <- good
	}()
	broadcast(t, p, 1, 1, 1<<20)
	h.viewers(t, 1)
	if end := <-h.ends; end != "ts stuck" {
		t.Errorf("the meter was told of %q", end)
	}
	p.End(nil)
	if good := <-done; good.frames < 15 || good.gaps != 0 {
		t.Errorf("the other viewer got %d frames with %d gaps", good.frames, good.gaps)
	}
}

// A viewer who lags goes on at a later key frame, knows of the gap, and is closed
// when that happens again and again. A gap is told in four PIDs: PAT, PMT, picture,
// sound.
func TestViewerLags(t *testing.T) {
	h := newHouse(t)
	h.http.Start()
	p := h.publish(t)
	defer p.End(nil)
	broadcast(t, p, 0, 1, 1000)
	reader, err := h.registry.Play(t.Context(), hub.PlayRequest{Stream: "live/cam", Protocol: Protocol, Served: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r, err := h.door.enter(t.Context(), hub.PlayRequest{Stream: "live/cam"}, reader)
	if err != nil {
		t.Fatal(err)
	}
	defer h.door.exit(r)
	v := &viewer{Handler: h.door, run: r, reader: reader}
	var got bytes.Buffer
	// filled waits until the run has the frames before a time.
	filled := func(second int) {
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
			r.mu.Lock()
			frames := r.ring.frames
			r.mu.Unlock()
			if frames >= uint64(second*10) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("the run has %d frames of %d seconds", frames, second)
			}
		}
	}
	take := func() error {
		for {
			pieces, size, err := r.take(v, nil)
			if size == 0 {
				return err
			}
			for _, p := range pieces {
				got.Write(p)
			}
		}
	}
	filled(1)
	if _, err := r.unplayable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := take(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		from := 1 + 15*i
		for second := from; second < from+15; second++ { // no faster than the run, who would skip
			broadcast(t, p, second, 1, 1000)
			filled(second + 1)
		}
		err := take()
		if want := i == 2; errors.Is(err, hub.ErrSlowReader) != want {
			t.Fatalf("after %d jumps: %v", i+1, err)
		}
	}
	var read packets
	if err := read.read(&got, nil); !errors.Is(err, io.EOF) || read.gaps != 2*4 || read.frames != 10+10+10 {
		t.Errorf("%d frames with %d gaps: %v", read.frames, read.gaps, err)
	}
	if drops := reader.Drops(); drops != 3*140 {
		t.Errorf("%d frames were dropped", drops)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.ring.list); r.ring.size > lagBytes+1<<20 || n > 15*10 {
		t.Errorf("the ring keeps %d bursts of %d bytes", n, r.ring.size)
	}
}

// One who goes on watching gets the second part of a broadcast after a drop of its
// publisher, in the same response.
func TestPublisherReturns(t *testing.T) {
	h := newHouse(t)
	h.http.Start()
	p := h.publish(t)
	broadcast(t, p, 0, 1, 1000)
	body := openHTTP(t, h)
	h.viewers(t, 1)
	p.End(errors.New("cut"))
	p = h.publish(t)
	broadcast(t, p, 0, 2, 1000)
	p.End(nil)
	var got packets
	if err := got.read(body, nil); !errors.Is(err, io.EOF) || got.frames != 30 || got.gaps != 1 {
		t.Errorf("%d frames, %d discontinuities: %v", got.frames, got.gaps, err)
	}
}
