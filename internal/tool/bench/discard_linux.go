//go:build !portable

package bench

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// discardFrom drops the next n bytes of a connection, and returns how many it has
// dropped. With MSG_TRUNC TCP copies nothing, and no buffer is needed (tcp(7)).
func discardFrom(c net.Conn, n int64) (int64, error) {
	counter, _ := c.(*counted)
	if counter == nil {
		return 0, nil
	}
	tcp, _ := counter.Conn.(*net.TCPConn)
	if tcp == nil {
		return 0, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, err
	}
	dropped := int64(0)
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		for dropped < n {
			m, _, errno := unix.Syscall6(unix.SYS_RECVFROM, fd, 0, uintptr(n-dropped), unix.MSG_TRUNC|unix.MSG_DONTWAIT, 0, 0)
			switch {
			case errno == unix.EAGAIN:
				return false
			case errno == unix.EINTR:
				continue
			case errno != 0:
				failed = os.NewSyscallError("read", errno)
				return true
			case m == 0:
				failed = net.ErrClosed
				return true
			}
			dropped += int64(m)
			counter.received.Add(uint64(m))
		}
		return true
	})
	if failed != nil {
		err = failed
	}
	return dropped, err
}
