package netx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Door takes over a connection whose dialect is known. head is what was read of
// it already; the connection itself is as it was accepted, without any wrapper,
// so that batches of slices still leave in one writev. The door owns c, runs on
// the connection's goroutine and returns when it is done with it.
type Door func(c net.Conn, head []byte)

// Detector accepts connections and hands each to the door of the dialect that
// its first byte shows. The doors must be set before Serve; a nil door closes
// its connections.
type Detector struct {
	RTMP Door // first byte 0x03 (RTMP 1.0, 5.2.2)
	HTTP Door // first byte of a method (RFC 9110, 9.1)
	// Timeout is how long a connection may take to send its first byte; 10 s
	// when zero.
	Timeout time.Duration
	Logger  *slog.Logger // required

	mu      sync.Mutex
	closed  bool
	waiting map[net.Conn]struct{} // connections that have not shown their dialect
	serving sync.WaitGroup        // every connection's goroutine
}

// headSize bounds what a connection that waits for its dialect costs. The first
// byte decides; what came with it saves the door a read.
const headSize = 64

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
	head, err := d.first(c)
	d.mu.Lock()
	delete(d.waiting, c)
	closed := d.closed
	d.mu.Unlock()
	if err != nil || closed {
		// A port scan or a health check of a load balancer: not worth a line.
		c.Close()
		return
	}
	switch dialect := tell(head[0]); {
	case dialect == dialectRTMP && d.RTMP != nil:
		d.RTMP(c, head)
	case dialect == dialectHTTP && d.HTTP != nil:
		d.HTTP(c, head)
	default:
		d.refuse(c, dialect, head[0])
	}
}

// first reads up to headSize bytes, at least one, before the deadline.
func (d *Detector) first(c net.Conn) ([]byte, error) {
	timeout := d.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	if err := c.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	head := make([]byte, headSize)
	n, err := c.Read(head)
	if n == 0 {
		if err == nil {
			err = errors.New("no byte came")
		}
		return nil, err
	}
	return head[:n], c.SetReadDeadline(time.Time{})
}

type dialect string

const (
	dialectRTMP    dialect = "RTMP"
	dialectRTMPE   dialect = "RTMPE"
	dialectTLS     dialect = "TLS"
	dialectHTTP    dialect = "HTTP"
	dialectUnknown dialect = "unknown"
)

// tell names the dialect that begins with b. Versions of RTMP end at 31, so that
// they cannot be taken for text (RTMP 1.0, 5.2.2); 0x16 among them is a TLS
// handshake record (RFC 8446, 5.1).
func tell(b byte) dialect {
	switch {
	case b == 0x03:
		return dialectRTMP
	case b == 0x06, b == 0x08, b == 0x09:
		return dialectRTMPE
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

func (d *Detector) refuse(c net.Conn, which dialect, first byte) {
	defer c.Close()
	remote := slog.String("remote", c.RemoteAddr().String())
	switch which {
	case dialectTLS:
		c.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.Write(handshakeFailure)
		d.Logger.Info("connection refused", "reason", "TLS is not built in yet: use rtmp:// or http://", remote)
	case dialectRTMPE:
		d.Logger.Info("connection refused", "reason", "RTMPE is not built in yet: use rtmp://", remote)
	default:
		reason := fmt.Sprintf("it begins with the byte 0x%02x: no protocol that is served here does; use rtmp:// or http://", first)
		d.Logger.Info("connection refused", "reason", reason, remote)
	}
}

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
