package netx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Off is the address that switches a listener off.
const Off = "off"

// CheckAddr says in one sentence what is wrong with addr as the value of
// setting ("--rtmp"), or returns nil. It asks nothing of the network: a host is
// not looked up and a port not tried.
func CheckAddr(setting, addr string) error {
	if addr == Off {
		return nil
	}
	bad := func(why string) error {
		return fmt.Errorf("%s %s: %s", setting, strconv.Quote(addr), why)
	}
	if _, err := strconv.ParseUint(addr, 10, 16); err == nil {
		return bad(fmt.Sprintf("a port needs a colon before it; write :%s", addr))
	}
	if strings.Contains(addr, "://") {
		return bad("this is a URL; give HOST:PORT, for instance :1935")
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		if net.ParseIP(addr) != nil || !strings.ContainsAny(addr, ":") && addr != "" {
			return bad("the port is missing; write " + net.JoinHostPort(strings.Trim(addr, "[]"), "1935"))
		}
		return bad("this is not an address; give HOST:PORT, :PORT for every interface, or off")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return bad("the port must be a number from 0 to 65535")
	}
	if strings.ContainsAny(host, " /?#@") {
		return bad("the host is not an IP address or a name")
	}
	return nil
}

// Listen opens a TCP listener at addr, on IPv4 and IPv6 when addr names no host.
// Its errors are one sentence with the mend, in which the listener is called by
// its setting ("--rtmp").
//
// Connections have keep-alive and, where the system knows it, a user timeout, so
// that a peer whose cable was pulled is gone within [PeerTimeout].
func Listen(ctx context.Context, setting, addr string) (net.Listener, error) {
	if err := CheckAddr(setting, addr); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{
		Control: control,
		// Idle and three probes end within 15 s, also where there is no user timeout.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 6 * time.Second, Interval: 3 * time.Second, Count: 3},
	}
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, listenError(setting, addr, err)
	}
	return l, nil
}

// PeerTimeout is how long sent bytes may wait for the peer's acknowledgement
// before the system closes the connection.
const PeerTimeout = 10 * time.Second

// inUse is the error of a port that is taken, which a rehearsal forgives. It is
// a [syscall.EADDRINUSE].
type inUse string

func (e inUse) Error() string { return string(e) }

func (inUse) Unwrap() error { return syscall.EADDRINUSE }

func listenError(setting, addr string, err error) error {
	_, port, _ := net.SplitHostPort(addr)
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		n, _ := strconv.Atoi(port)
		if who := portHolder("/proc", n); who != "" {
			return inUse(fmt.Sprintf("port %s is already in use by %s: end that program, or choose another port with %s",
				port, who, setting))
		}
		return inUse(fmt.Sprintf("port %s is already in use by another program: end that program, or choose another port with %s",
			port, setting))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission to listen on port %s: choose one above 1023 with %s, "+
			"or give the program the capability CAP_NET_BIND_SERVICE", port, setting)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s %s: this machine has no such address; give one of its own, or only :%s for all of them",
			setting, addr, port)
	case errors.As(err, &dns):
		return fmt.Errorf("%s %s: the name %q has no address; give an IP address, or only :%s for all of them",
			setting, addr, dns.Name, port)
	}
	return fmt.Errorf("%s %s: cannot listen: %w", setting, addr, err)
}
