//go:build !portable

package bench

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/millrace-live/millrace/rtmp"
)

// feed is a publisher's connection that never makes its writer wait while it
// is eager: what the socket does not take is kept, and the writer asks before
// the next write whether it is full. So one goroutine can serve many publishers
// beside one whose server has stopped reading. A nil feed is never full.
type feed struct {
	net.Conn
	raw syscall.RawConn
	try func(fd uintptr) bool

	mu    sync.Mutex
	hurry bool   // it is eager
	rest  []byte // what the socket did not take
	p     []byte // of try
	n     int
	err   error
}

// newFeed returns nil if c cannot be one.
func newFeed(c net.Conn) *feed {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	f := &feed{Conn: c, raw: raw}
	// Made once, since a function made for each write would be garbage.
	f.try = func(fd uintptr) bool {
		f.n, f.err = unix.Write(int(fd), f.p)
		return true
	}
	return f
}

// eager says whether writes wait from now on.
func (f *feed) eager(is bool) {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hurry = is
}

func (f *feed) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.hurry {
		if err := f.settle(); err != nil {
			return 0, err
		}
		return f.Conn.Write(p)
	}
	n := 0
	if len(f.rest) == 0 {
		var err error
		if n, err = f.attempt(p); err != nil {
			return n, err
		}
	}
	f.rest = append(f.rest, p[n:]...)
	return len(p), nil
}

// attempt writes what the socket takes at once.
func (f *feed) attempt(p []byte) (int, error) {
	f.p, f.n, f.err = p, 0, nil
	err := f.raw.Write(f.try)
	f.p = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(f.err, unix.EAGAIN), errors.Is(f.err, unix.EINTR):
		return 0, nil
	case f.err != nil:
		return 0, os.NewSyscallError("write", f.err)
	}
	return f.n, nil
}

// settle writes the rest, and waits.
func (f *feed) settle() error {
	rest := f.rest
	f.rest = nil
	if len(rest) == 0 {
		return nil
	}
	_, err := f.Conn.Write(rest)
	return err
}

// full reports whether there is a rest that the socket still does not take.
// The write deadline is that of the last write, so that a server that takes
// nothing for as long is [rtmp.ErrSlowReader].
func (f *feed) full() (bool, error) {
	if f == nil {
		return false, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rest) == 0 {
		return false, nil
	}
	n, err := f.attempt(f.rest)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, rtmp.ErrSlowReader
	} else if err != nil {
		return false, err
	}
	f.rest = append(f.rest[:0], f.rest[n:]...)
	return len(f.rest) > 0, nil
}

// CloseWrite ends this side's half, behind the rest.
func (f *feed) CloseWrite() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.settle(); err != nil {
		return err
	}
	return closeWrite(f.Conn)
}
