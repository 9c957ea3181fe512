package netx

import (
	"net"
	"sync"
)

// Handoff is a listener whose connections come from a [Detector] instead of a
// socket: it joins an [net/http.Server] to the HTTP door.
type Handoff struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
}

// NewHandoff returns a Handoff that calls itself by the address of the real
// listener.
func NewHandoff(addr net.Addr) *Handoff {
	return &Handoff{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Door is the [Door] that gives c, with head before its other bytes, to Accept.
func (h *Handoff) Door(c net.Conn, head []byte) {
	select {
	case h.conns <- &headConn{Conn: c, head: head}:
	case <-h.done:
		c.Close()
	}
}

// Accept implements [net.Listener].
func (h *Handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]; connections that come later are closed.
func (h *Handoff) Close() error {
	h.close.Do(func() { close(h.done) })
	return nil
}

// Addr implements [net.Listener].
func (h *Handoff) Addr() net.Addr { return h.addr }

// headConn reads the detector's bytes first. Like [tls.Conn] it has NetConn:
// one who hijacks it and has read its head should write to the connection
// below, where a batch of slices leaves in one writev.
type headConn struct {
	net.Conn
	head []byte
}

func (c *headConn) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// NetConn returns the connection as it was accepted.
func (c *headConn) NetConn() net.Conn { return c.Conn }

// Raw returns the connection below c when c is a wrapper that is done with its
// own bytes (one that http.Server let be hijacked), else c.
func Raw(c net.Conn) net.Conn {
	if h, ok := c.(*headConn); ok && len(h.head) == 0 {
		return h.Conn
	}
	return c
}
