package netx

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// v2 is a PROXY header of version 2.
func v2(command, family byte, addresses string, attributes ...string) string {
	body := addresses + strings.Join(attributes, "")
	b := append(bytes.Clone(proxyV2), command, family)
	return string(binary.BigEndian.AppendUint16(b, uint16(len(body)))) + body
}

// attr is an attribute of version 2.
func attr(kind byte, value string) string {
	return string(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(value)))) + value
}

const (
	four = "\xc0\x00\x02\x07\x0a\x00\x00\x01\x13\x88\x07\x8f"
	six  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x13\x88\x07\x8f"
)

func TestParseProxy(t *testing.T) {
	spoke := func(version string) string { return attr(0x20, "\x01\x00\x00\x00\x00"+attr(0x21, version)) }
	tests := []struct {
		name, header, client string
		tls                  uint16 // version; 1: spoken, by a version that was not told
	}{
		{"v1, IPv4", "PROXY TCP4 192.0.2.7 10.0.0.1 5000 1935\r\n", "192.0.2.7:5000", 0},
		{"v1, IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 5000 1935\r\n", "[2001:db8::7]:5000", 0},
		{"v1, IPv4 in IPv6", "PROXY TCP6 ::ffff:192.0.2.7 ::1 5000 1935\r\n", "192.0.2.7:5000", 0},
		{"v1, unknown", "PROXY UNKNOWN\r\n", "", 0},
		{"v1, unknown with more", "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "", 0},
		{"v2, IPv4", v2(0x21, 0x11, four), "192.0.2.7:5000", 0},
		{"v2, IPv6", v2(0x21, 0x21, six), "[2001:db8::7]:5000", 0},
		{"v2, its own", v2(0x20, 0x11, four), "", 0},
		{"v2, its own without an address", v2(0x20, 0, ""), "", 0},
		{"v2, a socket of Unix", v2(0x21, 0x31, strings.Repeat("x", 216)), "", 0},
		{"v2, TLS 1.3", v2(0x21, 0x11, four, attr(0x03, "crc4"), spoke("TLSv1.3")), "192.0.2.7:5000", tls.VersionTLS13},
		{"v2, TLS of some kind", v2(0x21, 0x11, four, spoke("DTLS")), "192.0.2.7:5000", 1},
		{"v2, no TLS", v2(0x21, 0x11, four, attr(0x20, "\x00\x00\x00\x00\x00")), "192.0.2.7:5000", 0},
		{"v2, an attribute that is cut", v2(0x21, 0x11, four, "\x20\x00\x09\x01"), "192.0.2.7:5000", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const behind = "\x03rest"
			for n := range len(tt.header) {
				if possible, certain := begins([]byte(tt.header[:n])); n > 0 && !possible || certain && n < 6 {
					t.Fatalf("after %d bytes: possible %t, certain %t", n, possible, certain)
				}
				if n < 6 {
					continue // nobody asks before it is certain
				}
				if _, took, err := parseProxy([]byte(tt.header[:n])); took != 0 || err != nil {
					t.Fatalf("after %d bytes of %d it took %d, %v", n, len(tt.header), took, err)
				}
			}
			p, n, err := parseProxy([]byte(tt.header + behind))
			if err != nil || n != len(tt.header) {
				t.Fatalf("took %d of %d bytes, %v", n, len(tt.header), err)
			}
			var want netip.AddrPort
			if tt.client != "" {
				want = netip.MustParseAddrPort(tt.client)
			}
			if p.client != want {
				t.Errorf("the client is %v, want %v", p.client, want)
			}
			switch {
			case (p.tls != nil) != (tt.tls != 0):
				t.Errorf("TLS: %v", p.tls)
			case tt.tls > 1 && p.tls.Version != tt.tls:
				t.Errorf("TLS version %#x, want %#x", p.tls.Version, tt.tls)
			}
		})
	}
}

func TestParseProxyRefuses(t *testing.T) {
	tests := map[string]string{
		"v1 without end":          "PROXY TCP4 " + strings.Repeat("1", 120),
		"v1 whose end is late":    "PROXY TCP4 192.0.2.7 10.0.0.1 5000 1935" + strings.Repeat(" ", 80) + "\r\n",
		"v1 of another family":    "PROXY UDP4 192.0.2.7 10.0.0.1 5000 1935\r\n",
		"v1 with a wrong family":  "PROXY TCP4 2001:db8::7 2001:db8::1 5000 1935\r\n",
		"v1 with a zone":          "PROXY TCP6 fe80::1%eth0 2001:db8::1 5000 1935\r\n",
		"v1 with a name":          "PROXY TCP4 localhost 10.0.0.1 5000 1935\r\n",
		"v1 with too high a port": "PROXY TCP4 192.0.2.7 10.0.0.1 65536 1935\r\n",
		"v1 with a word too few":  "PROXY TCP4 192.0.2.7 10.0.0.1 5000\r\n",
		"v1 with nothing":         "PROXY \r\n",
		"v2 of version 3":         v2(0x31, 0x11, four),
		"v2 of another command":   v2(0x22, 0x11, four),
		"v2 whose address is cut": v2(0x21, 0x11, four[:11]),
		"v2 that is too long":     string(proxyV2) + "\x21\x11\xff\xff",
	}
	for name, header := range tests {
		if p, n, err := parseProxy([]byte(header)); !errors.Is(err, errProxyHeader) || n != 0 {
			t.Errorf("%s: %v, %d bytes, %v", name, p, n, err)
		}
	}
}

func FuzzProxy(f *testing.F) {
	for _, seed := range []string{
		"PROXY TCP4 192.0.2.7 10.0.0.1 5000 1935\r\n\x03", "PROXY UNKNOWN\r\n", v2(0x21, 0x21, six, attr(0x20, "\x01\x00\x00\x00\x00")),
		v2(0x20, 0, ""),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, certain := begins(b); !certain {
			return
		}
		p, n, err := parseProxy(b)
		switch {
		case n < 0 || n > len(b), err != nil && n != 0:
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		case n == 0 && err == nil && len(b) > proxyFixed+maxProxyV2:
			t.Fatalf("it waits for more than %d bytes", len(b))
		case n == 0 && p.client.IsValid():
			t.Fatal("a client of no header")
		}
		if n > 0 {
			again, m, err := parseProxy(bytes.Clone(b[:n]))
			if m != n || err != nil || again.client != p.client {
				t.Fatalf("alone it is %v, %d bytes, %v; with more behind it %v", again, m, err, p)
			}
		}
	})
}

func TestTrust(t *testing.T) {
	trust, err := ParseTrust([]string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:198.51.100.1"})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{
		"10.255.0.1": true, "::ffff:10.1.1.1": true, "11.0.0.1": false, "192.0.2.7": true, "192.0.2.8": false,
		"2001:db8::1%eth0": true, "127.0.0.1": false, "198.51.100.1": true,
	} {
		if got := trust.Has(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %t", addr, got)
		}
	}
	if Trust(nil).Has(netip.Addr{}) || trust.Has(netip.Addr{}) {
		t.Error("nobody is trusted")
	}
	if _, err := ParseTrust([]string{"proxy"}); err == nil {
		t.Error("a name is taken for an address")
	}
}
