package netx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// TLS is how the detectors of a server speak it: one for all of them, so that a
// client may resume its session on another port. Config is required.
type TLS struct {
	// Config gives each client its settings, of which the certificate and the
	// protocols to agree on (ALPN).
	Config func(*tls.ClientHelloInfo) (*tls.Config, error)
	// Explain says in one line why a handshake failed and what mends it. The
	// hello is nil when none came. If nil, the error is said as it is.
	Explain func(err error, hello *tls.ClientHelloInfo) string

	once  sync.Once
	outer *tls.Config
	// slots are taken by those whose handshake computes. More of them at once
	// than processors would make the media wait behind a crowd that joins.
	slots chan struct{}
}

// maxHello bounds the part of a client's hello that is awaited before
// crypto/tls gets to see it: one record (RFC 8446, 5.1).
const maxHello = 5 + 1<<14

func (t *TLS) begin() {
	t.slots = make(chan struct{}, runtime.GOMAXPROCS(0))
	// One configuration for all connections keeps the keys of session tickets.
	t.outer = &tls.Config{GetConfigForClient: t.configFor} //nolint:gosec // the least version is that of what configFor returns
}

// server speaks TLS on a connection that begins so, until deadline. Then the
// arrival's connection is what is inside, and its head is empty. The hello is
// nil if none came.
func (t *TLS) server(a *Arrival, deadline time.Time) (*tls.ClientHelloInfo, error) {
	t.once.Do(t.begin)
	if err := a.Conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	// crypto/tls makes room for as much as a record declares to have. Who sends
	// none of it shall have none.
	if err := a.needRecord(); err != nil {
		return nil, err
	}
	below := &helloConn{headConn: headConn{Conn: a.Conn, head: a.Head, arrival: a}, deadline: deadline}
	c := tls.Server(below, t.outer)
	err := c.HandshakeContext(context.Background())
	below.release()
	hello := below.hello
	below.hello = nil
	if err != nil {
		return hello, err
	}
	state := c.ConnectionState()
	a.Conn, a.Head, a.TLS = c, nil, &state
	return hello, c.SetDeadline(time.Time{})
}

// needRecord reads a first record as a whole.
func (a *Arrival) needRecord() error {
	if err := a.need(5); err != nil {
		return err
	}
	size := 5 + int(a.Head[3])<<8 + int(a.Head[4])
	return a.need(min(size, maxHello))
}

func (t *TLS) explain(err error, hello *tls.ClientHelloInfo) string {
	if t.Explain != nil {
		return t.Explain(err, hello)
	}
	return fmt.Sprintf("the TLS handshake failed: %v", err)
}

// helloConn is what is below TLS. It knows what belongs to the handshake.
type helloConn struct {
	headConn
	hello    *tls.ClientHelloInfo
	deadline time.Time
	slots    chan struct{} // not nil: one of them is taken
	records  atomic.Pointer[records]
}

func (c *helloConn) release() {
	if c.slots != nil {
		<-c.slots
		c.slots = nil
	}
}

// configFor is what crypto/tls calls when it has read a hello.
func (t *TLS) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	c, ok := hello.Conn.(*helloConn)
	if !ok {
		return t.Config(hello)
	}
	c.hello = hello
	select {
	case t.slots <- struct{}{}:
	default:
		late := time.NewTimer(time.Until(c.deadline))
		defer late.Stop()
		select {
		case t.slots <- struct{}{}:
		case <-late.C:
			return nil, errBusy
		}
	}
	c.slots = t.slots
	return t.Config(hello)
}

var errBusy = errors.New("too many handshakes at once")

// TLSVersion names the version of TLS that is spoken, as in "1.3"; it is "" in
// plain, and "unknown" where a proxy did not tell.
func TLSVersion(s *tls.ConnectionState) string {
	if s == nil {
		return ""
	}
	switch s.Version {
	case tls.VersionTLS10:
		return "1.0"
	case tls.VersionTLS11:
		return "1.1"
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return "unknown"
}
