//go:build !portable

package netx

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// control sets the options that accepted connections inherit from their
// listener, which saves a system call for each connection. TCP_USER_TIMEOUT
// (RFC 5482) ends a connection whose sent bytes nobody acknowledges, where
// keep-alive does not help because it probes only an idle one.
func control(_, _ string, c syscall.RawConn) error {
	var opt error
	err := c.Control(func(fd uintptr) {
		opt = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(PeerTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return opt
}
