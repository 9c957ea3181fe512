package rtmpt

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// FuzzRequests sends anything to a server that has one session, whose identifier
// is known as AbCdEf0123456789.
func FuzzRequests(f *testing.F) {
	for _, name := range []string{"ffmpeg-rtmpt-publish.c2s", "rtmpdump-rtmpt-play.c2s", "rtmpdump-rtmpte.c2s"} {
		b := capture(f, name)
		f.Add(b[:min(len(b), 6000)])
	}
	id := []byte(capturedID)
	for _, s := range []string{
		"POST /send/%s/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" +
			"POST /send/%[1]s/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" +
			"POST /send/%[1]s/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		"POST /send/%s/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhello",
		"POST /send/%s/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\nhello",
		"POST /close/%s/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n\x00POST /idle/%[1]s/1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /idle/%s/0 HTTP/1.1\r\nHost: x\r\n\r\nPOST /fcs/ident2 HTTP/1.1\r\nHost: x\r\n\r\nPOST /open/1 HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		f.Add(fmt.Appendf(nil, s, id))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		l := &Listener{MaxSessions: 3}
		defer l.Close()
		b, server := visit(t, l)
		server.mu.Lock()
		server.grace = 0
		server.mu.Unlock()
		write(t, server, strings.Repeat("down", 100))
		read := make(chan []byte)
		go func() {
			got, _ := io.ReadAll(server)
			read <- got
		}()

		sent := bytes.ReplaceAll(stream, id, []byte(b.id))
		taken := 0
		in := bufio.NewReader(bytes.NewReader(sent))
		for range 20 {
			r, err := http.ReadRequest(in)
			if err != nil {
				break
			}
			target, ok := parseTarget(r.URL.Path)
			server.mu.Lock()
			waits := target.verb == idle || server.seq.place(target.n) == early
			server.mu.Unlock()
			if ok && waits {
				continue
			}
			body := &counted{Reader: r.Body}
			w := &recorder{header: make(http.Header)}
			r.Body = body
			l.ServeHTTP(w, r)
			if ok && target.id == b.id && w.code == http.StatusOK && w.size == 0 {
				t.Fatalf("%s has an empty reply", r.URL.Path)
			}
			if body.n > maxBody+piece {
				t.Fatalf("%d bytes of a body were taken", body.n)
			}
			taken += body.n
		}
		server.mu.Lock()
		server.finish(io.EOF, io.EOF)
		server.mu.Unlock()
		if got := <-read; len(got) > taken {
			t.Fatalf("%d bytes came out of %d", len(got), taken)
		}
		if n := len(l.sessions); n > 2 {
			t.Fatalf("%d sessions", n)
		}
	})
}

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func (c *counted) Close() error { return nil }

type recorder struct {
	header http.Header
	code   int
	size   int
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(code int) { w.code = code }

func (w *recorder) Write(p []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	w.size += len(p)
	return len(p), nil
}

// FuzzReplies lets a client meet a server that says anything.
func FuzzReplies(f *testing.F) {
	f.Add(capture(f, "ffmpeg-rtmpt-publish.s2c"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nid\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\x01x"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nid\n\r\n0\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 200 OK\r\n\r\nid\n"))
	log.SetOutput(io.Discard) // net/http tells of what comes unasked
	f.Cleanup(func() { log.SetOutput(os.Stderr) })
	f.Fuzz(func(t *testing.T, stream []byte) {
		d := &Dialer{Timeout: time.Second, PollInterval: time.Millisecond}
		var dialed atomic.Int32
		var serving sync.WaitGroup
		defer serving.Wait()
		d.NetDial = func(context.Context, string, string) (net.Conn, error) {
			if dialed.Add(1) > 2 {
				return nil, io.ErrClosedPipe
			}
			ours, theirs := net.Pipe()
			serving.Go(func() { io.Copy(io.Discard, theirs) })
			serving.Go(func() {
				theirs.Write(stream)
				theirs.Close()
			})
			return ours, nil
		}
		c, err := d.Dial(t.Context(), "http://server")
		if err != nil {
			return
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		got, err := io.ReadAll(c)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the client goes on without a server")
		}
		if len(got) > 2*len(stream) {
			t.Errorf("%d bytes came out of %d", len(got), len(stream))
		}
		c.Close()
	})
}
