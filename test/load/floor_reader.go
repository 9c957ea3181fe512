//go:build linux

package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/millrace-live/millrace/rtmp"
)

// reader is the floor of ingest: one thread that asks epoll which publishers
// have sent something, and throws it away.
type reader struct {
	epoll int
	over  atomic.Bool

	mu      sync.Mutex
	handles map[int32]*handle // by descriptor
}

func newReader() (*reader, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	r := &reader{epoll: epoll, handles: make(map[int32]*handle)}
	go r.run()
	return r, nil
}

// ServeRTMP gives a publisher to the loop.
func (r *reader) ServeRTMP(st *rtmp.Stream) error {
	if !st.Publishing() {
		return rtmp.ErrStreamNotFound
	}
	h := st.Session().Conn().(*handle)
	fd, err := h.take(nil)
	if err != nil {
		return err
	}
	if err := st.Accept(); err != nil {
		syscall.Close(fd)
		return err
	}
	r.mu.Lock()
	r.handles[int32(fd)] = h
	r.mu.Unlock()
	if err := syscall.EpollCtl(r.epoll, syscall.EPOLL_CTL_ADD, fd,
		&syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}); err != nil {
		return err
	}
	<-st.Context().Done()
	return context.Cause(st.Context())
}

func (r *reader) run() {
	buf := make([]byte, 64<<10)
	events := make([]syscall.EpollEvent, 256)
	for turn := 1; !r.over.Load(); turn++ {
		// A raw call, for the reasons of await.
		n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(r.epoll), uintptr(unsafe.Pointer(&events[0])),
			uintptr(len(events)), uintptr(longestAwait.Milliseconds()), 0, 0)
		if errno != 0 {
			n = 0 // a signal
		}
		for _, e := range events[:n] {
			got, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(e.Fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
			if errno == 0 && got == 0 || errno != 0 && errno != syscall.EAGAIN && errno != syscall.EINTR {
				r.end(e.Fd)
			}
		}
		// Nothing else here lets the scheduler in, and it has a world to stop
		// when the collector begins.
		if n == 0 || turn%64 == 0 {
			runtime.Gosched()
		}
	}
	syscall.Close(r.epoll)
}

// end closes a descriptor, and with it takes it out of epoll.
func (r *reader) end(fd int32) {
	r.mu.Lock()
	h := r.handles[fd]
	delete(r.handles, fd)
	r.mu.Unlock()
	syscall.Close(int(fd))
	h.Close()
}
