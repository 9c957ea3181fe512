//go:build !portable

package bench

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// draining says whether players can do without reading.
const draining = true

// The wheel: one slot a turn of step, and each connection is looked at again
// after 1 to slots of them. With 600 players of 2 Mbit/s on two processors this
// program took 0.15 s a Gbit with 1 slot, 0.10 with 8, 0.06 with 20, and it took
// 0.095 when it waited in epoll, 0.08 when it asked epoll each 10 ms, 0.07 each
// 40 ms; the server took the same within the noise.
const (
	step  = 5 * time.Millisecond
	slots = 20
	// comfortable is how much should wait in a socket when it is drained, so
	// that its buffer never fills and the server never waits.
	comfortable = 32 << 10
	// ackEvery is as the session acknowledges: half of a window of 2,500,000.
	ackEvery = 1_250_000
	// ackLatest keeps servers content that wait for a sign of life instead.
	ackLatest = 10 * time.Second
)

// drainer discards what comes to any number of connections, from one
// goroutine. It does not wait for them to become readable: a receiver that
// waits makes the sender pay for waking it, and nearly all have something
// within a turn of the wheel. Instead each is tried every few milliseconds, and
// what is there is dropped by the system without being copied.
type drainer struct {
	mu       sync.Mutex
	incoming []*seat
	stuck    []*seat
	wheel    [slots][]*seat
	once     sync.Once
	done     chan struct{}
	running  sync.WaitGroup
}

func newDrainer() *drainer { return &drainer{done: make(chan struct{})} }

// take drains l from now on, and tells m when bytes come. It reports whether it
// can. Acknowledgements are for RTMP.
func (d *drainer) take(l *line, m *meter, acknowledge bool) bool {
	s := d.seize(l)
	if s == nil {
		return false
	}
	s.mu.Lock()
	s.meter, s.acknowledge = m, acknowledge
	s.acked, s.ackedAt = l.received.Load(), time.Now()
	s.mu.Unlock()
	d.mu.Lock()
	d.incoming = append(d.incoming, s)
	d.mu.Unlock()
	d.once.Do(func() { d.running.Go(d.run) })
	return true
}

// seize takes the connection of l from Go's poller and from whoever reads it.
func (d *drainer) seize(l *line) *seat {
	tcp, ok := l.Conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	s := &seat{line: l, fd: -1, ended: make(chan struct{}), since: time.Now()}
	if raw.Control(func(fd uintptr) { s.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }) != nil || err != nil {
		return nil
	}
	l.seat.Store(s)
	tcp.Close() // Go's descriptor; the connection lives on
	return s
}

func (d *drainer) run() {
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	start := time.Now()
	at := int64(0)
	for {
		select {
		case <-ticker.C:
		case <-d.done:
			return
		}
		now := time.Now()
		// Turns that were missed are made up for at once, each slot once.
		turn := int64(now.Sub(start) / step)
		at = max(at, turn-slots)
		for ; at < turn; at++ {
			d.turn(int(at%slots), now)
		}
		d.mu.Lock()
		fresh := d.incoming
		d.incoming = nil
		d.mu.Unlock()
		for _, s := range fresh {
			s.delay = 1
			d.put(s, int(at%slots))
		}
	}
}

func (d *drainer) put(s *seat, at int) {
	to := (at + s.delay) % slots
	d.wheel[to] = append(d.wheel[to], s)
}

func (d *drainer) turn(at int, now time.Time) {
	due := d.wheel[at]
	kept := due[:0]
	for _, s := range due {
		n, ok := s.drain(now)
		if !ok {
			continue
		}
		// As long as it took at this rate for a comfortable amount to come.
		s.delay = min(max(s.delay*comfortable/max(n, 1), 1), slots)
		if s.delay == slots {
			kept = append(kept, s)
			continue
		}
		d.put(s, at)
	}
	clear(due[len(kept):])
	d.wheel[at] = kept
}

// stop ends the goroutine; connections are closed by their owners.
func (d *drainer) stop() {
	close(d.done)
	d.running.Wait()
}

// seat is the place of a connection in a drainer.
type seat struct {
	line  *line
	delay int // in turns

	mu          sync.Mutex
	fd          int // -1 when closed
	meter       *meter
	acknowledge bool
	acked       uint64
	ackedAt     time.Time

	// Of stuck ones: since when they are, and when the server had closed them.
	since    time.Time
	closedAt time.Time
	gone     bool

	once  sync.Once
	ended chan struct{}
	err   error // why, when ended is closed
}

// drain discards what has come, and reports whether there may be more later.
func (s *seat) drain(now time.Time) (n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return 0, false
	}
	n, err := discard(s.fd)
	switch {
	case n > 0:
		s.line.received.Add(uint64(n))
		if s.meter != nil {
			s.meter.arrive(now)
		}
		if s.acknowledge {
			s.ack(now)
		}
	case err == nil:
		s.end(io.EOF)
		return 0, false
	case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
		s.end(os.NewSyscallError("read", err))
		return 0, false
	}
	return n, true
}

// discard drops what waits in a socket: with MSG_TRUNC TCP copies nothing, and
// no buffer is needed (tcp(7)).
func discard(fd int) (int, error) {
	const much = 64 << 20
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), 0, much, unix.MSG_TRUNC|unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// ack acknowledges what has come (5.4.3), as the session would. A full socket
// gets it the next time.
func (s *seat) ack(now time.Time) {
	total := s.line.received.Load()
	if total-s.acked < ackEvery && now.Sub(s.ackedAt) < ackLatest {
		return
	}
	m := acknowledgement(uint32(total))
	if unix.Send(s.fd, m[:], unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL) == nil {
		s.acked, s.ackedAt = total, now
	}
}

// acknowledgement is the whole message on the wire: basic header of format 0
// and chunk stream 2, message header, sequence number.
func acknowledgement(sequence uint32) [16]byte {
	return [...]byte{
		2, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0,
		byte(sequence >> 24), byte(sequence >> 16), byte(sequence >> 8), byte(sequence),
	}
}

// end wakes whoever waits for the connection's end.
func (s *seat) end(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.ended)
	})
}

func (s *seat) wait() error {
	<-s.ended
	return s.err
}

// left is closed when the connection has ended.
func (s *seat) left() <-chan struct{} { return s.ended }

// halt stops the accounts: what comes from now on is discarded only.
func (s *seat) halt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meter, s.acknowledge = nil, false
}

func (s *seat) write(p []byte) (int, error) {
	const patience = 1000 // milliseconds
	written := 0
	for written < len(p) {
		s.mu.Lock()
		if s.fd < 0 {
			s.mu.Unlock()
			return written, net.ErrClosed
		}
		fd := s.fd
		n, err := unix.SendmsgN(fd, p[written:], nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		s.mu.Unlock()
		switch {
		case err == nil:
			written += n
		case err == unix.EAGAIN:
			// Only a descriptor that was closed meanwhile is another's here,
			// and then the wait is in vain.
			fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
			if ready, _ := unix.Poll(fds, patience); ready == 0 {
				return written, os.ErrDeadlineExceeded
			}
		case err != unix.EINTR:
			return written, os.NewSyscallError("write", err)
		}
	}
	return written, nil
}

func (s *seat) closeWrite() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return net.ErrClosed
	}
	return unix.Shutdown(s.fd, syscall.SHUT_WR)
}

func (s *seat) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1
	}
	s.end(net.ErrClosed)
}
