package rtmpt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// both sends to and fro at once, and compares.
func both(t *testing.T, client, server net.Conn, size int) {
	t.Helper()
	up, down := noise(size, 4), noise(size, 5)
	var all sync.WaitGroup
	for _, way := range []struct {
		name     string
		from, to net.Conn
		bytes    []byte
	}{{"up", client, server, up}, {"down", server, client, down}} {
		all.Go(func() {
			for rest := way.bytes; len(rest) > 0; {
				n := min(len(rest), 1+len(rest)/3)
				if _, err := way.from.Write(rest[:n]); err != nil {
					t.Errorf("%s: %v", way.name, err)
					return
				}
				rest = rest[n:]
			}
		})
		all.Go(func() {
			got := make([]byte, len(way.bytes))
			n, err := io.ReadFull(way.to, got)
			if err != nil {
				t.Errorf("%s: after %d bytes: %v", way.name, n, err)
			}
			same(t, way.name, got[:n], way.bytes)
		})
	}
	all.Wait()
}

func TestDial(t *testing.T) {
	l := new(Listener)
	client := dial(t, new(Dialer), serve(t, l))
	server := accept(t, l)
	if server.RemoteAddr().String() != client.LocalAddr().String() ||
		server.LocalAddr().String() != client.RemoteAddr().String() {
		t.Errorf("%v - %v on the one side, %v - %v on the other", server.RemoteAddr(), server.LocalAddr(),
			client.LocalAddr(), client.RemoteAddr())
	}
	both(t, client, server, 3<<20)
	write(t, client, "last words")
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, server, "last words")
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read says %v", err)
	}
	if l.session(server.id) != nil {
		t.Error("the session is still there")
	}
	for what, err := range map[string]error{
		"Close": client.Close(), "Write": second(client.Write([]byte("x"))), "Read": second(client.Read(make([]byte, 1))),
		"SetDeadline": client.SetDeadline(time.Now()),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s says %v", what, err)
		}
	}
}

func second(_ int, err error) error { return err }

func TestServerCloses(t *testing.T) {
	l := new(Listener)
	client := dial(t, new(Dialer), serve(t, l))
	server := accept(t, l)
	write(t, server, "good bye")
	server.Close()
	expect(t, client, "good bye")
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read says %v", err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Write says %v", err)
	}
}

func TestDialTLS(t *testing.T) {
	l := new(Listener)
	s := httptest.NewUnstartedServer(l)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	if _, err := new(Dialer).Dial(t.Context(), s.URL); err == nil {
		t.Error("a certificate that nobody trusts was taken")
	} else if unknown := (x509.UnknownAuthorityError{}); !errors.As(err, &unknown) {
		t.Errorf("the error is %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	client := dial(t, &Dialer{TLSConfig: &tls.Config{RootCAs: roots}}, s.URL)
	server := accept(t, l)
	if server.Request().TLS == nil {
		t.Error("the server does not see TLS")
	}
	both(t, client, server, 200<<10)
	client.Close()
}

func TestDialFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"no tunnel": {http.NotFound, "404 Not Found: it has no RTMPT tunnel there"},
		"full": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			"503 Service Unavailable",
		},
		"a page":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>\n<body>") }, "this is not an RTMPT server"},
		"nothing": {func(http.ResponseWriter, *http.Request) {}, "this is not an RTMPT server"},
		"a flood": {
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("a", 1<<20)) },
			"this is not an RTMPT server",
		},
		"elsewhere": {
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
			},
			"302 Found",
		},
	} {
		s := httptest.NewServer(c.answer)
		_, err := new(Dialer).Dial(t.Context(), s.URL)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
	for _, address := range []string{"", "rtmpt://localhost", "http:///open", "localhost:80", "http://[::1"} {
		if _, err := new(Dialer).Dial(t.Context(), address); err == nil {
			t.Errorf("%q was dialed", address)
		}
	}
}

func TestDialTimesOut(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer s.Close()
	defer close(release)
	_, err := (&Dialer{Timeout: 20 * time.Millisecond}).Dial(t.Context(), s.URL)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a timeout: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := new(Dialer).Dial(ctx, s.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// A client with nothing to say asks less and less often where the server
// answers at once, and always where the server waits.
func TestClientPolls(t *testing.T) {
	var idles atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, _ := parseTarget(r.URL.Path)
		switch target.verb {
		case open:
			fmt.Fprint(w, "id\n")
			return
		case idle:
			idles.Add(1)
		}
		w.Write([]byte{1})
	}))
	defer s.Close()
	c := dial(t, new(Dialer), s.URL)
	c.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read says %v", err)
	}
	if n := idles.Load(); n < 3 || n > 12 {
		t.Errorf("%d requests in a second", n)
	}
}

func TestClientPauses(t *testing.T) {
	c := clientConn{maxPoll: defaultPoll}
	for i, step := range []struct {
		v    verb
		data bool
		took time.Duration
		want time.Duration
	}{
		{send, true, 0, firstPoll}, // connect; more may follow
		{idle, true, 0, 0},         // a player goes on
		{idle, false, holdTime, 0},
		{send, false, 0, 20 * time.Millisecond},
		{send, false, 0, 40 * time.Millisecond}, // a publisher is left to it
		{send, false, 0, 80 * time.Millisecond},
		{send, true, 0, 40 * time.Millisecond}, // an acknowledgement came
		{send, false, 0, 80 * time.Millisecond},
		{send, false, 0, 160 * time.Millisecond},
		{send, false, 0, defaultPoll},
		{send, false, 0, defaultPoll},
		{idle, false, 0, defaultPoll},
		{idle, true, 0, 0},
	} {
		if c.pause(step.v, step.data, step.took); c.wait != step.want {
			t.Errorf("step %d: waits %v, want %v", i, c.wait, step.want)
		}
	}
}

func TestClientSeesTheServerFail(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   string
	}{
		"no polling byte": {func(http.ResponseWriter) {}, "no polling byte"},
		"an error":        {func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, "502 Bad Gateway"},
		"half a reply": {
			func(w http.ResponseWriter) {
				w.Header().Set("Content-Length", "10")
				w.Write([]byte{1, 2})
			},
			"unexpected EOF",
		},
		"silence": {func(http.ResponseWriter) { time.Sleep(200 * time.Millisecond) }, "timeout"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/open/") {
				fmt.Fprint(w, "id\n")
				return
			}
			c.answer(w)
		}))
		client := dial(t, &Dialer{Timeout: 100 * time.Millisecond}, s.URL)
		_, err := io.ReadAll(client)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Read says %v", name, err)
		}
		if _, werr := client.Write([]byte("x")); !errors.Is(werr, err) {
			t.Errorf("%s: Write says %v", name, werr)
		}
		client.Close()
		s.Close()
	}
}

// Close does not wait for a server that does not answer.
func TestClientClosesAnyway(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/open/") {
			fmt.Fprint(w, "id\n")
			return
		}
		<-release
	}))
	defer s.Close()
	defer close(release)
	c := dial(t, new(Dialer), s.URL)
	write(t, c, "x")
	begun := time.Now()
	c.Close()
	if took := time.Since(begun); took > closeTimeout+time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestClientWriteDeadline(t *testing.T) {
	l := new(Listener)
	c := dial(t, new(Dialer), serve(t, l))
	server := accept(t, l) // reads nothing
	c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	n, err := c.Write(make([]byte, 4<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == 4<<20 {
		t.Errorf("wrote %d: %v", n, err)
	}
	server.Close()
}
