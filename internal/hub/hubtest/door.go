package hubtest

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Door is how a door that serves files answers a request for a file of a stream.
type Door func(w http.ResponseWriter, r *http.Request, stream, file string)

// ServeHTTP splits the path as the server does.
func (d Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	i := strings.LastIndexByte(path, '/')
	d(w, r, path[:max(i, 0)], path[i+1:])
}

// Do asks the door for a file, which may have a query, with names and values of fields
// in the header. The viewer is at 192.0.2.1.
func (h *Hub) Do(method, file string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "/"+Stream+"/x", nil)
	file, r.URL.RawQuery, _ = strings.Cut(file, "?")
	r.URL.Path = "/" + Stream + "/" + file
	r.RemoteAddr = "192.0.2.1:4711"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.Door.ServeHTTP(w, r)
	return w.Result()
}

// Get returns a file that must be there.
func (h *Hub) Get(file string) string {
	h.T.Helper()
	r := h.Do(http.MethodGet, file)
	defer r.Body.Close()
	body := Read(h.T, r)
	if r.StatusCode != http.StatusOK {
		h.T.Fatalf("GET %s: %s: %s", file, r.Status, body)
	}
	return body
}

// Read returns the body of an answer, uncompressed.
func Read(t *testing.T, r *http.Response) string {
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

// WantProblem checks that an answer is a problem document, with words in its detail,
// that no cache keeps.
func WantProblem(t *testing.T, r *http.Response, status int, words string) {
	t.Helper()
	body := Read(t, r)
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
