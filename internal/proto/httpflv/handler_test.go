package httpflv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/media"
)

// tag is one tag of a file, as it is compared.
type tag struct {
	kind flv.TagType
	time uint32
	body [32]byte
}

func readTags(r io.Reader) (tags []tag, err error) {
	for file := flv.NewReader(r); ; {
		kind, ms, body, err := file.Next()
		if err != nil {
			return tags, err
		}
		tags = append(tags, tag{kind, ms, sha256.Sum256(body)})
	}
}

// house is a hub with a door to it.
type house struct {
	registry *hub.Registry
	http     *httptest.Server
	ends     chan string
}

// PlayEnded implements [Meter].
func (h *house) PlayEnded(protocol, reason string) { h.ends <- protocol + " " + reason }

func newHouse(t *testing.T) *house { return newHouseOf(t, hub.Everyone{}) }

func newHouseOf(t *testing.T, a hub.Access) *house {
	h := &house{registry: hub.New(hub.Options{Access: a}), ends: make(chan string, 100)}
	door := &Handler{
		Hub: h.registry, Logger: slog.New(slog.DiscardHandler), Meter: h, WriteTimeout: 500 * time.Millisecond,
		Driver: driver,
	}
	h.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		door.ServeStream(w, r, strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), ".flv"))
	}))
	t.Cleanup(func() {
		h.http.CloseClientConnections()
		h.http.Close()
		if err := h.registry.Shutdown(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("shut the hub down: %v", err)
		}
	})
	return h
}

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
		if s, _ := h.registry.Stream("live/cam"); s.ViewersTotal == want {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the stream has %d viewers, want %d", s.ViewersTotal, want)
		}
	}
}

// send publishes the clip, and returns its tags. The first picture and what is
// before it go at once, the rest after the call of joined.
func (h *house) send(t *testing.T, p *hub.Publication, joined func()) []tag {
	t.Helper()
	clip, err := os.ReadFile("../../../flv/testdata/h264-bframes-aac.flv")
	if err != nil {
		t.Fatal(err)
	}
	want, err := readTags(bytes.NewReader(clip))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	file := flv.NewFrameReader(bytes.NewReader(clip))
	began := false
	for {
		f, err := file.Next()
		if errors.Is(err, io.EOF) {
			return want
		} else if err != nil {
			t.Fatal(err)
		}
		if err := p.Write(f); err != nil {
			t.Fatal(err)
		}
		if !began && f.IsKey() {
			began = true
			joined()
		}
	}
}

func TestEveryTagComesOut(t *testing.T) {
	for _, door := range []struct {
		name string
		open func(t *testing.T, url string) io.Reader
	}{{"http", openHTTP}, {"websocket", openWebSocket}} {
		t.Run(door.name, func(t *testing.T) {
			h := newHouse(t)
			p := h.publish(t)
			done := make(chan struct{})
			var got []tag
			var end error
			want := h.send(t, p, func() {
				body := door.open(t, h.http.URL+"/live/cam.flv")
				h.viewers(t, 1)
				go func() {
					defer close(done)
					got, end = readTags(body)
				}()
			})
			p.End(nil)
			<-done
			protocol := map[string]string{"http": "http-flv", "websocket": "ws-flv"}[door.name]
			if end := <-h.ends; end != protocol+" ended" {
				t.Errorf("the meter was told of %q", end)
			}
			if !errors.Is(end, io.EOF) {
				t.Errorf("the file ended with %v", end)
			}
			// The sequence headers and the state come with the time of the join, and
			// sound from before the key frame is left out.
			first := slices.IndexFunc(want, func(w tag) bool { return w.kind == flv.TagVideo && w.time > 0 })
			if tail := want[first:]; len(got) < len(tail) || !slices.Equal(got[len(got)-len(tail):], tail) {
				t.Errorf("%d tags came out of %d, and the last ones are not the same", len(got), len(want))
			}
		})
	}
}

func openHTTP(t *testing.T, url string) io.Reader {
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "video/x-flv" ||
		resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("status %d, header %v", resp.StatusCode, resp.Header)
	}
	return resp.Body
}

func openWebSocket(t *testing.T, url string) io.Reader {
	c, _, err := websocket.Dial(t.Context(), strings.Replace(url, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(-1)
	return websocket.NetConn(t.Context(), c, websocket.MessageBinary)
}

func TestRefusals(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		method string
		status int
	}{{http.MethodGet, http.StatusNotFound}, {http.MethodPost, http.StatusMethodNotAllowed}} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, h.http.URL+"/live/nothing.flv", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var d problem.Details
		err = json.NewDecoder(resp.Body).Decode(&d)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || d.Status != c.status || d.Detail == "" {
			t.Errorf("%s: status %d, %+v (%v), want status %d", c.method, resp.StatusCode, d, err, c.status)
		}
	}
}

// A viewer who goes is noticed though nothing is being sent.
func TestViewerLeaves(t *testing.T) {
	h := newHouse(t)
	p := h.publish(t)
	defer p.End(nil)
	resp, err := http.Get(h.http.URL + "/live/cam.flv")
	if err != nil {
		t.Fatal(err)
	}
	h.viewers(t, 1)
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	h.viewers(t, 0)
	if end := <-h.ends; end != "http-flv left" {
		t.Errorf("the meter was told of %q", end)
	}
}

// A viewer who accepts nothing is closed after the write timeout.
func TestViewerHangs(t *testing.T) {
	h := newHouse(t)
	p := h.publish(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(h.http.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /live/cam.flv HTTP/1.1\r\nHost: x\r\n\r\n")
	h.viewers(t, 1)
	tracks := (&media.TrackSet{}).With(&media.Track{Kind: media.Audio, Codec: media.MP3})
	for i := range 8 {
		f := &media.Frame{
			Kind: media.Audio, Class: media.Key, Header: 1, DTS: int64(i) * 1e6, Tracks: tracks, Payload: make([]byte, 2<<20),
		}
		if err := p.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	h.viewers(t, 0)
	if end := <-h.ends; end != "http-flv stuck" {
		t.Errorf("the meter was told of %q", end)
	}
}

func BenchmarkBatch(b *testing.B) {
	payload := make([]byte, 4000)
	tags := make([]flv.Tag, 8)
	for i := range tags {
		tags[i] = flv.Tag{Type: flv.TagVideo, Payload: payload}
	}
	var batch batch
	b.ReportAllocs()
	for b.Loop() {
		for i := range tags {
			batch.tag(&tags[i])
		}
		batch.slices()
		batch.reset()
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	var b batch
	var mux flv.Muxer
	var tags []flv.Tag
	tracks := (&media.TrackSet{}).With(&media.Track{Kind: media.Audio, Codec: media.MP3})
	f := &media.Frame{Kind: media.Audio, Class: media.Key, Header: 1, Tracks: tracks, Payload: make([]byte, 100)}
	if n := testing.AllocsPerRun(1000, func() {
		tags = mux.Mux(tags[:0], f)
		for i := range tags {
			b.tag(&tags[i])
		}
		b.slices()
		b.reset()
	}); n != 0 {
		t.Errorf("a frame to a viewer takes %v allocations", n)
	}
}
