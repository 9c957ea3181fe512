//go:build !portable

package netx

import (
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Driver serves many connections from a few goroutines, its lanes, with
// non-blocking system calls on their descriptors. It is for players, who are
// written to by the thousand at the same instant and seldom say a word: a
// goroutine each costs two stacks' worth of memory and a switch a write. A nil
// Driver refuses every connection.
type Driver struct {
	timeout time.Duration
	lanes   []*lane
	poll    *poller
	running sync.WaitGroup // the lanes
	closed  atomic.Bool    // set under mu
	panics  atomic.Uint64

	mu     sync.Mutex // guards what follows, never held while a rider is called
	seats  []*Seat    // what the poller's events point into
	free   []int32    // the empty places of seats
	births int32      // how often a seat was taken, which tells its holders apart
}

// NewDriver starts a driver of that many lanes; 0 stands for half of GOMAXPROCS,
// since a lane that is busy lets nobody else have its processor, and the system's
// side of the sockets, encoders and everything else want some, too. A
// peer that takes no byte for timeout while some wait for it is let go with
// [ErrStuck]; never when timeout is 0. On systems without a driver it returns
// nil, which is ready for use.
func NewDriver(lanes int, timeout time.Duration) (*Driver, error) {
	return newDriver(lanes, timeout, time.Second)
}

func newDriver(lanes int, timeout, tick time.Duration) (*Driver, error) {
	if lanes <= 0 {
		lanes = max(1, runtime.GOMAXPROCS(0)/2)
	}
	d := &Driver{timeout: timeout}
	p, err := newPoller(d)
	if err != nil {
		return nil, err
	}
	d.poll = p
	for i := range lanes {
		d.lanes = append(d.lanes, newLane(d, i))
	}
	for _, l := range d.lanes {
		d.running.Go(func() { l.run(tick) })
	}
	go p.run()
	return d, nil
}

// Lanes returns how many goroutines call riders.
func (d *Driver) Lanes() int {
	if d == nil {
		return 0
	}
	return len(d.lanes)
}

// Stats returns what is counted.
func (d *Driver) Stats() DriverStats {
	if d == nil {
		return DriverStats{}
	}
	s := DriverStats{Panics: d.panics.Load()}
	for _, l := range d.lanes {
		s.Riders += int(l.load.Load())
	}
	return s
}

// Add lets r ride on c and wakes it once. Its deadlines are cleared; until Left,
// nobody else may read from or write to c, but anybody may close it. It reports
// false, and has called no method of r, if [Driver.Takes] is false for c, if c is
// closed or on board already, or if the driver is closed: then c is served in
// some other way.
//
// r may be called before Add returns.
func (d *Driver) Add(c net.Conn, r Rider) (*Seat, bool) {
	tcp, below := socket(c)
	if d == nil || tcp == nil || tcp.SetDeadline(time.Time{}) != nil {
		return nil, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed.Load() {
		return nil, false
	}
	l := d.lanes[0]
	for _, other := range d.lanes[1:] {
		if other.load.Load() < l.load.Load() {
			l = other
		}
	}
	if below != nil {
		r = l.seal(c, below, r)
	}
	s := &Seat{lane: l, rider: r, raw: raw}
	d.place(s)
	if err := d.poll.watch(s); err != nil {
		d.vacate(s)
		if secure, ok := r.(*sealed); ok {
			secure.records.ride(false, nil)
		}
		return nil, false
	}
	l.load.Add(1)
	s.Wake()
	return s, true
}

// Takes reports whether c is of a kind that the driver can carry: a
// [*net.TCPConn], or TLS that a [Detector] has begun on one. A nil driver takes
// none.
func (d *Driver) Takes(c net.Conn) bool {
	tcp, _ := socket(c)
	return d != nil && tcp != nil
}

// place puts s in the table. The caller holds mu.
func (d *Driver) place(s *Seat) {
	d.births++
	s.birth = d.births
	if n := len(d.free); n > 0 {
		s.index = d.free[n-1]
		d.free = d.free[:n-1]
		d.seats[s.index] = s
		return
	}
	s.index = int32(len(d.seats))
	d.seats = append(d.seats, s)
}

// vacate takes s out of the table. The caller holds mu.
func (d *Driver) vacate(s *Seat) {
	d.seats[s.index] = nil
	d.free = append(d.free, s.index)
}

// Close lets all riders go with [ErrDriverClosed] and returns when all have Left
// and the driver's goroutines and descriptors are gone. Riders must not call it.
func (d *Driver) Close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	d.closed.Store(true) // no Add comes after this
	d.mu.Unlock()
	for _, l := range d.lanes {
		l.ring()
	}
	d.running.Wait()
	d.poll.close()
}

// Seat is the place of a rider in a [Driver].
type Seat struct {
	lane  *lane
	raw   syscall.RawConn
	state atomic.Uint32 // bits, below
	next  *Seat         // in the lane's queue, while queued
	index int32         // in the driver's table
	birth int32

	// The rest belongs to the lane's goroutine.

	rider   Rider
	place   int // in lane.seats, plus one; 0 before the first turn
	vec     *Vector
	at, off int       // where the rest of vec begins: slice and byte
	unsent  int       // bytes of that rest
	waits   bool      // for room, which the bit blocked tells the poller
	holds   bool      // counted in vec.kept
	since   time.Time // when the socket last took a byte, if waits
}

// The bits of Seat.state.
const (
	// queued: the seat is in its lane's queue or about to be pushed there by
	// whoever set the bit.
	queued = 1 << iota
	// readable, room, hungUp: what the poller saw.
	readable
	room
	hungUp
	// blocked: the rider waits for room. Without it the poller ignores room,
	// which comes along with every event.
	blocked
	// left: the driver has let go.
	left
)

// Wake has the rider's Next called soon. Any goroutine may call it; it is cheap,
// and wakes that come before the rider's turn are one. After Left it does
// nothing.
//
// No wake is lost: the lane clears the bit queued before it begins the turn. A
// wake before that is answered by this turn, which sees everything that the
// waker wrote before (both change the same atomic word, with a
// read-modify-write); one after it finds the bit clear and queues the seat
// again.
func (s *Seat) Wake() {
	if s != nil {
		s.poke(0)
	}
}

func (s *Seat) poke(bits uint32) {
	if s.state.Or(queued|bits)&(queued|left) == 0 {
		s.lane.push(s)
	}
}

// control runs op on the descriptor, which cannot be closed meanwhile, and so
// cannot be that of another connection.
func (s *Seat) control(op func(fd uintptr)) error {
	if s.raw.Control(op) != nil {
		return net.ErrClosed
	}
	return nil
}

// errno is the error of a system call, without allocation when there is none.
func errno(call string, e syscall.Errno) error {
	if e == 0 {
		return nil
	}
	return os.NewSyscallError(call, e)
}

// watched are the events of a connection. Each is told once, when it begins
// (EPOLLET): a peer that never speaks and takes everything costs no event.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
