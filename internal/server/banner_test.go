package server

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestNoFamilyFillsTheBanner(t *testing.T) {
	tests := []struct{ hosts, want string }{
		{"", ""},
		{"10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2"},
		{"fd00::2", "fd00::2"},
		{"10.0.0.1 172.17.0.1 172.18.0.1 fd00::2 2001:db8::1", "10.0.0.1 fd00::2 172.17.0.1 2001:db8::1 172.18.0.1"},
	}
	for _, tt := range tests {
		var hosts []netip.Addr
		for h := range strings.FieldsSeq(tt.hosts) {
			hosts = append(hosts, netip.MustParseAddr(h))
		}
		if got := strings.Join(takeTurns(hosts), " "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.hosts, got, tt.want)
		}
	}
}

// at is a listener of which the address alone is asked.
type at struct {
	net.Listener
	addr string
}

func (l at) Addr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(l.addr)) }

func TestBasesOfOneAddress(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080":         "http://localhost:8080",
		"[::1]:8080":             "http://localhost:8080",
		"127.0.0.2:8080":         "http://127.0.0.2:8080",
		"192.0.2.7:8080":         "http://192.0.2.7:8080",
		"[2001:db8::7]:8080":     "http://[2001:db8::7]:8080",
		"[::ffff:192.0.2.7]:443": "http://192.0.2.7:443",
	} {
		if urls := bases(at{addr: addr}); len(urls) != 1 || urls[0].String() != want {
			t.Errorf("%s: got %v, want %s", addr, urls, want)
		}
	}
}

func TestBannerShowsIPv6(t *testing.T) {
	if !slices.ContainsFunc(networkHosts(), func(h string) bool { return strings.Contains(h, ":") }) {
		t.Skip("this machine has no IPv6 address on a network")
	}
	var terminal buffer
	r := start(t, func(s *Settings, o *Options) {
		s.RTMP, s.HTTP = ":0", ":0"
		o.Terminal = &terminal
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rtmp://[", "http://["} {
		if !strings.Contains(terminal.String(), want) {
			t.Errorf("the banner has no %s:\n%s", want, terminal.String())
		}
	}
}
