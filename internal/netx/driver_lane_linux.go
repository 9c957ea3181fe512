//go:build !portable

package netx

import (
	"io"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The bounds of one turn, after which the others come first.
const (
	turnVectors = 4
	turnBytes   = 1 << 20
	turnReads   = 2
)

// maxIOV is how many slices one writev takes (IOV_MAX).
const maxIOV = 1024

// lane is a goroutine that drives the riders of its seats.
type lane struct {
	d      *Driver
	number int
	load   atomic.Int32 // riders

	// head is the queue: a stack that everybody pushes to and the lane takes as a
	// whole. bell wakes the lane when it has found the queue empty: whoever
	// pushes to an empty queue rings, so that a lane that sleeps with a seat in
	// its queue has been rung.
	head atomic.Pointer[Seat]
	bell chan struct{}

	// The rest belongs to the lane's goroutine.

	seats   []*Seat
	list    *Seat     // what was taken of the queue and had no turn yet
	ticking int       // how many seats have not been ticked
	now     time.Time // of the tick
	current *Seat     // whose rider may be running
	failed  *Seat     // who panicked and is to leave
	failure error
	buf     []byte // 64 KiB to read into
	sealer  *sealer

	// A system call's arguments and result, and the functions that make it:
	// made once, since a closure a call would be an allocation a call.
	iov                   []unix.Iovec
	n                     int
	err                   syscall.Errno
	writev, read, nothing func(fd uintptr)
}

func newLane(d *Driver, number int) *lane {
	l := &lane{d: d, number: number, bell: make(chan struct{}, 1), buf: make([]byte, 64<<10)}
	// The raw forms: neither call can block, and to tell the scheduler of each
	// costs more than it saves.
	l.writev = func(fd uintptr) {
		n, _, e := syscall.RawSyscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&l.iov[0])), uintptr(len(l.iov)))
		l.n, l.err = int(n), e
	}
	l.read = func(fd uintptr) {
		n, _, e := syscall.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&l.buf[0])), uintptr(len(l.buf)))
		l.n, l.err = int(n), e
	}
	l.nothing = func(uintptr) {}
	return l
}

// push puts s, whose bit queued the caller has set, in the queue.
func (l *lane) push(s *Seat) {
	for {
		first := l.head.Load()
		s.next = first
		if l.head.CompareAndSwap(first, s) {
			if first == nil {
				l.ring()
			}
			return
		}
	}
}

func (l *lane) ring() {
	select {
	case l.bell <- struct{}{}:
	default: // it has been rung and not answered
	}
}

// take empties the queue into list, in the order in which it was filled.
func (l *lane) take() {
	for s := l.head.Swap(nil); s != nil; {
		next := s.next
		s.next = l.list
		l.list = s
		s = next
	}
}

func (l *lane) run(tick time.Duration) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for !l.drive(ticker.C) {
	}
}

// drive serves until the driver is closed and everybody has left, or until a
// rider panics: then it returns false and is to be called again, and goes on
// where it was. One recover stands here, since one a turn would cost each turn.
func (l *lane) drive(tick <-chan time.Time) (done bool) {
	defer l.recover()
	if s := l.failed; s != nil {
		l.failed = nil
		l.leave(s, l.failure)
	}
	for {
		for l.ticking > 0 {
			l.ticking--
			if l.ticking < len(l.seats) { // those who left made the row shorter
				l.tick(l.seats[l.ticking])
			}
		}
		for l.list != nil {
			s := l.list
			l.list, s.next = s.next, nil
			l.turn(s)
		}
		closed := l.d.closed.Load()
		l.take()
		if closed {
			l.evacuate()
			return true
		}
		if l.list != nil {
			select {
			case now := <-tick:
				l.now, l.ticking = now, len(l.seats)
			default:
			}
			continue
		}
		select {
		case <-l.bell:
		case now := <-tick:
			l.now, l.ticking = now, len(l.seats)
		}
	}
}

// recover makes the rider leave that panicked.
func (l *lane) recover() {
	s := l.current
	if s == nil { // this package's own fault
		return
	}
	v := recover()
	if v == nil {
		return
	}
	l.d.panics.Add(1)
	l.current = nil
	if s.state.Load()&left == 0 { // else it was its Left
		l.failed, l.failure = s, &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// evacuate lets everybody go. Nobody can be added any more, so whoever is not in
// seats yet is in list.
func (l *lane) evacuate() {
	for ; l.list != nil; l.list = l.list.next {
		l.seat(l.list)
	}
	for n := len(l.seats); n > 0; n = len(l.seats) {
		l.leave(l.seats[n-1], ErrDriverClosed)
	}
}

// seat takes s in if this is its first turn.
func (l *lane) seat(s *Seat) {
	if s.place == 0 && s.state.Load()&left == 0 {
		l.seats = append(l.seats, s)
		s.place = len(l.seats)
	}
}

// leave lets the rider of s go.
func (l *lane) leave(s *Seat, why error) {
	s.state.Or(left)
	l.d.poll.forget(s)
	l.d.mu.Lock()
	l.d.vacate(s)
	l.d.mu.Unlock()
	n := len(l.seats) - 1
	l.seats[s.place-1] = l.seats[n]
	l.seats[s.place-1].place = s.place
	l.seats[n] = nil
	l.seats = l.seats[:n]
	l.load.Add(-1)

	var rest [][]byte
	if s.vec != nil {
		rest = s.vec.from(s.at, s.off)
		s.hold() // for good, since the rider may keep rest
	}
	r := s.rider
	s.rider, s.vec = nil, nil // the rider may keep the seat
	l.current = s
	r.Left(rest, why)
	l.current = nil
}

// tick is what s needs once a second.
func (l *lane) tick(s *Seat) {
	if s.waits {
		if l.d.timeout > 0 && l.now.Sub(s.since) >= l.d.timeout {
			l.leave(s, ErrStuck)
			return
		}
		// The system tells of room when a third of the buffer is free, which with
		// a slow peer and 4 MiB may be later than the timeout: ask whether any is.
		s.poke(room)
	}
	l.current = s
	err := s.rider.Tick(l.now)
	l.current = nil
	if err == nil {
		err = s.control(l.nothing)
	}
	if err != nil {
		l.leave(s, err)
	}
}

// turn does for s what there is to do.
func (l *lane) turn(s *Seat) {
	// The bit queued is cleared first; [Seat.Wake] says why.
	state := s.state.And(^uint32(queued | readable | room))
	if state&left != 0 {
		return
	}
	l.seat(s)
	l.current = s
	err := l.work(s, state)
	l.current = nil
	if err != nil {
		l.leave(s, err)
	}
}

func (l *lane) work(s *Seat, state uint32) error {
	if state&readable != 0 {
		if err := l.receive(s, state&hungUp != 0); err != nil {
			return err
		}
	}
	if s.waits && state&room == 0 {
		return nil
	}
	budget := turnBytes
	for range turnVectors {
		if s.vec == nil {
			v, err := s.rider.Next(l.number)
			if v == nil || err != nil {
				return err
			}
			if v.size == 0 {
				continue
			}
			s.vec, s.at, s.off, s.unsent = v, 0, 0, v.size
		}
		if err := l.send(s, &budget); err != nil {
			return err
		}
		if s.vec != nil {
			s.hold()
			if s.waits {
				return nil
			}
			break
		}
		if budget <= 0 {
			break
		}
	}
	s.poke(0) // to the end of the queue
	return nil
}

// hold counts s among those who keep its vector from being filled anew.
func (s *Seat) hold() {
	if !s.holds {
		s.holds = true
		s.vec.kept++
	}
}

// send writes of the vector of s until it is written (s.vec is nil), the socket
// takes no more (s.waits) or the budget is spent.
func (l *lane) send(s *Seat, budget *int) error {
	for *budget > 0 {
		n, all, err := l.write(s)
		if err != nil {
			return err
		}
		*budget -= n
		s.unsent -= n
		if s.unsent == 0 {
			s.sent()
			return nil
		}
		s.advance(n)
		if s.waits && n > 0 {
			s.since = time.Now()
		}
		switch {
		case all || s.waits && n > 0:
		case s.waits:
			return nil
		default:
			// The poller ignored the room that came before this bit is set, so
			// try once more; it will tell of what comes after.
			s.waits, s.since = true, time.Now()
			s.state.Or(blocked)
		}
	}
	return nil
}

// write makes one call of writev. all tells that everything offered was taken; n
// is 0 when the socket has no room.
func (l *lane) write(s *Seat) (n int, all bool, err error) {
	l.iov = s.vec.iov[s.at:min(len(s.vec.iov), s.at+maxIOV)]
	// The vector is shared, but by riders of this lane alone: it can be bent for
	// the length of the call.
	whole := l.iov[0]
	if s.off > 0 {
		l.iov[0].Base = (*byte)(unsafe.Add(unsafe.Pointer(whole.Base), s.off))
		l.iov[0].SetLen(int(whole.Len) - s.off)
	}
	err = s.control(l.writev)
	for err == nil && l.err == syscall.EINTR {
		err = s.control(l.writev)
	}
	l.iov[0] = whole
	offered := len(l.iov)
	l.iov = nil
	switch {
	case err != nil:
		return 0, false, err
	case l.err == syscall.EAGAIN:
		return 0, false, nil
	case l.err != 0:
		return 0, false, errno("writev", l.err)
	}
	return l.n, offered == maxIOV && l.n == s.ahead(offered), nil
}

// ahead is how many bytes the next slices of the vector have left.
func (s *Seat) ahead(slices int) int {
	n := -s.off
	for _, e := range s.vec.iov[s.at : s.at+slices] {
		n += int(e.Len)
	}
	return n
}

// advance moves past n bytes, fewer than there are.
func (s *Seat) advance(n int) {
	n += s.off
	for n >= int(s.vec.iov[s.at].Len) {
		n -= int(s.vec.iov[s.at].Len)
		s.at++
	}
	s.off = n
}

// sent lets go of the vector, all of which was written.
func (s *Seat) sent() {
	if s.waits {
		s.waits = false
		s.state.And(^uint32(blocked))
	}
	if s.holds {
		s.holds = false
		s.vec.kept--
	}
	s.vec = nil
}

// receive reads what came. A read that does not fill the buffer has emptied the
// socket, and the poller tells of what comes after; only the end of the peer's
// side, which is not told again, has to be read for.
func (l *lane) receive(s *Seat, end bool) error {
	for range turnReads {
		if err := s.control(l.read); err != nil {
			return err
		}
		switch {
		case l.err == syscall.EINTR:
			continue
		case l.err == syscall.EAGAIN:
			return nil
		case l.err != 0:
			return errno("read", l.err)
		case l.n == 0:
			return io.EOF
		}
		n := l.n
		if err := s.rider.Received(l.buf[:n]); err != nil {
			return err
		}
		if n < len(l.buf) && !end {
			return nil
		}
	}
	s.poke(readable)
	return nil
}
