package rtmp

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
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

// listen serves srv on a free port of the loopback until the test ends, and
// gives the address in front of an application.
func listen(t testing.TB, srv *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; err != ErrServerClosed {
			t.Errorf("Serve returned %v", err)
		}
	})
	return "rtmp://" + l.Addr().String()
}

// within is the context of a test that should take no time at all.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func receive[T any](t testing.TB, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

// peer is a client that speaks the wire by hand.
type peer struct {
	t    testing.TB
	conn net.Conn
	w    *chunk.Writer
	got  chan message.Message // closed when the server closed
}

const handshakeSize = 1 + 2*1536

// newPeer opens c by the simple handshake.
func newPeer(t testing.TB, c net.Conn) *peer {
	t.Helper()
	p := &peer{t: t, conn: c, w: chunk.NewWriter(), got: make(chan message.Message, 1000)}
	hello := make([]byte, handshakeSize)
	hello[0] = 3
	go p.read()
	p.raw(hello)
	t.Cleanup(func() { c.Close() })
	return p
}

func dialPeer(t testing.TB, address string) *peer {
	t.Helper()
	u, err := ParseURL(address + "/live")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, c)
}

func (p *peer) read() {
	defer close(p.got)
	r := chunk.NewReader()
	r.SetLimits(1<<24, 1<<24)
	buf, skip := make([]byte, 64<<10), handshakeSize
	for {
		n, err := p.conn.Read(buf)
		b := buf[:n]
		if skip > 0 {
			k := min(skip, n)
			b, skip = b[k:], skip-k
		}
		if len(b) > 0 {
			if r.Feed(b, func(m *message.Message) error { p.got <- *m; return nil }) != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *peer) raw(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

func (p *peer) send(m *message.Message) {
	p.t.Helper()
	b, err := p.w.Append(nil, 3, m)
	if err != nil {
		p.t.Fatal(err)
	}
	p.raw(b)
}

func (p *peer) command(streamID uint32, values ...amf.Value) {
	p.t.Helper()
	m, err := message.NewMessage(message.Command, streamID, values...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(m)
}

func (p *peer) connect() {
	p.t.Helper()
	p.command(0, "connect", 1.0, amf.NewObject("app", "live"))
	p.command(0, "createStream", 2.0, nil)
	p.until("_result", 2)
}

// until reads on to a command of that name and transaction, and gives its code.
func (p *peer) until(name string, transaction float64) string {
	p.t.Helper()
	return p.answer(name, transaction).Args.Object(0).String("code")
}

// answer is until, and gives the whole command.
func (p *peer) answer(name string, transaction float64) *message.Call {
	p.t.Helper()
	for m := range p.got {
		if m.Type != message.Command {
			continue
		}
		c, err := message.ParseCall(&m)
		if err != nil {
			p.t.Fatal(err)
		}
		if c.Name == name && c.TransactionID == transaction {
			return c
		}
	}
	p.t.Fatalf("connection ended before %s came", name)
	return nil
}

// ended reads on until the server has closed the connection.
func (p *peer) ended() {
	p.t.Helper()
	for {
		select {
		case _, ok := <-p.got:
			if !ok {
				return
			}
		case <-time.After(20 * time.Second):
			p.t.Fatal("server did not close the connection")
		}
	}
}

func video(ts uint32, size int) *message.Message {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i * 7)
	}
	return &message.Message{Type: message.Video, Timestamp: ts, Payload: p}
}
