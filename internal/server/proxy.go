package server

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/millrace-live/millrace/internal/netx"
)

// believe puts what a trusted proxy says of a request's client in the place of
// the proxy's own address.
func believe(trusted netx.Trust, r *http.Request) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !trusted.Has(at.Addr()) {
		return
	}
	if client := forwardedFor(trusted, r.Header.Values("X-Forwarded-For")); client.IsValid() {
		// The header has no port.
		r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
	}
	if r.TLS == nil && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
}

// forwardedFor reads the header from its end, where the nearest proxy wrote:
// what stands before an address that is not trusted may be anybody's invention.
func forwardedFor(trusted netx.Trust, header []string) (client netip.Addr) {
	words := strings.Split(strings.Join(header, ","), ",")
	for _, word := range slices.Backward(words) {
		a, err := parseForwarded(strings.TrimSpace(word))
		if err != nil {
			return client
		}
		client = a
		if !trusted.Has(a) {
			return client
		}
	}
	return client
}

// parseForwarded reads an address, to which some proxies add the port.
func parseForwarded(s string) (netip.Addr, error) {
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().Unmap().WithZone(""), nil
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err
}

// crowd looks out for a proxy that nobody has told the server of: then everyone
// seems to come from this machine, and rules for addresses rule over all alike.
type crowd struct {
	log     *slog.Logger
	trusted netx.Trust
	here    atomic.Int32 // connections of RTMP from this machine
	abroad  atomic.Bool  // one came from elsewhere
	warn    sync.Once
}

// manyHere is how many connections from this machine and none from elsewhere
// look like a proxy's.
const manyHere = 50

// door counts those who come to next.
func (c *crowd) door(next netx.Door) netx.Door {
	return func(a *netx.Arrival) {
		c.look(a.Remote.Addr())
		next(a)
	}
}

func (c *crowd) look(from netip.Addr) {
	switch {
	case len(c.trusted) > 0 || c.abroad.Load():
	case !from.IsLoopback():
		c.abroad.Store(true)
	case c.here.Add(1) == manyHere:
		c.tell("all clients so far came from " + from.String() + " itself")
	}
}

// request looks at the headers of a request.
func (c *crowd) request(r *http.Request) {
	if len(c.trusted) > 0 || r.Header.Get("X-Forwarded-For") == "" {
		return
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		if a, err := netip.ParseAddr(host); err == nil && a.Unmap().IsLoopback() {
			c.tell("requests from " + host + " say that they were forwarded")
		}
	}
}

func (c *crowd) tell(sign string) {
	c.warn.Do(func() {
		c.log.Warn("a proxy seems to stand before this server, and every client has its address: " + sign +
			"; if that is a proxy of yours, start with --trusted-proxy 127.0.0.1 and let it send PROXY or X-Forwarded-For headers")
	})
}
