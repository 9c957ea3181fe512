package rtmpt

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// linger is how long what was written before Close waits to be fetched.
	linger = 10 * time.Second
	// overtaking is how long a request waits for the one before it, which a
	// proxy may carry on another connection.
	overtaking = 2 * time.Second
	// maxWaiting is how many requests of one session may wait for their turn.
	maxWaiting = 16
)

// Conn is a session as a connection. It is Read and written like any other;
// its bytes travel with the requests of the client, so that a Write of a few
// bytes arrives as soon as the client asks for more.
type Conn struct {
	duplex
	listener      *Listener
	id            string
	request       *http.Request
	local, remote net.Addr

	// Of requests, and guarded by mu like all of duplex.
	turn    sync.Cond // a request waits for the one before it
	busy    bool      // one has its turn
	waiting int       // how many wait
	moved   time.Time // when the last turn ended
	seq     sequence
	fed     int64  // how much was taken of a body that broke off,
	part    uint64 // and of which request it was
	reply   []byte // to the last one
	polls   polling
	grace   time.Duration // how long an answer to /send is waited for
	hold    alarm         // ends the wait for an answer
	life    *time.Timer   // ends the session
	gone    bool          // no request finds it any more
}

func newConn(l *Listener, id string, r *http.Request) *Conn {
	c := &Conn{
		listener: l, id: id, request: r, grace: maxGrace, moved: time.Now(),
		local: l.Addr(), remote: remoteAddr(r.RemoteAddr),
	}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		c.local = a
	}
	c.init()
	c.turn.L, c.hold.cond = &c.mu, &c.carrier
	c.life = time.AfterFunc(time.Hour, c.expire)
	c.rested()
	return c
}

func remoteAddr(s string) net.Addr {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return &net.TCPAddr{}
	}
	return net.TCPAddrFromAddrPort(a)
}

// LocalAddr is the address that the request which opened the session came to.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the address that the request which opened the session came
// from, a *net.TCPAddr. Later ones may come from others.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// Request is the request that opened the session: its TLS state, header and
// the values of its context, which is never done. It has no body, and must not
// be changed.
func (c *Conn) Request() *http.Request { return c.request }

// Close ends the session. What was written before goes to the client with its
// next requests, for 10 s.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.shut()
	if c.gone || c.busy || c.waiting > 0 {
		return nil // who has the turn sees to the end
	}
	if c.pending() == 0 {
		c.leaveTable()
	} else {
		c.rested()
	}
	return nil
}

// expire ends a session for which no request came.
func (c *Conn) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone && !c.busy && c.waiting == 0 {
		c.finish(ErrIdle, ErrIdle)
	}
}

// finish ends the session for both sides. The caller holds mu.
func (c *Conn) finish(read, write error) {
	c.end(read, write)
	c.leaveTable()
}

// leaveTable lets requests find the session no more, and forgets what was kept
// for them. The caller holds mu.
func (c *Conn) leaveTable() {
	c.gone = true
	c.out, c.spare = nil, nil
	c.life.Stop()
	c.hold.set(time.Time{})
	c.listener.forget(c.id)
	c.turn.Broadcast()
}

// rested begins the time in which the next request must come. The caller holds
// mu.
func (c *Conn) rested() {
	d := c.listener.idleTimeout()
	if c.closed && (d < 0 || d > linger) {
		d = linger
	}
	if d < 0 {
		c.life.Stop()
		return
	}
	c.life.Reset(d)
}

// verdict is what becomes of a request.
type verdict uint8

const (
	carry     verdict = iota // has its turn
	again                    // has its turn, to be answered like the last time
	nothing                  // has its turn, to be answered with nothing
	lost                     // there is no session
	crowded                  // too many wait
	abandoned                // the client has gone
)

// enter waits until the turn of request n has come. If it has, leave must be
// called.
func (c *Conn) enter(ctx context.Context, n uint64) verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == maxWaiting {
		return crowded
	}
	c.waiting++
	defer func() {
		if c.waiting--; !c.busy && c.waiting == 0 && !c.gone {
			c.rested()
		}
	}()
	c.life.Stop()
	c.carrier.Broadcast() // whoever is held back makes way

	soon := alarm{cond: &c.turn}
	defer soon.set(time.Time{})
	var watching bool
	for {
		if c.gone {
			return lost
		}
		if !c.busy {
			if v, ok := c.admit(n); ok {
				c.busy = v != lost
				return v
			}
			soon.after(overtaking - time.Since(c.moved))
		}
		// Not before: of a client that has closed its half of the connection
		// behind its last requests, net/http says that it has gone.
		if ctx.Err() != nil {
			return abandoned
		}
		if !watching {
			watching = true
			defer context.AfterFunc(ctx, func() { c.wake(&c.turn) })()
		}
		c.turn.Wait()
	}
}

func (c *Conn) wake(cond *sync.Cond) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cond.Broadcast()
}

// admit says what becomes of request n now, if that can be said.
func (c *Conn) admit(n uint64) (v verdict, ok bool) {
	switch c.seq.place(n) {
	case next:
		if c.fed > 0 && n != c.part {
			c.finish(ErrBody, ErrBody)
			return lost, true
		}
		return carry, true
	case repeated:
		return again, true
	case stale:
		return nothing, true
	}
	if time.Since(c.moved) < overtaking {
		return 0, false
	}
	// The one before it never comes. If a part of that one was taken, nothing
	// can follow; else the client counts in its own way.
	if c.fed > 0 {
		c.finish(ErrBody, ErrBody)
		return lost, true
	}
	c.seq.loose = true
	return carry, true
}

// leave ends a turn.
func (c *Conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy, c.moved = false, time.Now()
	c.turn.Broadcast()
	if !c.gone && c.waiting == 0 {
		c.rested()
	}
}

// closedByPeer ends the session as the client asked.
func (c *Conn) closedByPeer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone {
		c.finish(io.EOF, io.ErrClosedPipe)
	}
}
