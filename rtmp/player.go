package rtmp

import (
	"bytes"
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// Player plays a stream, and goes on elsewhere when a server asks for that
// (Enhanced RTMP v2, "Reconnect Request"): it plays there beside, and moves at a
// key frame that the server of now has not sent yet. Where both servers carry the
// same stream on the same timeline, every frame comes once.
//
// ReadFrame is for one goroutine; all other methods may be called from any.
type Player struct {
	follower
	newest atomic.Int64 // decoding time of the last frame of the track that leads
	found  atomic.Pointer[landing]
	signal chan struct{} // has a token when something was found

	// Of the goroutine that reads.
	queue []*media.Frame // to give before anything is read
	state []byte         // the metadata that was given last
}

// landing is where a stream goes on.
type landing struct {
	chase  *chase
	stream *Stream
	state  *media.Frame // metadata in front of key, nil for none
	key    *media.Frame
	apart  bool // the timeline is another one
}

// apart is how far a key may be from the newest frame on the same timeline.
const apart = time.Minute

// moveTime is how long the old stream may take to get to where the new one
// begins.
const moveTime = 3 * time.Second

// Player connects to an address and plays its stream, as [Dialer.Play] does, and
// follows the server's reconnect requests from then on. ctx matters for the first
// connection only.
func (d *Dialer) Player(ctx context.Context, address string) (*Player, error) {
	p := &Player{signal: make(chan struct{}, 1)}
	p.newest.Store(math.MinInt64 / 2) // far from any frame
	p.seek = p.land
	err := p.begin(ctx, d, address, func(ctx context.Context, s *Session, name string) (*Stream, error) {
		return s.Play(ctx, name, PlayOptions{})
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// land plays at the other server up to a key that goes on where this one is, and
// waits until the play has moved.
func (p *Player) land(ctx context.Context, c *chase) error {
	s, err := p.dialer.dial(ctx, c.to)
	if err != nil {
		return err
	}
	st, err := s.Play(ctx, c.to.Name, PlayOptions{})
	if err != nil {
		s.Close()
		return err
	}
	st.owned = true
	stop := context.AfterFunc(ctx, func() { _ = st.Close() })
	l, err := p.look(st)
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil {
		_ = st.Close()
		return err
	}
	l.chase = c
	p.found.Store(l)
	select {
	case p.signal <- struct{}{}:
	default:
	}
	old := p.Stream()
	late := time.AfterFunc(moveTime, func() { _ = old.Close() })
	defer late.Stop()
	<-ctx.Done() // moved, or given up
	if p.found.CompareAndSwap(l, nil) {
		_ = st.Close()
	}
	return context.Cause(ctx)
}

// look reads up to the key at which the stream can go on.
func (p *Player) look(st *Stream) (*landing, error) {
	l := &landing{stream: st}
	for {
		f, err := st.ReadFrame()
		var unread *flv.BodyError
		switch {
		case errors.As(err, &unread):
		case err != nil:
			return nil, err
		case isState(f):
			l.state = f
		case begins(f):
			ahead := time.Duration(f.DTS - p.newest.Load())
			l.apart = ahead.Abs() > apart
			if ahead > 0 || l.apart {
				l.key = f
				return l, nil
			}
		}
	}
}

// ReadFrame waits for the next frame, as [Stream.ReadFrame] does. After the last
// one the error is why it is over.
func (p *Player) ReadFrame() (*media.Frame, error) {
	for {
		if len(p.queue) > 0 {
			f := p.queue[0]
			p.queue = p.queue[1:]
			return p.note(f), nil
		}
		l := p.found.Load()
		if l != nil && l.apart {
			p.goOn(l)
			continue
		}
		f, err := p.Stream().ReadFrame()
		var unread *flv.BodyError
		switch {
		case errors.As(err, &unread):
			return nil, err
		case err != nil:
			if err := p.await(err); err != nil {
				return nil, err
			}
		case l != nil && leads(f) && f.DTS >= l.key.DTS:
			p.goOn(l)
		default:
			return p.note(f), nil
		}
	}
}

// note remembers how far the stream has come.
func (p *Player) note(f *media.Frame) *media.Frame {
	switch {
	case isState(f):
		p.state = f.Payload
	case leads(f):
		p.newest.Store(f.DTS)
	}
	return f
}

// goOn moves to where the stream goes on, unless that was given up meanwhile.
func (p *Player) goOn(l *landing) {
	if !p.found.CompareAndSwap(l, nil) || !p.move(l.chase, l.stream) {
		return
	}
	if l.state != nil && !bytes.Equal(l.state.Payload, p.state) {
		p.queue = append(p.queue, l.state)
	}
	p.queue = append(p.queue, l.key)
}

// await waits for a place to go on when the stream has ended with err, and goes
// there. The error says that there is none.
func (p *Player) await(err error) error {
	for {
		if l := p.found.Load(); l != nil {
			p.goOn(l)
			return nil
		}
		c := p.chased()
		if c == nil {
			return err
		}
		select {
		case <-p.signal:
		case <-c.done:
		}
		if why := p.Err(); why != nil {
			return why
		}
	}
}
