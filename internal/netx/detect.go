package netx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Door takes over a connection whose dialect is known. It owns the connection,
// runs on its goroutine and returns when it is done with it.
type Door func(a *Arrival)

// Detector accepts connections and hands each to the door of the dialect that
// its first byte shows; inside TLS it looks again. The fields must be set before
// Serve; what has no door is refused.
type Detector struct {
	RTMP Door // first byte 0x03 (RTMP 1.0, 5.2.2), or 0x06, 0x08, 0x09 of RTMPE
	HTTP Door // first byte of a method (RFC 9110, 9.1), or agreed on in TLS
	TLS  *TLS // first byte 0x16
	// Port is the name of the listener, for [Arrival.Port].
	Port string
	// Trusted are the proxies that may begin with a PROXY header, and need not.
	Trusted Trust
	// Origin, if not nil, is asked what is known of a connection before its
	// first byte: for one that comes out of a tunnel.
	Origin func(c net.Conn, a *Arrival)
	// Timeout is how long a connection may take to show its dialect, and again
	// as long for each wrapping that it shows first; 10 s when zero.
	Timeout time.Duration
	Logger  *slog.Logger // required

	mu      sync.Mutex
	closed  bool
	waiting map[net.Conn]struct{} // connections that have not shown their dialect
	serving sync.WaitGroup        // every connection's goroutine
}

// Serve accepts connections from l until [Detector.Shutdown], then returns
// [net.ErrClosed]. It closes l. It never ends for want of file descriptors: it
// waits, up to a second at a time, until accepting works again.
func (d *Detector) Serve(l net.Listener) error {
	defer l.Close()
	var back backoff
	var told time.Time
	for {
		c, err := l.Accept()
		if err == nil {
			back.reset()
			d.accept(c)
			continue
		}
		if d.isClosed() || errors.Is(err, net.ErrClosed) {
			return net.ErrClosed
		}
		// Where files are short, each connection that ends lets one more in.
		if now := time.Now(); now.Sub(told) >= tellEvery {
			told = now
			d.Logger.Error("cannot accept connections", "address", l.Addr().String(), "reason", acceptFault(err))
		}
		time.Sleep(back.next())
	}
}

// tellEvery is how often a listener that keeps failing says so.
const tellEvery = time.Minute

// acceptFault is why accepting failed, with the mend where there is one.
func acceptFault(err error) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return "all files that the process may open are in use: let it open more " +
			"(ulimit -n, or LimitNOFILE= of its systemd unit), and start it again"
	}
	return err.Error()
}

func (d *Detector) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

func (d *Detector) accept(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		c.Close()
		return
	}
	if d.waiting == nil {
		d.waiting = make(map[net.Conn]struct{})
	}
	d.waiting[c] = struct{}{}
	d.serving.Add(1)
	go d.serve(c)
}

func (d *Detector) serve(c net.Conn) {
	defer d.serving.Done()
	a := d.begin(c)
	door, err := d.detect(a)
	d.mu.Lock()
	delete(d.waiting, c)
	closed := d.closed
	d.mu.Unlock()
	if err == nil && !closed {
		door(a)
		return
	}
	defer c.Close()
	var why *refusal
	if !errors.As(err, &why) || closed {
		return // a port scan, or a health check of a load balancer: not worth a line
	}
	if why.answer != nil {
		c.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.Write(why.answer)
	}
	d.Logger.Info("connection refused", "reason", why.reason, "port", a.Port, "remote", a.Remote.String())
}

// begin returns what is known of a connection before its first byte.
func (d *Detector) begin(c net.Conn) *Arrival {
	a := &Arrival{Conn: c, Remote: addrPort(c.RemoteAddr()), Port: d.Port}
	if d.Origin != nil {
		d.Origin(c, a)
	}
	return a
}

// refusal is why a connection that said something is closed.
type refusal struct {
	reason string
	answer []byte // in the client's own words, if it has any
}

func (r *refusal) Error() string { return r.reason }

func refuse(reason string, args ...any) error { return &refusal{reason: fmt.Sprintf(reason, args...)} }

// detect reads until the dialect is known, and opens what it is wrapped in.
func (d *Detector) detect(a *Arrival) (Door, error) {
	raw := a.Conn
	if err := raw.SetReadDeadline(d.deadline()); err != nil {
		return nil, err
	}
	if err := d.proxy(a); err != nil {
		return nil, err
	}
	if err := a.need(1); err != nil {
		return nil, err
	}
	dialect := tell(a.Head[0])
	if dialect != dialectTLS || d.TLS == nil {
		return d.door(a, dialect)
	}
	return d.inside(a)
}

// inside does the TLS that a connection begins with, and looks again.
func (d *Detector) inside(a *Arrival) (Door, error) {
	hello, err := d.TLS.server(a, d.deadline())
	if err != nil {
		return nil, refuse("%s", d.TLS.explain(err, hello))
	}
	switch a.TLS.NegotiatedProtocol {
	case "":
	case "h2", "http/1.1":
		return d.door(a, dialectHTTP)
	default: // acme-tls/1: the certificate was all that was asked for
		return nil, errDone
	}
	if err := a.Conn.SetReadDeadline(d.deadline()); err != nil {
		return nil, err
	}
	switch err := a.need(1); {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, err
	case errors.Is(err, io.EOF):
		return nil, refuse("it closed TLS in order and said nothing inside: a health check, or %s", d.TLS.explain(err, hello))
	case err != nil:
		// Some look at the certificate when TLS is done.
		return nil, refuse("%s", d.TLS.explain(err, hello))
	}
	dialect := tell(a.Head[0])
	if dialect == dialectTLS {
		return nil, refuse("it speaks TLS inside TLS")
	}
	return d.door(a, dialect)
}

var errDone = errors.New("there is no more to do")

func (d *Detector) deadline() time.Time { return time.Now().Add(cmp.Or(d.Timeout, 10*time.Second)) }

// door returns the door of a dialect.
func (d *Detector) door(a *Arrival, which dialect) (Door, error) {
	var door Door
	switch which {
	case dialectRTMP:
		door = d.RTMP
	case dialectHTTP:
		door = d.HTTP
	case dialectTLS:
		return nil, &refusal{"TLS is not served here: use rtmp:// or http://", handshakeFailure}
	}
	switch {
	case door != nil:
		return door, a.Conn.SetReadDeadline(time.Time{})
	case a.Tunnel:
		return nil, refuse("what is inside the tunnel begins with the byte 0x%02x, not as RTMP does", a.Head[0])
	}
	return nil, refuse("it begins with the byte 0x%02x: no protocol that is served here does; use rtmp:// or http://", a.Head[0])
}

// proxy reads the PROXY header that a connection may begin with.
func (d *Detector) proxy(a *Arrival) error {
	if a.Tunnel {
		return nil
	}
	for {
		if err := a.need(len(a.Head) + 1); err != nil {
			return err
		}
		possible, certain := begins(a.Head)
		if certain {
			break
		}
		if !possible {
			return nil
		}
	}
	if !d.Trusted.Has(a.Remote.Addr()) {
		return refuse("it begins with a PROXY header, and %s is not a trusted proxy: if it is yours, start with --trusted-proxy %[1]s",
			a.Remote.Addr())
	}
	for {
		said, n, err := parseProxy(a.Head)
		switch {
		case err != nil:
			return refuse("%v", err)
		case n > 0:
			a.Head = a.Head[n:]
			if said.client.IsValid() {
				a.Remote, a.TLS, a.proxied = said.client, said.tls, true
			}
			return nil
		}
		if err := a.read(); err != nil {
			return err
		}
	}
}

type dialect int

const (
	dialectUnknown dialect = iota
	dialectRTMP
	dialectTLS
	dialectHTTP
)

// tell names the dialect that begins with b. Versions of RTMP end at 31, so that
// they cannot be taken for text (RTMP 1.0, 5.2.2); 0x16 among them is a TLS
// handshake record (RFC 8446, 5.1). Which of RTMP and RTMPE it is does not
// matter here.
func tell(b byte) dialect {
	switch {
	case b == 0x03, b == 0x06, b == 0x08, b == 0x09:
		return dialectRTMP
	case b == 0x16:
		return dialectTLS
	case 'A' <= b && b <= 'Z':
		return dialectHTTP
	}
	return dialectUnknown
}

// handshakeFailure is a TLS alert record, level fatal (RFC 8446, 6), so that a
// TLS client says that it was refused and not that the network failed.
var handshakeFailure = []byte{0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28}

// Shutdown stops accepting, closes the connections that have not shown their
// dialect, and waits until the doors are done with theirs or ctx ends. Closing
// those is for the doors themselves; the listeners are closed by their owner.
func (d *Detector) Shutdown(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	for c := range d.waiting {
		c.Close()
	}
	d.mu.Unlock()
	done := make(chan struct{})
	go func() {
		d.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
