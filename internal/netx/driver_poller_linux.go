//go:build !portable

package netx

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poller tells the seats of a driver what their sockets are ready for. It has an
// epoll of its own, on which it waits as on any file, by way of Go's poller, and
// so blocks no thread.
type poller struct {
	d    *Driver
	fd   int // of file; valid until close, which comes after the last use
	file *os.File
	done chan struct{}
}

// nap is how long the poller rests after events before it looks for more. Those
// that come after a silence are told at once; those of five hundred encoders
// come some dozens at a time, which saves a tenth of what they cost.
const nap = 2 * time.Millisecond

func newPoller(d *Driver) (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("cannot make an epoll: %w", err)
	}
	// os.NewFile asks the descriptor whether it may wait for it.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("cannot make an epoll non-blocking: %w", err)
	}
	return &poller{d: d, fd: fd, file: os.NewFile(uintptr(fd), "epoll"), done: make(chan struct{})}, nil
}

// watch registers the socket of s.
func (p *poller) watch(s *Seat) error {
	e := unix.EpollEvent{Events: watched, Fd: s.index, Pad: s.birth}
	var err error
	if closed := s.control(func(fd uintptr) {
		err = unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, int(fd), &e)
	}); closed != nil {
		return closed
	}
	return err
}

// forget takes the socket of s out; closing it did so already.
func (p *poller) forget(s *Seat) {
	_ = s.control(func(fd uintptr) {
		_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, int(fd), nil)
	})
}

// run tells events until close.
func (p *poller) run() {
	defer close(p.done)
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	events := make([]unix.EpollEvent, 256)
	// Go's poller has seen the epoll become ready, once: it is to be emptied
	// before the next wait.
	_ = raw.Read(func(fd uintptr) bool {
		for {
			n, err := unix.EpollWait(int(fd), events, 0)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			if n <= 0 {
				return false
			}
			p.tell(events[:n])
			if n < len(events) {
				time.Sleep(nap)
			}
		}
	})
}

func (p *poller) tell(events []unix.EpollEvent) {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	for i := range events {
		e := &events[i]
		// An event of a seat that was vacated meanwhile finds nobody, or somebody
		// of another birth.
		if s := p.d.seats[e.Fd]; s != nil && s.birth == e.Pad {
			s.tell(e.Events)
		}
	}
}

// tell wakes the rider if it has something to do about the events.
func (s *Seat) tell(events uint32) {
	var bits uint32
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		bits = readable
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		bits |= hungUp
	}
	if events&unix.EPOLLOUT != 0 && s.state.Load()&blocked != 0 {
		bits |= room
	}
	if bits != 0 {
		s.poke(bits)
	}
}

// close ends run. Nobody may use the epoll any more.
func (p *poller) close() {
	p.file.Close()
	<-p.done
}
