package health

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder is a data folder with this in addresses.json.
func folder(t *testing.T, addresses string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "addresses.json"), []byte(addresses), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRun(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			status = http.StatusNotFound
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "/")
		}
		w.WriteHeader(status)
		w.Write([]byte("as it is\n"))
	}))
	defer s.Close()
	addr := s.Listener.Addr().String()
	gone := httptest.NewServer(nil)
	gone.Close()
	empty := t.TempDir()
	tests := []struct {
		name   string
		o      Options
		status int
		want   string // "": healthy
	}{
		{"by its address", Options{URL: s.URL}, 200, ""},
		{"with a slash", Options{URL: s.URL + "/"}, 200, ""},
		{"by its data folder", Options{Data: folder(t, `{"http": "`+addr+`", "rtmp": "127.0.0.1:1"}`)}, 200, ""},
		{"RTMP alone", Options{Data: folder(t, `{"rtmp": "`+addr+`"}`)}, 200, ""},
		{"not ready", Options{URL: s.URL}, 503, s.URL + ` answers 503 Service Unavailable: "as it is"`},
		{"something else is there", Options{URL: s.URL}, 302, `answers 302 Found`},
		{"nothing is there", Options{URL: gone.URL}, 200, "the server does not answer: "},
		{"no server runs", Options{Data: empty}, 200, "no server runs with the data folder " + empty},
		{"damaged", Options{Data: folder(t, "{")}, 200, "cannot learn the server's address from "},
		{"no address", Options{Data: folder(t, "{}")}, 200, "names no address to ask"},
		{"no URL", Options{URL: "http://a b"}, 200, `"http://a b" is not the address of a server`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status = tt.status
			err := Run(t.Context(), tt.o)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
