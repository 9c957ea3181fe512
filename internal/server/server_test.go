package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/metrics"
)

// buffer is a log or a terminal that a test reads while the server writes.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

type running struct {
	data, http, rtmp, rtmps, admin string
	log                            buffer
	stop                           func() error
}

// start runs a server on free ports of the loopback until the test ends.
func start(t *testing.T, change func(*Settings, *Options)) *running {
	t.Helper()
	r := &running{data: t.TempDir()}
	set, _, _, err := Load(&Settings{RTMP: "127.0.0.1:0", RTMPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", Data: r.data},
		[]string{"rtmp", "rtmps", "http", "data"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Settings: set, Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Version: "v0"}
	if change != nil {
		change(set, &o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- Run(ctx, o) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-end
	})
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case err := <-end:
			t.Fatalf("Run: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
		b, err := os.ReadFile(filepath.Join(r.data, addressesName))
		if err != nil {
			continue
		}
		var a map[string]string
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		r.http, r.rtmp, r.rtmps, r.admin = a["http"], a["rtmp"], a["rtmps"], a["admin"]
		if at := r.http + r.rtmp; at != "" {
			if resp, err := http.Get("http://" + first([]string{r.http, r.rtmp}[btoi(r.http == ""):]) + "/readyz"); err == nil {
				resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					return r
				}
			}
		}
	}
	t.Fatal("the server is not ready")
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func get(t *testing.T, method, host, path string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestAddressesOfTheServer(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Admin = "127.0.0.1:0" })
	tests := []struct {
		method, path          string
		viewers, admin        int    // status on a listener of viewers and on the admin's
		contentType, contains string // on the admin's
	}{
		{"GET", "/healthz", 200, 200, "text/plain; charset=utf-8", "ok"},
		{"GET", "/readyz", 200, 200, "text/plain; charset=utf-8", "ready"},
		{"GET", "/", 404, 200, "text/html; charset=utf-8", "<!doctype html>"},
		{"GET", "/api/v1/streams", 404, 200, "application/json", `"streams":[]`},
		{"GET", "/api/v1/streams/live/none", 404, 404, "application/problem+json", "not on air"},
		{"GET", "/metrics", 404, 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", `millrace_streams{state="live"} 0`},
		{"GET", "/metrics", 404, 200, "", `millrace_build_info{go="`},
		{"GET", "/metrics", 404, 200, "", `millrace_panics_total{where="http"} 0`},
		{"GET", "/metrics/x", 404, 404, "application/problem+json", "not served"},
		{"POST", "/metrics", 404, 405, "application/problem+json", "GET or HEAD"},
		{"GET", "/live/cam1", 200, 200, "text/html; charset=utf-8", "<!doctype html>"},
		{"HEAD", "/live/cam1", 200, 200, "text/html; charset=utf-8", ""},
		{"POST", "/live/cam1", 405, 405, "application/problem+json", "GET or HEAD"},
		{"GET", "/embed/live/cam1", 200, 200, "text/html; charset=utf-8", "<!doctype html>"},
		{"GET", "/embed/", 404, 404, "application/problem+json", "it is empty"},
		{"GET", "/cam1", 302, 302, "text/html; charset=utf-8", "/live/cam1"},
		{"GET", "/live//cam1/", 302, 302, "text/html; charset=utf-8", "/live/cam1"},
		{"GET", "/live/cam1/index.m3u8", 404, 404, "application/problem+json", "not on air"},
		{"GET", "/live/cam1.flv", 404, 404, "application/problem+json", "not on air"},
		{"GET", "/favicon.ico", 404, 404, "application/problem+json", "nothing at this address"},
		{"GET", "/assets/none.js", 404, 404, "", ""},
		{"GET", "/live/a%0Ab", 404, 404, "application/problem+json", "control characters"},
		{"GET", "/live/..%2f..%2fetc", 404, 404, "application/problem+json", ". or .."},
		{"GET", "/embed/open/cam", 404, 404, "application/problem+json", "reserved"},
		{"POST", "/healthz", 405, 405, "application/problem+json", ""},
	}
	for _, tt := range tests {
		for host, want := range map[string]int{r.http: tt.viewers, r.rtmp: tt.viewers, r.admin: tt.admin} {
			resp, body := get(t, tt.method, host, tt.path)
			if resp.StatusCode != want {
				t.Errorf("%s %s: %s, want %d: %s", tt.method, tt.path, resp.Status, want, body)
			}
			if host == r.admin && (tt.contentType != "" && resp.Header.Get("Content-Type") != tt.contentType || !strings.Contains(body, tt.contains)) {
				t.Errorf("%s %s: %s %.200s", tt.method, tt.path, resp.Header.Get("Content-Type"), body)
			}
			if resp.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: types may be guessed", tt.method, tt.path)
			}
		}
	}
}

func TestDemoIsOnAirAndEndsWithTheServer(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Demo = true })
	// The demo is a publisher like others, and may come a moment later.
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(5 * time.Millisecond) {
		if _, body := get(t, "GET", r.http, "/api/v1/streams"); strings.Contains(body, `"state":"live"`) {
			break
		}
	}
	resp, err := http.Get("http://" + r.rtmp + "/live/demo.flv")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	head := make([]byte, 4096)
	if _, err := io.ReadFull(resp.Body, head); err != nil || !bytes.HasPrefix(head, []byte("FLV")) {
		t.Fatalf("% x, %v", head[:4], err)
	}
	if _, body := get(t, "GET", r.http, "/api/v1/streams"); !strings.Contains(body, `"name":"live/demo","state":"live"`) {
		t.Errorf("the demo is not on air: %s", body)
	}
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Errorf("the viewer's answer did not end well: %v", err)
	}
	if _, err := os.Stat(filepath.Join(r.data, addressesName)); err == nil {
		t.Errorf("%s is still there", addressesName)
	}
	if strings.Contains(r.log.String(), "mk_") {
		t.Error("the log holds a key")
	}
}

func TestFirstStartOfAService(t *testing.T) {
	r := start(t, nil)
	file := filepath.Join(r.data, firstKeyName)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(b))
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 || !strings.HasPrefix(key, "mk_") {
		t.Errorf("%v %q", info.Mode(), key)
	}
	if log := r.log.String(); strings.Contains(log, key) || !strings.Contains(log, file) {
		t.Errorf("the log should name the file and not hold the key:\n%s", log)
	}
}

func TestFirstStartAtATerminal(t *testing.T) {
	var r *running
	var terminal buffer
	r = start(t, func(s *Settings, o *Options) { o.Terminal = &terminal })
	_, port, _ := net.SplitHostPort(r.rtmp)
	_, web, _ := net.SplitHostPort(r.http)
	for _, want := range []string{
		"Millrace v0 is running", "rtmp://localhost:" + port + "/live\n", "mk_", "http://localhost:" + web + "/live/main\n", r.data,
	} {
		if !strings.Contains(terminal.String(), want) {
			t.Errorf("no %q in\n%s", want, terminal.String())
		}
	}
	if _, err := os.Stat(filepath.Join(r.data, firstKeyName)); err == nil {
		t.Error("the key was written to a file as well")
	}
}

func TestPublicURL(t *testing.T) {
	var terminal buffer
	start(t, func(s *Settings, o *Options) {
		s.PublicURL, s.Open, o.Terminal = "https://tv.example.org", true, &terminal
	})
	for _, want := range []string{"https://tv.example.org/live/main\n", "rtmp://tv.example.org:", "--open"} {
		if !strings.Contains(terminal.String(), want) {
			t.Errorf("no %q in\n%s", want, terminal.String())
		}
	}
}

func TestOneListenerIsEnough(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.RTMP = "off" })
	if r.rtmp != "" || r.admin != r.http {
		t.Errorf("listeners %+v", r)
	}
	r = start(t, func(s *Settings, _ *Options) { s.HTTP = "off" })
	if r.http != "" || r.admin != "" {
		t.Errorf("listeners rtmp %q, http %q, admin %q", r.rtmp, r.http, r.admin)
	}
}

func TestPortsMayBeShared(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	p, err := openPorts(t.Context(), &Settings{RTMP: addr, HTTP: addr, Admin: addr})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if p["rtmp"] != p["http"] || p["http"] != p["admin"] || !p["rtmp"].admin {
		t.Errorf("%+v", p)
	}
}

func TestBases(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	urls := bases(l)
	if len(urls) == 0 || urls[0].Hostname() != "localhost" || len(urls) > maxShown {
		t.Fatalf("%v", urls)
	}
	for _, u := range urls {
		if _, err := url.Parse(u.String()); err != nil || u.Hostname() == "::" || u.Hostname() == "0.0.0.0" {
			t.Errorf("%v, %v", u, err)
		}
	}
}

// A panic in a request is counted, logged, and ends nothing else.
func TestPanicInARequest(t *testing.T) {
	var log buffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil)), metrics: metrics.New("v0")}
	s.visits = &visits{guard: guard.New(guard.Options{})}
	s.doors = []door{{
		page:  true,
		match: func(path string) (stream, file string, ok bool) { return path, "", true },
		serve: func(_ http.ResponseWriter, r *http.Request, _, _ string) {
			if r.URL.Path == "/live/abort" {
				panic(http.ErrAbortHandler)
			}
			panic("a bug")
		},
	}}
	web := httptest.NewServer(s.newMux(&listener{admin: true}))
	defer web.Close()
	for _, path := range []string{"/live/bug", "/live/abort"} {
		if resp, err := http.Get(web.URL + path); err == nil {
			resp.Body.Close()
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if s.panics.Load() != 1 || !strings.Contains(log.String(), "a bug") || !strings.Contains(log.String(), "server_test.go") {
		t.Errorf("%d panics, and the log says %s", s.panics.Load(), &log)
	}
	if resp, err := http.Get(web.URL + "/healthz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the server does not go on: %v, %v", resp, err)
	}
}
