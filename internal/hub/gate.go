package hub

import (
	"sync"
	"sync/atomic"
	"time"
)

// Delivery says how long a frame may wait for others that go to the same
// player: fewer, larger sends cost the server less.
type Delivery uint8

// The modes of delivery.
const (
	DefaultDelivery Delivery = iota // what Options.Delivery says
	Realtime                        // each frame leaves at once
	Balanced                        // 30 ms
	Economy                         // 100 ms
)

var holds = [...]time.Duration{Realtime: 0, Balanced: 30 * time.Millisecond, Economy: 100 * time.Millisecond}

// burst is what a gate lets through before its time: at this size merging more
// saves nothing.
const burst = 64 << 10

// gate lets frames out to all readers of one mode at the same moments. There is
// one for each mode of each stream.
//
// No wake-up is lost. A reader that finds nothing parks: under mu it looks once
// more whether anything may leave, and links itself into the list only if not.
// Whatever lets frames leave (open rises, the stream ends) happens before or
// under mu, and is followed by taking everyone out of the list under mu and
// notifying them. So either the second look sees it, or the link comes first
// and the reader is among those taken out. A notice is one token in a channel that
// holds one: given before the reader waits it is kept, and a stale one costs a
// look in vain. (A Waker promises the same.) What concerns a single reader (Close, Resync, SetTracks) is an
// atomic flag, then a token: Next reads the flags after taking the token.
type gate struct {
	ring *ring
	hold time.Duration
	// open: frames of lower numbers may leave. It only rises.
	open atomic.Uint64
	// readers of this mode; with none, frames pass without a timer.
	readers atomic.Int32

	mu     sync.Mutex
	sent   uint64 // ring.total when the gate last opened
	armed  bool
	timer  *time.Timer
	parked readerList
	round  uint64 // of wake-ups: those who parked in an earlier one are due
}

func (g *gate) init(r *ring, hold time.Duration) {
	g.ring, g.hold = r, hold
	g.open.Store(1)
	if hold > 0 {
		g.timer = time.AfterFunc(time.Hour, g.release)
		g.timer.Stop()
	}
}

// enter counts a reader. It is called under stream.mu, before the reader's
// first burst is measured, so that frames after the burst find the gate in use.
func (g *gate) enter() {
	if g.readers.Add(1) == 1 {
		g.mu.Lock()
		g.advance()
		g.mu.Unlock()
	}
}

// leave is the end of what enter began.
func (g *gate) leave(r *Reader) {
	g.mu.Lock()
	if r.parked {
		g.parked.remove(r)
	}
	g.mu.Unlock()
	g.readers.Add(-1)
}

// pass is called after each frame.
func (g *gate) pass() {
	if g.readers.Load() == 0 {
		return
	}
	g.mu.Lock()
	if g.hold == 0 || g.ring.total.Load()-g.sent >= burst {
		g.advance()
		g.wake()
		return
	}
	if !g.armed {
		g.armed = true
		g.timer.Reset(g.hold)
	}
	g.mu.Unlock()
}

// release opens the gate for all there is.
func (g *gate) release() {
	g.mu.Lock()
	g.armed = false
	g.advance()
	g.wake()
}

func (g *gate) advance() {
	if h := g.ring.head.Load(); h > g.open.Load() {
		g.open.Store(h)
	}
	g.sent = g.ring.total.Load()
}

// wake notifies all who are parked, and unlocks mu. It lets go of the lock
// every few readers, since those it woke come back to park, behind the others.
func (g *gate) wake() {
	var some [64]struct {
		reader *Reader
		waker  Waker
	}
	round := g.round
	g.round++
	for {
		n := 0
		for n < len(some) && g.parked.first != nil && g.parked.first.round <= round {
			r := g.parked.first
			some[n].reader, some[n].waker = r, r.waker
			g.parked.remove(r)
			n++
		}
		g.mu.Unlock()
		for i := range some[:n] {
			some[i].reader.tell(some[i].waker)
		}
		if n < len(some) {
			return
		}
		g.mu.Lock()
	}
}

// park puts r into the list unless something may leave.
func (g *gate) park(r *Reader) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.due() {
		return false
	}
	if !r.parked {
		r.round = g.round
		g.parked.push(r)
	}
	return true
}

// readerList is a queue through the readers themselves: parking allocates
// nothing, and a reader that closes leaves it at once.
type readerList struct{ first, last *Reader }

func (l *readerList) push(r *Reader) {
	r.parked, r.prev, r.next = true, l.last, nil
	if l.last != nil {
		l.last.next = r
	} else {
		l.first = r
	}
	l.last = r
}

func (l *readerList) remove(r *Reader) {
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		l.first = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	} else {
		l.last = r.prev
	}
	r.parked, r.prev, r.next = false, nil, nil
}
