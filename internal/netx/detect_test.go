package netx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// serve runs d on a free port of the loopback and ends it with the test.
func serve(t *testing.T, d *Detector) string {
	t.Helper()
	l, err := Listen(t.Context(), "--rtmp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	end := make(chan error)
	go func() { end <- d.Serve(l) }()
	t.Cleanup(func() {
		l.Close()
		if err := d.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-end; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

func TestDetectorHandsRTMPItsBytes(t *testing.T) {
	door := func(a *Arrival) {
		c, head := a.Conn, a.Head
		defer c.Close()
		if _, ok := c.(*net.TCPConn); !ok {
			t.Errorf("the door got a wrapped connection: %T", c)
		}
		rest := make([]byte, 300-len(head))
		io.ReadFull(c, rest)
		c.Write(append(head, rest...))
	}
	addr := serve(t, &Detector{RTMP: door, Logger: slog.New(slog.DiscardHandler)})
	c := dial(t, addr)
	sent := append([]byte{0x03}, bytes.Repeat([]byte{0xA5}, 299)...)
	c.Write(sent[:1])
	c.Write(sent[1:])
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("the door saw % x..., %v; want the %d bytes that were sent", got[:min(8, len(got))], err, len(sent))
	}
}

func TestDetectorGivesHTTPToItsServer(t *testing.T) {
	d := &Detector{Logger: slog.New(slog.DiscardHandler)}
	h := NewHandoff(&net.TCPAddr{})
	d.HTTP = h.Door
	var raw atomic.Bool
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hijack" {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, ok := Raw(c).(*net.TCPConn)
			raw.Store(ok)
			io.WriteString(Raw(c), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nraw")
			return
		}
		io.WriteString(w, r.Method+" "+r.URL.Path)
	})}
	go srv.Serve(h)
	defer srv.Close()
	addr := serve(t, d)
	for path, want := range map[string]string{"/a/path/longer/than/the/head/of/sixty-four/bytes/for/certain": "GET /a/path/longer/than/the/head/of/sixty-four/bytes/for/certain", "/hijack": "raw"} {
		resp, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != want {
			t.Errorf("GET %s: %q, want %q", path, body, want)
		}
	}
	if !raw.Load() {
		t.Error("a hijacked connection does not lead back to the TCP connection")
	}
}

func TestDetectorNamesWhatItRefuses(t *testing.T) {
	tests := []struct {
		name   string
		sent   []byte
		reason string
		reply  []byte
	}{
		{"TLS", []byte{0x16, 0x03, 0x01, 0x02, 0x00}, "TLS is not served here", handshakeFailure},
		{"SSH", []byte{0x00}, "it begins with the byte 0x00: no protocol", nil},
		{"text", []byte("hello"), "it begins with the byte 0x68: no protocol", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			server, client := net.Pipe()
			d := &Detector{Logger: slog.New(slog.NewTextHandler(&log, nil))}
			d.accept(server)
			go client.Write(tt.sent)
			reply, _ := io.ReadAll(client)
			if !bytes.Equal(reply, tt.reply) {
				t.Errorf("answered % x, want % x", reply, tt.reply)
			}
			if err := d.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, tt.reason) {
				t.Errorf("logged %q, want one line with %q", got, tt.reason)
			}
		})
	}
}

func TestDetectorDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Detector{Logger: slog.New(slog.DiscardHandler)}
		server, client := net.Pipe()
		d.accept(server)
		began := time.Now()
		if _, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read from a detector that waits: %v, want EOF", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("closed a silent connection after %v, want 10 s", took)
		}
	})
}

func TestShutdownClosesWhoWaits(t *testing.T) {
	d := &Detector{Logger: slog.New(slog.DiscardHandler)}
	c := dial(t, serve(t, d))
	// The server side is known to be accepted once the detector counts it.
	for d.count() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := d.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
}

func (d *Detector) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}

// hungry is a listener without file descriptors for a while.
type hungry struct {
	net.Listener
	fails int
	done  chan struct{}
}

func (h *hungry) Accept() (net.Conn, error) {
	if h.fails > 0 {
		h.fails--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	<-h.done
	return nil, net.ErrClosed
}
func (h *hungry) Close() error   { return nil }
func (h *hungry) Addr() net.Addr { return &net.TCPAddr{} }

func TestServeOutlivesWantOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hungry{fails: 10, done: make(chan struct{})}
		d := &Detector{Logger: slog.New(slog.DiscardHandler)}
		began := time.Now()
		end := make(chan error)
		go func() { end <- d.Serve(h) }()
		time.Sleep(10 * time.Second)
		close(h.done)
		if err := <-end; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve returned %v", err)
		}
		if h.fails != 0 {
			t.Errorf("%d accepts left to fail after 10 s", h.fails)
		}
		if d := time.Since(began); d < 3*time.Second {
			t.Errorf("ten failures took %v: the loop spins", d)
		}
	})
}

// failing is a listener that cannot accept a few times.
type failing struct {
	net.Listener
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left--; f.left < 0 {
		return nil, net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
}

func (f *failing) Close() error   { return nil }
func (f *failing) Addr() net.Addr { return &net.TCPAddr{Port: 1935} }

// A listener that is out of files says so once a minute, with the mend, however
// often it fails.
func TestOutOfFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d := &Detector{Logger: slog.New(slog.NewTextHandler(&log, nil))}
		if err := d.Serve(&failing{left: 75}); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if got := log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "let it open more (ulimit -n") {
			t.Errorf("over about 70 s it logged\n%s", got)
		}
	})
}

// ready is a connection whose first bytes are there.
type ready struct{ net.Conn }

func (ready) Read(p []byte) (int, error)      { return copy(p, "\x03 and what follows"), nil }
func (ready) SetReadDeadline(time.Time) error { return nil }
func (ready) RemoteAddr() net.Addr            { return somebody }

var somebody = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 5000}

// What is kept of a plain connection is one allocation: the arrival, its first
// bytes within.
func TestPlainRTMPCostsOneAllocation(t *testing.T) {
	d := &Detector{RTMP: func(*Arrival) {}, TLS: ours(), Logger: slog.New(slog.DiscardHandler)}
	var c net.Conn = ready{}
	allocs := testing.AllocsPerRun(100, func() {
		door, err := d.detect(d.begin(c))
		if err != nil || door == nil {
			t.Fatal(err)
		}
	})
	if allocs > 1 {
		t.Errorf("%v allocations, want 1", allocs)
	}
}
