package deliver

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func request(method string, header ...string) *http.Request {
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// A file is the same whether it lies in memory, in pieces, or on disk.
func TestFiles(t *testing.T) {
	var pieces [][]byte
	for i := range 3 {
		pieces = append(pieces, bytes.Repeat([]byte{byte('a' + i)}, 100_000))
	}
	whole := string(bytes.Join(pieces, nil))
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	last := len(whole) - 1
	type want struct {
		status, from, to int
	}
	all := want{200, 0, last}
	for name, serve := range map[string]func(w http.ResponseWriter, r *http.Request) int{
		"memory": func(w http.ResponseWriter, r *http.Request) int { return Bytes(w, r, "x", pieces...) },
		"disk": func(w http.ResponseWriter, r *http.Request) int {
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			return Content(w, r, "x", time.Time{}, file)
		},
	} {
		counted := make(chan int, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "video/mp4")
			counted <- serve(w, r)
		}))
		defer server.Close()
		for _, c := range []struct {
			field, value string
			want
		}{
			{"X", "", all},
			{"Range", "bytes=0-1", want{206, 0, 1}},
			{"Range", "bytes=99999-200001", want{206, 99999, 200001}},
			{"Range", "bytes=-10", want{206, last - 9, last}},
			{"Range", "bytes=0-9007199254740991", want{206, 0, last}},
			{"Range", "bytes=300000-", want{status: 416}},
			{"Range", "lines=1-2", want{status: 416}},
			{"If-None-Match", `"x"`, want{status: 304}},
			{"If-None-Match", `"y", W/"x"`, want{status: 304}},
			{"If-None-Match", `*`, want{status: 304}},
			{"If-None-Match", `"y"`, all},
			{"If-Match", `"y"`, want{status: 412}},
			{"If-Match", `"x"`, all},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				r, err := http.NewRequest(method, server.URL, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set(c.field, c.value)
				a, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(a.Body)
				a.Body.Close()
				sent := <-counted
				where := name + " " + method + " " + c.field + ": " + c.value
				if err != nil || a.StatusCode != c.status {
					t.Errorf("%s: %s, %v, want %d", where, a.Status, err, c.status)
					continue
				}
				if a.Header.Get("ETag") != `"x"` && c.status != 416 {
					t.Errorf("%s: ETag %s", where, a.Header.Get("ETag"))
				}
				if c.status/100 != 2 {
					continue
				}
				part := whole[c.from : c.to+1]
				if a.ContentLength != int64(len(part)) || a.Header.Get("Accept-Ranges") != "bytes" {
					t.Errorf("%s: %v, length %d of %d", where, a.Header, a.ContentLength, len(part))
				}
				if method == "HEAD" {
					part = ""
				}
				if string(body) != part || sent != len(part) {
					t.Errorf("%s: %d other bytes, %d counted of %d", where, len(body), sent, len(part))
				}
				range206 := "bytes " + strconv.Itoa(c.from) + "-" + strconv.Itoa(c.to) + "/" + strconv.Itoa(len(whole))
				if got := a.Header.Get("Content-Range"); c.status == 206 && got != range206 {
					t.Errorf("%s: Content-Range %q, want %q", where, got, range206)
				}
			}
		}
	}
}

func TestPiecesAreNotCopied(t *testing.T) {
	body := make([]byte, 1<<20)
	w := &quickWriter{lastWriter{header: make(http.Header)}}
	r := request(http.MethodGet)
	if n := testing.AllocsPerRun(100, func() { Bytes(w, r, "x", body) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
	if &w.got[0] != &body[len(body)-writeStep] {
		t.Error("the viewer got a copy")
	}
}

type lastWriter struct {
	header http.Header
	got    []byte
}

func (w *lastWriter) Header() http.Header { return w.header }
func (w *lastWriter) WriteHeader(int)     {}
func (w *lastWriter) Write(p []byte) (int, error) {
	w.got = p
	return len(p), nil
}

// quickWriter has deadlines, as connections have.
type quickWriter struct{ lastWriter }

func (w *quickWriter) SetWriteDeadline(time.Time) error { return nil }

// A viewer who takes nothing is gone after a while, with what is in memory and with
// a file.
func TestViewerWhoTakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, serve := range map[string]func(w http.ResponseWriter, r *http.Request) int{
		"memory": func(w http.ResponseWriter, r *http.Request) int { return Bytes(w, r, "x", make([]byte, 1<<20)) },
		"disk":   func(w http.ResponseWriter, r *http.Request) int { return Content(w, r, "x", time.Time{}, file) },
	} {
		w := &stuckWriter{lastWriter: lastWriter{header: make(http.Header)}}
		if sent := serve(w, request(http.MethodGet)); sent != 0 || w.writes != 1 {
			t.Errorf("%s: %d bytes in %d writes", name, sent, w.writes)
		}
		if in := time.Until(w.first); in <= 0 || in > writePatient || !w.last.IsZero() {
			t.Errorf("%s: the deadline was in %v, and is %v", name, in, w.last)
		}
	}
}

// stuckWriter is a connection whose deadline passes.
type stuckWriter struct {
	lastWriter
	first, last time.Time
	writes      int
}

func (w *stuckWriter) SetWriteDeadline(at time.Time) error {
	if w.first.IsZero() {
		w.first = at
	}
	w.last = at
	return nil
}

func (w *stuckWriter) Write([]byte) (int, error) {
	w.writes++
	return 0, os.ErrDeadlineExceeded
}

func TestText(t *testing.T) {
	plain := strings.Repeat("#EXTINF:2.00000,\n", 1000)
	for _, level := range []int{gzip.BestSpeed, gzip.BestCompression} {
		text := NewText([]byte(plain), "x", level)
		for range 2 {
			w := httptest.NewRecorder()
			sent := text.Serve(w, request(http.MethodGet, "Accept-Encoding", "br, gzip"))
			a := w.Result()
			if a.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("ETag") != `"x-gz"` || a.Header.Get("Vary") != "Accept-Encoding" ||
				a.Header.Get("Content-Length") != strconv.Itoa(sent) || sent != w.Body.Len() || sent > len(plain)/10 {
				t.Errorf("%v, %d bytes", a.Header, sent)
			}
			z, err := gzip.NewReader(a.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(z); err != nil || string(got) != plain {
				t.Errorf("%v, %d bytes of %d", err, len(got), len(plain))
			}
		}
		if once, again := text.zipped(), text.zipped(); &once[0] != &again[0] || text.String() != plain {
			t.Error("it is compressed for each viewer")
		}
		for accept, tag := range map[string]string{"identity": `"x"`, "gzip;q=0": `W/"x"`, "gzip": `"y", "x-gz"`} {
			w := httptest.NewRecorder()
			sent := text.Serve(w, request(http.MethodGet, "Accept-Encoding", accept, "If-None-Match", tag))
			if w.Code != http.StatusNotModified || sent+w.Body.Len() != 0 || w.Header().Get("Content-Encoding") != "" || w.Header().Get("Vary") == "" {
				t.Errorf("%s with %s: %d %v", accept, tag, w.Code, w.Header())
			}
		}
		w := httptest.NewRecorder()
		if text.Serve(w, request(http.MethodGet, "If-None-Match", `"x-gz"`)); w.Code != http.StatusOK {
			t.Errorf("with the tag of other bytes: %d", w.Code)
		}
	}
}

func TestTakesGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br, gzip": true, "deflate, gzip;q=0.5": true, "gzip;q=0": false, "gzip;q=0.0": false,
		"br, gzip ; q=1": true, "gzip; q = 1": true, "gzip;q=x": false, "xgzip": false, "x-gzip": false, "identity": false, "*": false,
	} {
		if got := takesGzip([]string{"br", header}); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func FuzzConditions(f *testing.F) {
	f.Add("gzip;q=0.5, br", `"x", W/"y"`, "bytes=0-1,2-", `*`)
	f.Add("gzip;;q", `"`, "bytes=-", `"x`)
	text := NewText(bytes.Repeat([]byte("text "), 1000), "x", gzip.BestSpeed)
	f.Fuzz(func(t *testing.T, accept, known, ranges, match string) {
		w := httptest.NewRecorder()
		sent := text.Serve(w, request(http.MethodGet, "Accept-Encoding", accept, "If-None-Match", known, "Range", ranges, "If-Match", match))
		switch w.Code {
		case http.StatusOK, http.StatusPartialContent:
			if sent != w.Body.Len() {
				t.Errorf("%d bytes counted of %d", sent, w.Body.Len())
			}
		case http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

func TestReads(t *testing.T) {
	for method, want := range map[string]int{
		"GET": 0, "HEAD": 0, "OPTIONS": http.StatusNoContent,
		"POST": http.StatusMethodNotAllowed, "DELETE": http.StatusMethodNotAllowed, "BREW": http.StatusMethodNotAllowed,
	} {
		w := httptest.NewRecorder()
		w.Code = 0
		h := w.Header()
		if passed := Reads(w, request(method), "posters are"); passed != (want == 0) || w.Code != want {
			t.Errorf("%s: %v, %d", method, passed, w.Code)
		}
		if h.Get("Access-Control-Allow-Origin") != "*" || (h.Get("Allow") != "") != (want == http.StatusMethodNotAllowed) ||
			(h.Get("Access-Control-Allow-Headers") != "") != (method == "OPTIONS") {
			t.Errorf("%s: %v", method, h)
		}
		if want == http.StatusMethodNotAllowed && !strings.Contains(w.Body.String(), "posters are read with GET or HEAD") {
			t.Errorf("%s: %s", method, w.Body)
		}
	}
}

func TestRemote(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1:80", "[::ffff:192.0.2.1]:80": "192.0.2.1:80", "[2001:db8::1]:1": "[2001:db8::1]:1", "@": "invalid AddrPort",
	} {
		if got := Remote(&http.Request{RemoteAddr: addr}).String(); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
}

// sendfile is of use only if net sees the file: the connection's own ReadFrom is asked
// with one limit around it.
func TestFileReachesTheConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 3*fileStep+1), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := &readingWriter{lastWriter: lastWriter{header: make(http.Header)}}
	if n := Content(w, request(http.MethodGet), "x", time.Time{}, file); n != 3*fileStep+1 || w.files != 4 {
		t.Errorf("%d bytes, %d steps", n, w.files)
	}
}

type readingWriter struct {
	lastWriter
	files int
}

func (w *readingWriter) ReadFrom(src io.Reader) (int64, error) {
	if l, ok := src.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			w.files++
		}
	}
	return io.Copy(io.Discard, src)
}

func BenchmarkBytes(b *testing.B) {
	body := make([]byte, 1<<20)
	w := &quickWriter{lastWriter{header: make(http.Header)}}
	r := request(http.MethodGet)
	b.ReportAllocs()
	for b.Loop() {
		Bytes(w, r, "x", body)
	}
}
