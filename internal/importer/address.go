package importer

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/netx"
)

// listenAddr reads the address of a listener: PORT, HOST:PORT or [HOST]:PORT.
// Every address of the machine is the empty host.
func listenAddr(text string) (addr string, ok bool) {
	host, port := "", text
	if strings.ContainsAny(text, ":]") {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", false
		}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", false
	}
	switch host {
	case "0.0.0.0", "::", "*":
		host = ""
	}
	addr = net.JoinHostPort(host, port)
	return addr, netx.CheckAddr("", addr) == nil
}

// private are the addresses from which anyone may publish under `open`.
func private(p netip.Prefix) bool {
	a := p.Masked().Addr().Unmap()
	return a.IsLoopback() && p.Bits() >= 8 || a.IsLinkLocalUnicast() && p.Bits() >= 10 ||
		a.Is4() && a.IsPrivate() && p.Bits() >= privateBits(a) || a.Is6() && a.IsPrivate() && p.Bits() >= 7
}

func privateBits(a netip.Addr) int {
	switch a.As4()[0] {
	case 172:
		return 12
	case 192:
		return 16
	}
	return 8
}

// prefix reads an address or a range of them.
func prefix(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, true
	}
	if text == "localhost" {
		text = "127.0.0.1"
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// checkApp says why an app cannot have that name.
func checkApp(name string) string {
	if strings.Contains(name, "/") {
		return "an app is the first part of a stream's name, without a slash"
	}
	if err := access.CheckName(name + "/x"); err != nil {
		return err.Error()
	}
	return ""
}
