package rtmpt

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails when goroutines are left behind by any test.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(code) // fuzzing keeps goroutines of its own
	}
	for deadline := time.Now().Add(5 * time.Second); code == 0 && runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			fmt.Printf("goroutines left behind:\n%s\n", buf[:runtime.Stack(buf, true)])
			code = 1
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	os.Exit(code)
}

// browser makes requests of a listener by hand, without a network.
type browser struct {
	t  testing.TB
	l  *Listener
	id string
}

// visit opens a session, and gives the two ends of it.
func visit(t testing.TB, l *Listener) (*browser, *Conn) {
	t.Helper()
	b := &browser{t: t, l: l}
	r := b.do("/open/1", "\x00")
	if r.Code != http.StatusOK {
		t.Fatalf("open: %d %s", r.Code, r.Body)
	}
	b.id = strings.TrimSuffix(r.Body.String(), "\n")
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return b, c.(*Conn)
}

func (b *browser) request(ctx context.Context, path string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, body)
	w := httptest.NewRecorder()
	b.l.ServeHTTP(w, r)
	return w
}

func (b *browser) do(path, body string) *httptest.ResponseRecorder {
	return b.request(context.Background(), path, strings.NewReader(body))
}

func (b *browser) path(v verb, n uint64) string { return fmt.Sprintf("/%s/%s/%d", v, b.id, n) }

// ask makes request n and gives what the reply says behind the polling byte.
func (b *browser) ask(v verb, n uint64, body string) string {
	b.t.Helper()
	w := b.do(b.path(v, n), body)
	if w.Code != http.StatusOK {
		b.t.Fatalf("/%s/%d: %d %s", v, n, w.Code, w.Body)
	}
	if w.Body.Len() == 0 {
		b.t.Fatalf("/%s/%d: the reply has no polling byte", v, n)
	}
	if got := w.Header().Get("Content-Length"); got != fmt.Sprint(w.Body.Len()) {
		b.t.Fatalf("/%s/%d: Content-Length %s of %d bytes", v, n, got, w.Body.Len())
	}
	return w.Body.String()[1:]
}

func (b *browser) status(v verb, n uint64) int { return b.do(b.path(v, n), "\x00").Code }

// serve serves a listener on a free port of the loopback until the test ends.
func serve(t testing.TB, l *Listener) string {
	t.Helper()
	s := httptest.NewServer(l)
	t.Cleanup(s.Close)
	return s.URL
}

func accept(t testing.TB, l *Listener) *Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*Conn)
}

func dial(t testing.TB, d *Dialer, address string) net.Conn {
	t.Helper()
	c, err := d.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func write(t testing.TB, c io.Writer, s string) {
	t.Helper()
	if n, err := io.WriteString(c, s); n != len(s) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(s), err)
	}
}

func expect(t testing.TB, c io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, want %q: %v", got[:n], want, err)
	}
}

// noise is n bytes that repeat nowhere near.
func noise(n int, seed uint32) []byte {
	b := make([]byte, n)
	for i := range b {
		seed = seed*1664525 + 1013904223
		b[i] = byte(seed >> 24)
	}
	return b
}

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("%s: %d bytes, want %d; they differ at %d", what, len(got), len(want), at)
}
