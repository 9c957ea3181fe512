package netx

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"slices"
)

// Arrival is a connection that has shown its dialect.
type Arrival struct {
	// Conn is the connection as it was accepted, without any wrapper, so that
	// batches of slices leave in one writev; a *[tls.Conn] where TLS was spoken;
	// or what the tunnel gives.
	Conn net.Conn
	// Head is what was read of it already.
	Head []byte
	// TLS is nil in plain. Of a connection whose TLS a trusted proxy ended,
	// only the version is known, or not even that.
	TLS *tls.ConnectionState
	// Tunnel is set inside RTMPT.
	Tunnel bool
	// Remote is the client's address. A trusted proxy's word for it counts.
	Remote netip.AddrPort
	// Port is the name of the listener: rtmp, rtmps, http.
	Port string

	proxied bool           // Remote is what a proxy said
	first   [headSize]byte // where Head begins: most need no more
}

// headSize bounds what a connection that waits for its dialect costs. The first
// byte decides; what came with it saves the door a read.
const headSize = 64

// Protocol names the dialect of RTMP that is spoken; encrypted says whether by
// RTMPE's handshake. Inside TLS, that adds nothing.
func (a *Arrival) Protocol(encrypted bool) string {
	name := [...]string{"rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts"}
	i := 0
	switch {
	case a.TLS != nil:
		i = 2
	case encrypted:
		i = 1
	}
	if a.Tunnel {
		i += 3
	}
	return name[i]
}

// read reads once into Head, which grows with what has come and by nothing that
// the peer declares.
func (a *Arrival) read() error {
	if a.Head == nil {
		a.Head = a.first[:0]
	}
	if len(a.Head) == cap(a.Head) {
		a.Head = slices.Grow(a.Head, 512)
	}
	n, err := a.Conn.Read(a.Head[len(a.Head):cap(a.Head)])
	a.Head = a.Head[:len(a.Head)+n]
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	if n > 0 {
		err = nil // the next read has it again
	}
	return err
}

// need reads until Head has n bytes.
func (a *Arrival) need(n int) error {
	for len(a.Head) < n {
		if err := a.read(); err != nil {
			return err
		}
	}
	return nil
}

// addrPort is the address of a as the log and the rules write it.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}
