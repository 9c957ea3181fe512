//go:build linux

package main

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// handle is a connection whose descriptor can be taken away from Go, once the
// library has done what is not to be measured. From then on the descriptor is
// the taker's, who closes it, and then the handle.
type handle struct {
	net.Conn
	tcp *net.TCPConn
	// read is what the session reads with from then on; it sleeps if nil.
	read func(fd int, p []byte) (int, error)

	mu   sync.Mutex   // held while writing, and while the descriptor changes hands
	fd   atomic.Int64 // -1 before it is taken
	once sync.Once
	gone chan struct{}
}

func newHandle(c *net.TCPConn) *handle {
	h := &handle{Conn: c, tcp: c, gone: make(chan struct{})}
	h.fd.Store(-1)
	return h
}

// take duplicates the descriptor and closes Go's: its poller knows nothing of
// the new one.
func (h *handle) take(read func(fd int, p []byte) (int, error)) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	raw, err := h.tcp.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var failed error
	if err := raw.Control(func(old uintptr) { fd, failed = syscall.Dup(int(old)) }); err != nil {
		return -1, err
	}
	if failed != nil {
		return -1, failed
	}
	h.read = read
	h.fd.Store(int64(fd))
	return fd, h.tcp.Close()
}

func (h *handle) Read(p []byte) (int, error) {
	if h.fd.Load() < 0 {
		if n, err := h.tcp.Read(p); n > 0 || h.fd.Load() < 0 {
			return n, err
		}
	}
	h.mu.Lock() // take is over
	read, fd := h.read, int(h.fd.Load())
	h.mu.Unlock()
	if read != nil {
		return read(fd, p)
	}
	<-h.gone
	return 0, io.EOF
}

// Write sends the session's answers, of which there are few.
func (h *handle) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fd := int(h.fd.Load())
	if fd < 0 {
		return h.tcp.Write(p)
	}
	for sent := 0; ; {
		n, err := syscall.Write(fd, p[sent:])
		sent += max(n, 0)
		switch {
		case sent == len(p):
			return sent, nil
		case err == syscall.EAGAIN:
			time.Sleep(time.Millisecond)
		case err != nil && err != syscall.EINTR:
			return sent, err
		}
	}
}

func (h *handle) Close() error {
	h.once.Do(func() { close(h.gone) })
	if h.fd.Load() >= 0 {
		return nil // the taker's
	}
	return h.tcp.Close()
}

// handles accepts connections as handles.
type handles struct{ *net.TCPListener }

func (l handles) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return newHandle(c), nil
}
