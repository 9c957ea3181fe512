package hls

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
)

// served is a house with a stream on air and the addresses of its files.
type served struct {
	*house
	video, audio, segment, sound, header string
}

func serve(t *testing.T, h *house) served {
	t.Helper()
	h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio())).Send(5 * time.Second)
	s := served{house: h}
	s.video, s.audio = children(t, h.Get("index.m3u8"))
	e := parsePlaylist(t, h.Get(s.video)).entries[0]
	s.segment, s.header = e.uri, e.mapURI
	s.sound = parsePlaylist(t, h.Get(s.audio)).entries[0].uri
	return s
}

func TestHeaders(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		const list = "application/vnd.apple.mpegurl"
		for _, c := range []struct{ file, kind, caching string }{
			{"index.m3u8", list, playlistCaching},
			{s.video, list, playlistCaching},
			{s.audio, list, playlistCaching},
			{s.segment, "video/mp4", mediaCaching},
			{s.sound, "audio/mp4", mediaCaching},
			{s.header, "video/mp4", mediaCaching},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				r := s.Do(method, c.file)
				body := hubtest.Read(t, r)
				got := r.Header
				if r.StatusCode != http.StatusOK || got.Get("Content-Type") != c.kind ||
					got.Get("Cache-Control") != c.caching || got.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s %s: %s %v", method, c.file, r.Status, got)
				}
				length, err := strconv.Atoi(got.Get("Content-Length"))
				if err != nil || length == 0 || method == "GET" && length != len(body) || method == "HEAD" && body != "" {
					t.Errorf("%s %s: Content-Length %d of %d bytes", method, c.file, length, len(body))
				}
			}
		}
	})
}

func TestGzip(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		for accept, want := range map[string]bool{
			"": false, "gzip": true, "deflate, GZIP;q=0.5": true, "gzip;q=0": false, "br, gzip ; q=1": true,
			"gzip;q=x": false, "xgzip": false, "identity": false,
		} {
			for _, file := range []string{"index.m3u8", s.video, s.segment} {
				r := s.Do("GET", file, "Accept-Encoding", accept)
				zipped := r.Header.Get("Content-Encoding") == "gzip"
				if file == s.segment {
					if zipped {
						t.Error("a segment is zipped")
					}
					continue
				}
				if zipped != want || r.Header.Get("Vary") != "Accept-Encoding" {
					t.Errorf("%q: %v", accept, r.Header)
				}
				if got := hubtest.Read(t, r); got != s.Get(file) {
					t.Errorf("%q: another playlist", accept)
				}
			}
		}
	})
}

func TestRanges(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		whole := s.Get(s.segment)
		last := len(whole) - 1
		total := "/" + strconv.Itoa(len(whole))
		for _, c := range []struct {
			field, value string
			status       int
			from, to     int
		}{
			{"Range", "bytes=0-1", 206, 0, 1},
			{"Range", "bytes=100-", 206, 100, last},
			{"Range", "bytes=-10", 206, last - 9, last},
			{"Range", "bytes=0-9007199254740991", 206, 0, last},
			{"Range", "bytes=" + strconv.Itoa(len(whole)) + "-", 416, 0, 0},
			{"Range", "lines=1-2", 416, 0, 0},
			{"If-None-Match", `"` + s.segment + `"`, 304, 0, 0},
			{"If-None-Match", `"other"`, 200, 0, last},
		} {
			r := s.Do("GET", s.segment, c.field, c.value)
			body := hubtest.Read(t, r)
			if r.StatusCode != c.status {
				t.Errorf("%s: %s: %s, want %d", c.field, c.value, r.Status, c.status)
				continue
			}
			if c.status/100 == 2 && body != whole[c.from:c.to+1] {
				t.Errorf("%s: %s: %d other bytes", c.field, c.value, len(body))
			}
			want := "bytes " + strconv.Itoa(c.from) + "-" + strconv.Itoa(c.to) + total
			if got := r.Header.Get("Content-Range"); c.status == 206 && got != want {
				t.Errorf("%s: Content-Range %q, want %q", c.value, got, want)
			}
		}
	})
}

func TestMethods(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		for _, method := range []string{"POST", "PUT", "DELETE", "BREW"} {
			r := s.Do(method, s.segment)
			if r.Header.Get("Allow") == "" {
				t.Errorf("%s: nothing says what is allowed", method)
			}
			hubtest.WantProblem(t, r, http.StatusMethodNotAllowed, "GET")
		}
		r := s.Do("OPTIONS", s.segment, "Origin", "https://example.org",
			"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range")
		if r.StatusCode != http.StatusNoContent || r.Header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(r.Header.Get("Access-Control-Allow-Methods"), "GET") ||
			r.Header.Get("Access-Control-Allow-Headers") == "" {
			t.Errorf("preflight: %s %v", r.Status, r.Header)
		}
	})
}

func TestUnknownFiles(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		id, _, _ := strings.Cut(s.video, "_")
		for _, file := range append(hostileNames,
			someID+"_video.m3u8", id+"_video_99.m4s", id+"_video_18446744073709551615.m4s", id+"_video_init7.m4s",
		) {
			if strings.HasSuffix(file, "/") {
				continue // another stream's name
			}
			hubtest.WantProblem(t, h.Do("GET", file), http.StatusNotFound, "")
		}
	})
}

func TestSegmentsAreNotCopied(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		n, _ := parseName(s.segment)
		p, _ := h.hls.find("live/cam", n.presentation)
		want, _ := p.file(n)
		w := &keepingWriter{header: make(http.Header)}
		r := httptest.NewRequest(http.MethodGet, "/live/cam/"+s.segment, nil)
		h.hls.ServeStream(w, r, "live/cam", s.segment)
		if &w.got[0] != &want[0][0] {
			t.Error("the viewer got a copy")
		}
	})
}

type keepingWriter struct {
	header http.Header
	got    []byte
}

func (w *keepingWriter) Header() http.Header { return w.header }
func (w *keepingWriter) WriteHeader(int)     {}
func (w *keepingWriter) Write(p []byte) (int, error) {
	if w.got == nil {
		w.got = p
	}
	return len(p), nil
}

// A segment over a real connection, twice on the same one: the write deadline
// of the first must not cut the second.
func TestOverHTTP(t *testing.T) {
	h := newHouse(t, settings{})
	defer h.close()
	h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio())).SendAtOnce(5 * time.Second)
	server := httptest.NewServer(h.Door)
	defer server.Close()
	get := func(file string) string {
		r, err := http.Get(server.URL + "/live/cam/" + file)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", file, r.Status, err)
		}
		return string(b)
	}
	video, _ := children(t, get("index.m3u8"))
	e := parsePlaylist(t, get(video)).entries[0]
	if a, b := get(e.uri), get(e.uri); a != b || len(a) < 50_000 {
		t.Errorf("%d and %d bytes", len(a), len(b))
	}
}

// Who has a playlist and asks again hears in a few bytes that it is the same, until
// there is another part (RFC 9110 §13).
func TestConditionalReloads(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p, video, _, list := h.onAir(t)
		msn, part := list.next()
		tags := make(map[string]string)
		for _, file := range []string{
			"index.m3u8", video, video + "?_HLS_skip=YES", fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", video, msn, part-1),
		} {
			for _, coding := range []string{"identity", "gzip"} {
				tag := h.Do("GET", file, "Accept-Encoding", coding).Header.Get("ETag")
				for _, method := range []string{"GET", "HEAD"} {
					r := h.Do(method, file, "Accept-Encoding", coding, "If-None-Match", tag)
					if tag == "" || r.StatusCode != http.StatusNotModified || hubtest.Read(t, r) != "" || r.Header.Get("ETag") != tag ||
						r.Header.Get("Cache-Control") == "" || r.Header.Get("Vary") == "" {
						t.Errorf("%s %s, %s: %s %v", method, file, coding, r.Status, r.Header)
					}
				}
				tags[file+coding] = tag
			}
		}
		p.Send(2 * time.Second)
		synctest.Wait()
		for _, file := range []string{"index.m3u8", video} {
			for _, coding := range []string{"identity", "gzip"} {
				r := h.Do("GET", file, "Accept-Encoding", coding, "If-None-Match", tags[file+coding])
				if r.StatusCode != http.StatusOK || r.Header.Get("ETag") == tags[file+coding] {
					t.Errorf("%s, %s: %s with the tag of an older one", file, coding, r.Status)
				}
			}
		}
		plain, delta := h.Do("GET", video), h.Do("GET", video+"?_HLS_skip=YES")
		if hubtest.Read(t, plain) != hubtest.Read(t, delta) && plain.Header.Get("ETag") == delta.Header.Get("ETag") {
			t.Error("a delta has the tag of the whole")
		}
	})
}
