package rtmp

import (
	"errors"
	"net"
	"sync/atomic"

	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/rtmp"
)

// passenger is a stream in a driver's hands. What is not the plain course is left
// to the goroutines of its session, by getting off.
type passenger struct {
	// called is set when the session has answers, or has ended: to look for
	// them each time would touch memory of every player with every frame.
	called   atomic.Bool
	stream   *rtmp.Stream
	detached *rtmp.Detached
	seat     atomic.Pointer[netx.Seat]
}

// detach takes the stream off its goroutines if the driver can have it.
func (p *passenger) detach(d *netx.Driver) bool {
	if !d.Takes(p.stream.Session().Conn()) {
		return false
	}
	p.detached = p.stream.Detach(p.call)
	return p.detached != nil
}

// board begins the ride of r, whose passenger p is.
func (p *passenger) board(d *netx.Driver, r netx.Rider) *netx.Seat {
	seat, ok := d.Add(p.stream.Session().Conn(), r)
	if !ok { // it has just been closed
		r.Left(nil, net.ErrClosed)
		return nil
	}
	p.seat.Store(seat)
	p.call() // for calls that found no seat
	return seat
}

// call is the session's way of asking for the driver.
func (p *passenger) call() {
	p.called.Store(true)
	if seat := p.seat.Load(); seat != nil {
		seat.Wake()
	}
}

// answers returns what the session has to say, nil if that is nothing.
func (p *passenger) answers() (*netx.Vector, error) {
	if !p.called.Load() || !p.called.Swap(false) {
		return nil, nil
	}
	if err := p.stream.Err(); err != nil {
		return nil, err
	}
	answers := p.detached.Answers()
	if answers == nil {
		return nil, nil
	}
	p.detached.Sent(len(answers))
	v := new(netx.Vector)
	v.Set([][]byte{answers})
	return v, nil
}

// Received implements [netx.Rider].
func (p *passenger) Received(b []byte) error { return p.detached.Receive(b) }

// attach puts the stream back on goroutines, the first of which calls serve.
func (p *passenger) attach(d *Door, rest [][]byte, why error, serve func() error) {
	var failed error
	var panicked *netx.PanicError
	switch {
	case errors.Is(why, netx.ErrStuck):
		failed = rtmp.ErrSlowReader
	case errors.As(why, &panicked):
		session := p.stream.Session()
		d.logger.Error("panic in session", "session", session.ID(), "panic", panicked.Value, "stack", string(panicked.Stack))
		session.Close()
	}
	p.detached.Attach(rest, failed, serve)
}
