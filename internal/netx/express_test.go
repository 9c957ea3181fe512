package netx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// expressHandler answers by the path's last part.
func expressHandler(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	switch _, file, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); file {
	case "sized.m4s":
		w.Header().Set("Content-Length", "200000")
		w.Write(make([]byte, 100_000))
		w.Write(make([]byte, 100_000))
	case "pieces.m4s":
		for range 3 {
			io.WriteString(w, "piece ")
			_ = http.NewResponseController(w).Flush()
		}
	case "nothing.m4s":
	case "refused.m4s":
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "no")
	case "known.m4s":
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(http.StatusNotModified)
	case "lines.m4s":
		w.Header().Set("X-Lines", "a\r\nb: c")
		io.WriteString(w, "x")
	case "short.m4s":
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "abc")
	case "long.m4s":
		w.Header().Set("Content-Length", "3")
		_, _ = io.WriteString(w, "abc")
		if _, err := io.WriteString(w, "d"); err != http.ErrContentLength {
			panic("it wrote more than it said")
		}
	case "panic.m4s":
		panic(http.ErrAbortHandler)
	case "file.m4s":
		f, err := os.Open(r.Header.Get("X-File"))
		if err != nil {
			panic(err)
		}
		defer f.Close()
		http.ServeContent(w, r, "", time.Time{}, f)
	case "changed.m4s":
		r.Header["X-Here"] = append(r.Header["X-Here"], "more")
		fmt.Fprint(w, len(r.Header["X-Here"]))
	default:
		w.Header().Set("Content-Type", "text/plain")
		port, _ := r.Context().Value(portKey{}).(string)
		fmt.Fprintf(w, "%s %s ? %s of %s by %s %q on %s, body %d", r.Method, r.URL.Path, r.URL.RawQuery, r.Host, r.UserAgent(),
			r.Header["X-Here"], port, r.ContentLength)
	}
}

type portKey struct{}

// express serves by an Express with net/http behind it, or by net/http alone.
func express(t *testing.T, alone bool) (addr string, e *Express) {
	t.Helper()
	base := context.WithValue(context.Background(), portKey{}, "http")
	handler := http.HandlerFunc(expressHandler)
	h := NewHandoff(&net.TCPAddr{})
	s := &http.Server{Handler: handler, BaseContext: func(net.Listener) context.Context { return base }}
	go func() { _ = s.Serve(h) }()
	e = &Express{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Express", "yes")
			handler(w, r)
		}),
		Takes: func(path string) bool { return strings.HasSuffix(path, ".m4s") },
		Next:  h.Door, Context: base, HeaderTimeout: 10 * time.Second, IdleTimeout: 10 * time.Second,
	}
	d := &Detector{Logger: slog.New(slog.DiscardHandler), HTTP: e.Door}
	if alone {
		d.HTTP = h.Door
	}
	t.Cleanup(func() {
		_ = e.Shutdown(context.Background())
		s.Close()
		h.Close()
	})
	return serve(t, d), e
}

type said struct {
	status  string
	express bool
	fields  http.Header
	body    string
	err     error
}

// talk sends requests on one connection, and returns the answers.
func talk(t *testing.T, addr, methods string, requests ...string) (answers []said, c net.Conn) {
	t.Helper()
	c = dial(t, addr)
	r := bufio.NewReader(c)
	for _, text := range requests {
		if _, err := io.WriteString(c, text); err != nil {
			return append(answers, said{err: err}), c
		}
		method, _, _ := strings.Cut(text, " ")
		if methods != "" {
			method = methods
		}
		a, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return append(answers, said{err: err}), c
		}
		body, err := io.ReadAll(a.Body)
		one := said{a.Status, a.Header.Get("X-Express") == "yes", a.Header, string(body), err}
		a.Header.Del("X-Express")
		answers = append(answers, one)
	}
	return answers, c
}

func get(path string, fields ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: h.test:80\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"
}

// What is asked in any words gets the same answer as from net/http.
func TestExpressIsAsNetHTTP(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 300_000), 0o600); err != nil {
		t.Fatal(err)
	}
	fast, _ := express(t, false)
	slow, _ := express(t, true)
	for _, c := range []struct {
		request string
		express bool
	}{
		{get("/live/a.m4s"), true},
		{get("/live/a.m4s?x=%41&y=+&z"), true},
		{get("/live/a.m4s?"), true},
		{get("/live/a.m4s", "User-Agent: me", "x-HERE:  a ", "X-Here: b", "Connection: Keep-Alive"), true},
		{get("/live/sized.m4s"), true},
		{get("/live/pieces.m4s"), true},
		{get("/live/nothing.m4s"), true},
		{get("/live/refused.m4s"), true},
		{get("/live/known.m4s"), true},
		{get("/live/lines.m4s"), true},
		{get("/live/long.m4s"), true},
		{get("/live/file.m4s", "X-File: "+file), true},
		{get("/live/file.m4s", "X-File: "+file, "Range: bytes=5-10"), true},
		{"HEAD" + get("/live/sized.m4s")[3:], true},
		{"HEAD" + get("/live/file.m4s", "X-File: "+file)[3:], true},
		{"OPTIONS" + get("/live/a.m4s")[3:], true},

		{get("/live/a.html"), false},
		{get("/live/%61.m4s"), false},
		{get("/live/a\".m4s"), false},
		{get("http://h.test/live/a.m4s"), false},
		{get("/live/a.m4s", "Connection: close"), false},
		{get("/live/a.m4s", "Host: twice"), false},
		{get("/live/a.m4s", "X-Here: a", " b"), false},
		{get("/live/a.m4s", "X Here: a"), false},
		{get("/live/a.m4s", "X-Here : a"), false},
		{get("/live/a.m4s", "X-Here: \x01"), false},
		{get("/live/a.m4s", "X-Long: "+strings.Repeat("a", 5000)), false},
		{get("/live/a.m4s", "Content-Length: 2") + "ab", false},
		{get("/live/a.m4s", "Transfer-Encoding: chunked") + "1\r\na\r\n0\r\n\r\n", false},
		{"POST" + get("/live/a.m4s", "Content-Length: 2")[3:] + "ab", false},
		{"GET /live/a.m4s HTTP/1.1\r\n\r\n", false},
		{"GET /live/a.m4s HTTP/1.1\nHost: h.test\n\n", false},
		{"GET /live/a.m4s HTTP/1.0\r\n\r\n", false},
		{"GET  /live/a.m4s HTTP/1.1\r\nHost: h.test\r\n\r\n", false},
	} {
		got, _ := talk(t, fast, "", c.request)
		want, _ := talk(t, slow, "", c.request)
		g, w := got[0], want[0]
		if g.status != w.status || g.body != w.body || (g.err == nil) != (w.err == nil) {
			t.Errorf("%q: %s %q %v, want %s %q %v", c.request, g.status, g.body, g.err, w.status, w.body, w.err)
		}
		if g.express != c.express {
			t.Errorf("%q: by the express %v", c.request, g.express)
		}
		for key := range w.fields {
			// net/http guesses types, and counts short bodies.
			if key != "Content-Type" && key != "Date" && key != "Content-Length" && g.fields.Get(key) != w.fields.Get(key) {
				t.Errorf("%q: %s is %q, want %q", c.request, key, g.fields.Get(key), w.fields.Get(key))
			}
		}
		if _, err := http.ParseTime(g.fields.Get("Date")); err != nil && g.status != "" && !strings.HasPrefix(g.status, "400") {
			t.Errorf("%q: %v", c.request, err)
		}
	}
}

func TestExpressKeepsConnections(t *testing.T) {
	addr, _ := express(t, false)
	answers, _ := talk(t, addr, "", get("/l/a.m4s?n=1"), get("/l/sized.m4s"), get("/l/pieces.m4s"), get("/l/changed.m4s", "X-Here: a"),
		get("/l/changed.m4s", "X-Here: a"), get("/l/a.m4s?n=2", "X-Here: b"), get("/l/a.html"), get("/l/a.m4s?n=3"))
	if len(answers) != 8 {
		t.Fatalf("%d answers, the last %+v", len(answers), answers[len(answers)-1])
	}
	for i, a := range answers {
		if a.err != nil || a.status != "200 OK" || a.express != (i < 6) {
			t.Errorf("answer %d: %s, %v, by the express %v", i, a.status, a.err, a.express)
		}
	}
	if answers[3].body != "2" || answers[4].body != "2" {
		t.Errorf("a handler's change of a header stays: %s, %s", answers[3].body, answers[4].body)
	}
	if !strings.Contains(answers[5].body, `? n=2 of h.test:80 by  ["b"] on http`) {
		t.Errorf("%s", answers[5].body)
	}
}

// What is sent before the answer to what came before is answered in turn.
func TestExpressPipelines(t *testing.T) {
	addr, _ := express(t, false)
	c := dial(t, addr)
	if _, err := io.WriteString(c, get("/l/nothing.m4s")+get("/l/sized.m4s")+get("/l/a.html")+get("/l/refused.m4s")); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for i, want := range []string{"200 OK", "200 OK", "200 OK", "404 Not Found"} {
		a, err := http.ReadResponse(r, nil)
		if err != nil || a.Status != want {
			t.Fatalf("answer %d: %v, %v", i, a, err)
		}
		_, _ = io.Copy(io.Discard, a.Body)
	}
}

func TestExpressEndsWhatIsNotWhole(t *testing.T) {
	addr, _ := express(t, false)
	for _, file := range []string{"short.m4s", "panic.m4s"} {
		answers, c := talk(t, addr, "", get("/l/"+file))
		if answers[0].err == nil {
			t.Errorf("%s: %+v", file, answers[0])
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: the connection goes on: %v", file, err)
		}
	}
}

func TestExpressShutdown(t *testing.T) {
	addr, e := express(t, false)
	_, idle := talk(t, addr, "", get("/l/a.m4s"))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an idle connection goes on: %v", err)
	}
	if answers, _ := talk(t, addr, "", get("/l/a.m4s")); answers[0].err == nil {
		t.Errorf("a late one gets %+v", answers[0])
	}
}

func TestExpressTimeouts(t *testing.T) {
	for name, begin := range map[string]string{"idle": get("/l/nothing.m4s"), "half a head": get("/l/nothing.m4s") + "GET /l/a.m4s HT"} {
		addr, e := express(t, false)
		e.IdleTimeout, e.HeaderTimeout = 200*time.Millisecond, 200*time.Millisecond
		_, c := talk(t, addr, "GET", begin)
		start := time.Now()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF || time.Since(start) > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(start))
		}
	}
}

// A deadline that a handler has lifted does not end what it writes later.
func TestExpressWriteDeadline(t *testing.T) {
	ours, theirs := tcpPair(t)
	c := &expressConn{TCPConn: theirs, header: make(http.Header), length: -1, method: http.MethodGet}
	w := expressWriter{c}
	if err := w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_ = w.SetWriteDeadline(time.Time{})
	time.Sleep(100 * time.Millisecond)
	if _, err := w.Write([]byte("a")); err != nil {
		t.Error(err)
	}
	_ = w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := w.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ours.Close()
}

func tcpPair(t *testing.T) (ours net.Conn, theirs *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours = dial(t, l.Addr().String())
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return ours, c.(*net.TCPConn)
}
