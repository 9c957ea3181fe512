package netx

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Trust is a list of addresses: those of the proxies whose word for a client's
// address counts.
type Trust []netip.Prefix

// ParseTrust reads ranges ("10.0.0.0/8") and single addresses.
func ParseTrust(ranges []string) (Trust, error) {
	var t Trust
	for _, s := range ranges {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, e := netip.ParseAddr(s)
			if e != nil {
				return nil, fmt.Errorf("%q is not a range of addresses; write for instance 10.0.0.0/8", s)
			}
			p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		}
		t = append(t, p.Masked())
	}
	return t, nil
}

// Has reports whether a is one of the addresses.
func (t Trust) Has(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range t {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// The two forms of the PROXY header, from the specification of haproxy
// (proxy-protocol.txt, 2.1 and 2.2).
var (
	proxyV1 = []byte("PROXY ")
	proxyV2 = []byte("\r\n\r\n\x00\r\nQUIT\n")
)

const (
	maxProxyV1 = 107     // bytes, with the end of the line (2.1)
	maxProxyV2 = 4 << 10 // bytes of all addresses and attributes; proxies send some hundreds
	proxyFixed = 16      // bytes of version 2 before its addresses
)

// begins reports whether b can be the beginning of a PROXY header, and whether
// it is one for certain.
func begins(b []byte) (possible, certain bool) {
	for _, form := range [][]byte{proxyV1, proxyV2} {
		n := min(len(b), len(form))
		if n > 0 && bytes.Equal(b[:n], form[:n]) {
			return true, n == len(form)
		}
	}
	return false, false
}

// proxied is what a PROXY header says. Without an address it speaks of itself:
// a health check, or a client of a kind that it cannot name.
type proxied struct {
	client netip.AddrPort
	tls    *tls.ConnectionState // of what it ended, of which it tells little
}

var errProxyHeader = errors.New("its PROXY header is broken")

// parseProxy reads a PROXY header at the beginning of b, of which n bytes are
// that. n is 0 when more bytes are needed.
func parseProxy(b []byte) (p proxied, n int, err error) {
	if bytes.HasPrefix(b, proxyV1) {
		return parseProxyV1(b)
	}
	if len(b) < proxyFixed {
		return proxied{}, 0, nil
	}
	size := int(binary.BigEndian.Uint16(b[14:]))
	command, family := b[12], b[13]
	if command&0xF0 != 0x20 || command&0x0F > 1 || size > maxProxyV2 {
		return proxied{}, 0, errProxyHeader
	}
	if n = proxyFixed + size; len(b) < n {
		return proxied{}, 0, nil
	}
	if command == 0x20 { // LOCAL
		return proxied{}, n, nil
	}
	rest := b[proxyFixed:n]
	var each int
	switch family >> 4 {
	case 1:
		each = 4
	case 2:
		each = 16
	default:
		return proxied{}, n, nil
	}
	if len(rest) < 2*each+4 {
		return proxied{}, 0, errProxyHeader
	}
	from, _ := netip.AddrFromSlice(rest[:each])
	p.client = netip.AddrPortFrom(from.Unmap(), binary.BigEndian.Uint16(rest[2*each:]))
	p.tls = proxyTLS(rest[2*each+4:])
	return p, n, nil
}

func parseProxyV1(b []byte) (p proxied, n int, err error) {
	line, _, ok := bytes.Cut(b[:min(len(b), maxProxyV1)], []byte("\r\n"))
	if !ok {
		if len(b) >= maxProxyV1 {
			return p, 0, errProxyHeader
		}
		return p, 0, nil
	}
	n = len(line) + 2
	word := strings.Split(string(line), " ")
	if word[1] == "UNKNOWN" {
		return p, n, nil
	}
	if len(word) != 6 || word[1] != "TCP4" && word[1] != "TCP6" {
		return p, 0, errProxyHeader
	}
	from, err := netip.ParseAddr(word[2])
	if err != nil || from.Zone() != "" || from.Is4() != (word[1] == "TCP4") {
		return p, 0, errProxyHeader
	}
	port, err := strconv.ParseUint(word[4], 10, 16)
	if err != nil {
		return p, 0, errProxyHeader
	}
	p.client = netip.AddrPortFrom(from.Unmap(), uint16(port))
	return p, n, nil
}

// The attributes of version 2 that say how the client spoke TLS (2.2.6).
const (
	attributeTLS        = 0x20
	attributeTLSVersion = 0x21
	spokeTLS            = 0x01 // PP2_CLIENT_SSL
)

// proxyTLS finds out whether the proxy ended the client's TLS. Attributes that
// cannot be read tell nothing.
func proxyTLS(attributes []byte) *tls.ConnectionState {
	inner := attribute(attributes, attributeTLS)
	if len(inner) < 5 || inner[0]&spokeTLS == 0 {
		return nil
	}
	versions := map[string]uint16{
		"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
	}
	return &tls.ConnectionState{
		HandshakeComplete: true, Version: versions[string(attribute(inner[5:], attributeTLSVersion))],
	}
}

// attribute returns the value of the first attribute of that kind.
func attribute(b []byte, kind byte) []byte {
	for len(b) >= 3 {
		n := 3 + int(binary.BigEndian.Uint16(b[1:]))
		if n > len(b) {
			return nil
		}
		if b[0] == kind {
			return b[3:n]
		}
		b = b[n:]
	}
	return nil
}
