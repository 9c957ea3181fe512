package hls

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// house is a hub with an HLS handler in front.
type house struct {
	t      *testing.T
	hub    *hub.Registry
	window *window.Store
	hls    *Handler
}

// settings are those of a house.
type settings struct {
	window window.Options
	hls    Options
}

// newHouse is for use within a synctest bubble; close ends what it started.
func newHouse(t *testing.T, o settings) *house {
	h := &house{t: t, hub: hub.New(hub.Options{Access: hub.Everyone{}})}
	h.window = window.New(h.hub, o.window)
	h.hls = New(h.window, o.hls)
	return h
}

func (h *house) close() {
	h.window.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := h.hub.Shutdown(ctx); err != nil {
		h.t.Error(err)
	}
}

// ServeHTTP splits the path as the server does.
func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	i := strings.LastIndexByte(path, '/')
	h.hls.ServeStream(w, r, path[:max(i, 0)], path[i+1:])
}

func (h *house) do(method, file string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "/live/cam/x", nil)
	file, r.URL.RawQuery, _ = strings.Cut(file, "?")
	r.URL.Path = "/live/cam/" + file
	r.RemoteAddr = "192.0.2.1:4711"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// get returns a file that must be there.
func (h *house) get(file string) string {
	h.t.Helper()
	r := h.do("GET", file)
	body := read(h.t, r)
	if r.StatusCode != http.StatusOK {
		h.t.Fatalf("GET %s: %s: %s", file, r.Status, body)
	}
	return body
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantProblem checks that an answer is a problem document and says something.
func wantProblem(t *testing.T, r *http.Response, status int, words string) {
	t.Helper()
	body := read(t, r)
	var p struct {
		Status        int
		Title, Detail string
	}
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Errorf("%v in %.300q", err, body)
	}
	if r.StatusCode != status || p.Status != status || p.Title == "" || !strings.Contains(p.Detail, words) ||
		r.Header.Get("Content-Type") != "application/problem+json" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v %.300s, want %d with %q", r.StatusCode, r.Header, body, status, words)
	}
}

func mustDecode(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

var (
	// 160x90 H.264 High and mono AAC-LC at 44.1 kHz, as FFmpeg makes them.
	avcC = mustDecode("0164000bffe100196764000bacd9428df93011000003000100000300320f14299601000468efbcb0fdf8f800")
	asc  = mustDecode("1208")
)

func videoTrack() *media.Track {
	c, err := media.ParseAVCConfig(avcC)
	if err != nil {
		panic(err)
	}
	return &media.Track{Kind: media.Video, Codec: media.H264, Config: avcC, Format: c}
}

func audioTrack() *media.Track {
	c, err := media.ParseAACConfig(asc)
	if err != nil {
		panic(err)
	}
	return &media.Track{Kind: media.Audio, Codec: media.AAC, Config: asc, Format: c}
}

func tracks(ts ...*media.Track) *media.TrackSet {
	var s *media.TrackSet
	for _, t := range ts {
		s = s.With(t)
	}
	return s
}

// publisher sends 25 pictures a second, a key frame every second, and sound.
type publisher struct {
	h      *house
	p      *hub.Publication
	tracks *media.TrackSet
	at     time.Duration // of the next picture
	sound  time.Duration
	n      int
	key    time.Duration
	size   int
}

func (h *house) publish(set *media.TrackSet) *publisher {
	h.t.Helper()
	p, err := h.hub.Publish(context.Background(), hub.PublishRequest{App: "live", Name: "cam", Protocol: "test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return &publisher{h: h, p: p, tracks: set, key: time.Second, size: 1000}
}

const (
	picture     = 40 * time.Millisecond
	soundLength = 1024 * time.Second / 44100
)

// send publishes for d of media time; when live, it takes as long.
func (p *publisher) send(d time.Duration, live bool) {
	p.h.t.Helper()
	for end := p.at + d; p.at < end; p.at += picture {
		if p.tracks.Default(media.Video) != nil {
			class := media.Inter
			if p.key > 0 && p.at%p.key == 0 {
				class = media.Key
			}
			p.write(media.Video, class, p.at)
		}
		for ; p.tracks.Default(media.Audio) != nil && p.sound < p.at+picture; p.sound += soundLength {
			p.write(media.Audio, media.Key, p.sound.Truncate(time.Millisecond))
		}
		p.sound = max(p.sound, p.at)
		if live {
			time.Sleep(picture)
		}
	}
}

// write sends a frame of each track of a kind.
func (p *publisher) write(k media.Kind, c media.Class, at time.Duration) {
	p.h.t.Helper()
	for _, t := range p.tracks.Tracks {
		if t.Kind != k {
			continue
		}
		size := p.size
		if k == media.Audio {
			size = 100
		}
		p.n++
		err := p.p.Write(&media.Frame{
			Kind: k, Class: c, Track: t.ID, DTS: int64(at), PTS: int64(at), Tracks: p.tracks, Payload: make([]byte, size+p.n%7),
		})
		if err != nil {
			p.h.t.Fatal(err)
		}
	}
}
