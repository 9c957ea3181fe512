package netx

import (
	"crypto/tls"
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

// Door is the [Door] that gives a connection, with its head before its other
// bytes, to Accept. Where the client has agreed on a protocol in TLS it is the
// *[tls.Conn] itself, by which net/http finds HTTP/2.
func (h *Handoff) Door(a *Arrival) {
	var c net.Conn
	head := &headConn{Conn: a.Conn, head: a.Head, arrival: a}
	switch _, isTLS := a.Conn.(*tls.Conn); {
	case isTLS && len(a.Head) == 0:
		c = a.Conn
	case a.TLS != nil:
		c = &secureConn{head}
	default:
		c = head
	}
	select {
	case h.conns <- c:
	case <-h.done:
		a.Conn.Close()
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

// headConn reads the detector's bytes first, and has the address that a trusted
// proxy told. Like [tls.Conn] it has NetConn: one who hijacks it and has read
// its head should write to the connection below, where a batch of slices leaves
// in one writev.
type headConn struct {
	net.Conn
	head    []byte
	arrival *Arrival
}

func (c *headConn) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		if c.head = c.head[n:]; len(c.head) == 0 {
			c.head = nil // what it is a part of may go
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// RemoteAddr returns the client's address.
func (c *headConn) RemoteAddr() net.Addr {
	if c.arrival.proxied {
		return net.TCPAddrFromAddrPort(c.arrival.Remote)
	}
	return c.Conn.RemoteAddr()
}

// NetConn returns the connection as it was accepted.
func (c *headConn) NetConn() net.Conn { return c.Conn }

// secureConn is one inside TLS. net/http asks it for Request.TLS.
type secureConn struct{ *headConn }

// ConnectionState returns that of the connection's TLS.
func (c *secureConn) ConnectionState() tls.ConnectionState { return *c.arrival.TLS }

// Raw returns the connection below c when c is a wrapper that is done with its
// own bytes (one that http.Server let be hijacked), else c.
func Raw(c net.Conn) net.Conn {
	if s, ok := c.(*secureConn); ok {
		c = s.headConn
	}
	if h, ok := c.(*headConn); ok && len(h.head) == 0 {
		return h.Conn
	}
	return c
}
