package poster

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/media"
)

// house is a hub with a door to its pictures.
type house struct {
	t        *testing.T
	registry *hub.Registry
	door     *Handler
	url      string
	log      *lines
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// byToken lets those play who have the token.
type byToken struct{ hub.Everyone }

func (byToken) Play(_ context.Context, req *hub.PlayRequest) error {
	if req.Query.Get("token") != "good" {
		return &hub.Refusal{Code: hub.Forbidden, Reason: "the token is missing"}
	}
	return nil
}

func newHouse(t *testing.T, ffmpeg string, access hub.Access) *house {
	t.Helper()
	h := &house{t: t, registry: hub.New(hub.Options{Access: access}), log: &lines{}}
	h.door = New(h.registry, Options{FFmpeg: ffmpeg, Logger: slog.New(slog.NewTextHandler(h.log, nil))})
	h.door.studio.limit, h.door.studio.memory = long, plenty
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, ok := Match(strings.TrimPrefix(r.URL.Path, "/"))
		if !ok {
			http.NotFound(w, r)
			return
		}
		h.door.ServeStream(w, r, stream)
	}))
	h.url = server.URL + "/live/cam.jpg"
	t.Cleanup(func() {
		server.Close()
		h.door.Close()
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = h.registry.Shutdown(ended)
	})
	return h
}

func (h *house) publish(frames ...*media.Frame) *hub.Publication {
	h.t.Helper()
	p, err := h.registry.Publish(h.t.Context(), hub.PublishRequest{
		App: "live", Name: "cam", Protocol: "test", Remote: netip.MustParseAddrPort("127.0.0.1:1"),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range frames {
		if err := p.Write(f); err != nil {
			h.t.Fatal(err)
		}
	}
	return p
}

type answer struct {
	*http.Response
	body string
}

// ask sends a request with these header fields.
func (h *house) ask(method, query string, fields ...string) answer {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{resp, string(b)}
}

// wantHeader looks at the fields of an answer, in pairs.
func (h *house) wantHeader(a answer, fields ...string) {
	h.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		if got := a.Header.Get(fields[i]); got != fields[i+1] {
			h.t.Errorf("%s is %q, want %q", fields[i], got, fields[i+1])
		}
	}
}

func TestPicture(t *testing.T) {
	h := newHouse(t, os.Args[0], hub.Everyone{})
	h.publish(told("paint"))
	a := h.ask("GET", "")
	if a.StatusCode != http.StatusOK || a.body != string(drawn(64, 36)) {
		t.Fatalf("status %d, %d bytes\n%s", a.StatusCode, len(a.body), h.log)
	}
	h.wantHeader(a, "Content-Type", "image/jpeg", "Cache-Control", "public, max-age=5", "Access-Control-Allow-Origin", "*")
	tag, taken := a.Header.Get("ETag"), a.Header.Get("Last-Modified")
	if at, err := http.ParseTime(taken); err != nil || time.Since(at) > time.Minute || len(tag) < 10 {
		t.Errorf("it was taken at %q and has the tag %s", taken, tag)
	}
	if head := h.ask("HEAD", ""); head.StatusCode != http.StatusOK || head.body != "" || head.ContentLength != int64(len(a.body)) {
		t.Errorf("HEAD: status %d, length %d, %d bytes", head.StatusCode, head.ContentLength, len(head.body))
	}
	for _, c := range []struct {
		field, value string
		want         int
	}{
		{"If-None-Match", tag, http.StatusNotModified},
		{"If-None-Match", `"other"`, http.StatusOK},
		{"If-Modified-Since", taken, http.StatusNotModified},
		{"If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT", http.StatusOK},
		{"Range", "bytes=0-9", http.StatusPartialContent},
	} {
		if a := h.ask("GET", "", c.field, c.value); a.StatusCode != c.want {
			t.Errorf("%s: %s: status %d, want %d", c.field, c.value, a.StatusCode, c.want)
		}
	}
	if a := h.ask("OPTIONS", "", "Origin", "https://example.org", "Access-Control-Request-Method", "GET"); a.StatusCode != http.StatusNoContent {
		t.Errorf("OPTIONS: status %d", a.StatusCode)
	}
	if i, _ := h.registry.Stream("live/cam"); i.ViewersTotal != 0 {
		t.Errorf("viewers: %v", i.Viewers)
	}
	if s := h.door.Stats(); s.Makings["made"] != 1 || s.Placeholders != 0 {
		t.Errorf("the counters are %+v", s)
	}
}

// The placeholder stands where there is no picture; what ffmpeg said stays here.
func TestNoPicture(t *testing.T) {
	sound := &media.Frame{
		Kind: media.Audio, Class: media.Key, Header: 1, Payload: []byte{0x2f, 0},
		Tracks: (&media.TrackSet{}).With(&media.Track{Kind: media.Audio, Codec: media.MP3}),
	}
	for _, c := range []struct {
		name, ffmpeg string
		frame        *media.Frame
		result       string // of the making
		logged       string
	}{
		{"before the first key", os.Args[0], sound, "", ""},
		{"switched off", Off, told("paint"), "", ""},
		{"without ffmpeg", "/nowhere/ffmpeg", told("paint"), "no-ffmpeg", "install it"},
		{"failed", os.Args[0], told("fail"), "failed", "gave up"},
		{"flood", os.Args[0], told("flood"), "too-large", "more than 2 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, c.ffmpeg, hub.Everyone{})
			h.publish(c.frame)
			for range 3 {
				a := h.ask("GET", "")
				if a.StatusCode != http.StatusOK || a.body != string(placeholder().jpeg) {
					t.Fatalf("status %d, %d bytes", a.StatusCode, len(a.body))
				}
				h.wantHeader(a, "Content-Type", "image/jpeg", "Cache-Control", "public, max-age=2", "Last-Modified", "")
			}
			h.door.Close() // then all was counted
			s := h.door.Stats()
			if s.Placeholders != 3 {
				t.Errorf("%d placeholders were counted", s.Placeholders)
			}
			for result, n := range s.Makings {
				if want := map[bool]uint64{true: 1}[result == c.result]; n != want {
					t.Errorf("%s: %d, want %d", result, n, want)
				}
			}
			log := h.log.String()
			if n := strings.Count(log, "\n"); c.logged == "" && n != 0 || c.logged != "" && (n != 1 || !strings.Contains(log, c.logged)) {
				t.Errorf("the log is\n%s", log)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	h := newHouse(t, os.Args[0], byToken{})
	refused := func(method, query string, status int) {
		t.Helper()
		a := h.ask(method, query)
		var d problem.Details
		if err := json.Unmarshal([]byte(a.body), &d); err != nil || a.StatusCode != status || d.Status != status || d.Detail == "" {
			t.Errorf("%s %s: status %d, %s, want %d", method, query, a.StatusCode, a.body, status)
		}
		h.wantHeader(a, "Content-Type", "application/problem+json", "Cache-Control", "no-store", "Access-Control-Allow-Origin", "*")
	}
	refused("GET", "?token=good", http.StatusNotFound)
	h.publish(told("paint"))
	refused("GET", "", http.StatusForbidden)
	refused("HEAD-AND-TAIL", "?token=good", http.StatusMethodNotAllowed)
	if a := h.ask("GET", "?token=good"); a.StatusCode != http.StatusOK {
		t.Errorf("with the token: status %d", a.StatusCode)
	}
}

// The log tells of failures once a minute, whichever streams they are of.
func TestFailuresAreLoggedSparsely(t *testing.T) {
	h := newHouse(t, Off, hub.Everyone{})
	for range 100 {
		h.door.made("live/cam", errTooSlow)
	}
	if log := h.log.String(); strings.Count(log, "\n") != 1 {
		t.Errorf("the log is\n%s", log)
	}
	h.door.made("live/cam", &panicError{"a bug", []byte("stack")})
	if s := h.door.Stats(); s.Panics != 1 || s.Makings["too-slow"] != 100 || !strings.Contains(h.log.String(), "a bug") {
		t.Errorf("%+v\n%s", s, h.log)
	}
}
