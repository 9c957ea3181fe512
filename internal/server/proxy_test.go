package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/netx"
)

func TestBelieve(t *testing.T) {
	trusted := netx.Trust{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name, from string
		header     []string
		proto      string
		want       string
		secure     bool
	}{
		{"nothing said", "10.0.0.1:5000", nil, "", "10.0.0.1:5000", false},
		{"one proxy", "10.0.0.1:5000", []string{"192.0.2.7"}, "https", "192.0.2.7:0", true},
		{"over IPv6", "[fd00::1]:5000", []string{"2001:db8::7"}, "http", "[2001:db8::7]:0", false},
		{"with its port", "10.0.0.1:5000", []string{"192.0.2.7:4711"}, "", "192.0.2.7:0", false},
		{"two proxies", "10.0.0.1:5000", []string{"192.0.2.7, 10.0.0.2"}, "", "192.0.2.7:0", false},
		{"in two lines", "10.0.0.1:5000", []string{"192.0.2.7", "10.0.0.2"}, "", "192.0.2.7:0", false},
		{"invented", "10.0.0.1:5000", []string{"127.0.0.1, 192.0.2.7"}, "", "192.0.2.7:0", false},
		{"all trusted", "10.0.0.1:5000", []string{"10.0.0.3, 10.0.0.2"}, "", "10.0.0.3:0", false},
		{"broken", "10.0.0.1:5000", []string{"unknown"}, "", "10.0.0.1:5000", false},
		{"broken further away", "10.0.0.1:5000", []string{"unknown, 10.0.0.2"}, "", "10.0.0.2:0", false},
		{"a stranger's", "192.0.2.8:5000", []string{"192.0.2.7"}, "https", "192.0.2.8:5000", false},
		{"this machine's", "127.0.0.1:5000", []string{"192.0.2.7"}, "https", "127.0.0.1:5000", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.from
		for _, h := range tt.header {
			r.Header.Add("X-Forwarded-For", h)
		}
		r.Header.Set("X-Forwarded-Proto", tt.proto)
		believe(trusted, r)
		if r.RemoteAddr != tt.want || (r.TLS != nil) != tt.secure {
			t.Errorf("%s: %s, secure %t; want %s", tt.name, r.RemoteAddr, r.TLS != nil, tt.want)
		}
	}
}

func TestCrowdFromHere(t *testing.T) {
	forwarded := httptest.NewRequest(http.MethodGet, "/", nil)
	forwarded.RemoteAddr = "127.0.0.1:5000"
	forwarded.Header.Set("X-Forwarded-For", "192.0.2.7")
	here := func(c *crowd, n int) {
		for i := range n {
			c.look(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(i)).Addr())
		}
	}
	tests := map[string]struct {
		trusted netx.Trust
		do      func(c *crowd)
		lines   int
	}{
		"few":               {nil, func(c *crowd) { here(c, manyHere-1) }, 0},
		"many":              {nil, func(c *crowd) { here(c, 3*manyHere) }, 1},
		"one from far":      {nil, func(c *crowd) { c.look(netip.MustParseAddr("192.0.2.7")); here(c, 3*manyHere) }, 0},
		"a header":          {nil, func(c *crowd) { c.request(forwarded); c.request(forwarded); here(c, manyHere) }, 1},
		"the proxy is told": {netx.Trust{netip.MustParsePrefix("127.0.0.1/32")}, func(c *crowd) { c.request(forwarded); here(c, 3*manyHere) }, 0},
	}
	for name, tt := range tests {
		var log bytes.Buffer
		tt.do(&crowd{log: slog.New(slog.NewTextHandler(&log, nil)), trusted: tt.trusted})
		if n := strings.Count(log.String(), "--trusted-proxy 127.0.0.1"); n != tt.lines {
			t.Errorf("%s: %d lines, want %d: %s", name, n, tt.lines, fmt.Sprint(&log))
		}
	}
}
