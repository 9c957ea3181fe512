package rtmpt

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestIdleSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Listener)
		b, c := visit(t, l)
		begun := time.Now()
		time.Sleep(20 * time.Second)
		b.ask(idle, 0, "\x00")
		_, err := c.Read(make([]byte, 1))
		if took := time.Since(begun); !errors.Is(err, ErrIdle) || took != 20*time.Second+holdTime+defaultIdle {
			t.Errorf("after %v: %v", took, err)
		}
		if got := b.status(idle, 1); got != http.StatusNotFound {
			t.Errorf("what follows is answered %d", got)
		}
	})
}

func TestSessionWithoutLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, &Listener{IdleTimeout: -1})
		time.Sleep(time.Hour)
		write(t, c, "x")
		if got := b.ask(idle, 0, "\x00"); got != "x" {
			t.Errorf("it says %q", got)
		}
	})
}

// What was written before Close waits for a moment only.
func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Listener)
		b, c := visit(t, l)
		write(t, c, "good bye")
		c.Close()
		time.Sleep(linger - 1)
		if l.session(b.id) == nil {
			t.Error("gone too early")
		}
		time.Sleep(2 * time.Nanosecond)
		if l.session(b.id) != nil {
			t.Error("still there")
		}
		b, c = visit(t, l)
		c.Close()
		if l.session(b.id) != nil {
			t.Error("a session that has nothing to say is still there")
		}
	})
}

func TestSessionsAreLimited(t *testing.T) {
	l := &Listener{MaxSessions: 2}
	b, c := visit(t, l)
	visit(t, l)
	if w := b.do("/open/1", "\x00"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a third is answered %d", w.Code)
	}
	c.Close()
	visit(t, l)
}

func TestListenerClose(t *testing.T) {
	l := NewListener(&net.TCPAddr{Port: 1935})
	b, c := visit(t, l)
	b.do("/open/1", "\x00") // is never accepted
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept says %v", err)
	}
	if w := b.do("/open/1", "\x00"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("open is answered %d", w.Code)
	}
	if n := len(l.sessions); n != 1 {
		t.Errorf("%d sessions are left", n)
	}
	write(t, c, "going on")
	if got := b.ask(idle, 0, "\x00"); got != "going on" {
		t.Errorf("the accepted session says %q", got)
	}
	if err := new(Listener).Close(); err != nil {
		t.Errorf("of one that was never used: %v", err)
	}
	if got := l.Addr().String(); got != ":1935" {
		t.Errorf("address %s", got)
	}
}

func TestConnKnowsItsRequest(t *testing.T) {
	type key struct{}
	l := new(Listener)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "https://example.org/open/1", strings.NewReader("\x00"))
	r.RemoteAddr = "[2001:db8::1]:50000"
	l.ServeHTTP(httptest.NewRecorder(), r)
	cancel()
	c := accept(t, l)
	if a, ok := c.RemoteAddr().(*net.TCPAddr); !ok || a.String() != r.RemoteAddr {
		t.Errorf("remote address is %v", c.RemoteAddr())
	}
	got := c.Request()
	if got.TLS == nil || got.Host != "example.org" || got.Context().Value(key{}) != "value" || got.Context().Err() != nil {
		t.Errorf("request is %+v", got)
	}
	if c.LocalAddr() == nil {
		t.Error("there is no local address")
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		begun := time.Now()
		timedOut := func(what string, err error, after time.Duration) {
			t.Helper()
			var n net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &n) || !n.Timeout() || time.Since(begun) != after {
				t.Errorf("%s: %v after %v", what, err, time.Since(begun))
			}
		}
		c.SetReadDeadline(begun.Add(time.Second))
		_, err := c.Read(make([]byte, 1))
		timedOut("read", err, time.Second)
		_, err = c.Read(make([]byte, 1))
		timedOut("read again", err, time.Second)

		c.SetDeadline(begun.Add(2 * time.Second))
		n, err := c.Write(make([]byte, maxOut+1))
		timedOut("write", err, 2*time.Second)
		if n != maxOut {
			t.Errorf("wrote %d bytes", n)
		}
		c.SetDeadline(time.Time{})
		go func() {
			time.Sleep(time.Second)
			c.SetReadDeadline(time.Unix(1, 0)) // as one does to wake a reader
		}()
		_, err = c.Read(make([]byte, 1))
		timedOut("woken read", err, 3*time.Second)

		if got := b.ask(idle, 0, "\x00"); len(got) != maxOut {
			t.Errorf("the reply has %d bytes", len(got))
		}
		write(t, c, "and on")
		if got := b.ask(idle, 1, "\x00"); got != "and on" {
			t.Errorf("the next has %q", got)
		}
	})
}

// A session that nobody uses is bytes, and no goroutine.
func TestIdleSessionIsSmall(t *testing.T) {
	const n = 2000
	l := new(Listener)
	memory := func() (bytes uint64, goroutines int) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	bytes, goroutines := memory()
	conns := make([]*Conn, 0, n)
	for range n {
		r := httptest.NewRequest(http.MethodPost, "/open/1", strings.NewReader("\x00"))
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		c := accept(t, l)
		b := &browser{t, l, strings.TrimSpace(w.Body.String())}
		write(t, c, "hello")
		b.ask(idle, 0, "\x00")
		conns = append(conns, c)
	}
	b, g := memory()
	t.Logf("%d bytes a session", (b-bytes)/n)
	if each := (b - bytes) / n; each > 4<<10 {
		t.Errorf("a session has %d bytes", each)
	}
	if g > goroutines {
		t.Errorf("%d goroutines more", g-goroutines)
	}
	runtime.KeepAlive(conns)
}
