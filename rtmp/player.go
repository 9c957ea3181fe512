package rtmp

import (
	"bytes"
	"context"
	"errors"
	"math"
	"sync"
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
	signal chan struct{} // has a token when something was found

	place  sync.Mutex
	newest int64    // decoding time of the last frame of the track that leads
	found  *landing // where the stream goes on from its key on
	beside bool     // the same stream comes from the other server, too

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
	p := &Player{signal: make(chan struct{}, 1), newest: math.MinInt64 / 2} // far from any frame
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
	l, err := p.look(c, st)
	defer p.alone()
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil {
		_ = st.Close()
		return err
	}
	p.tell()
	old := p.Stream()
	late := time.AfterFunc(moveTime, func() { _ = old.Close() })
	defer late.Stop()
	<-ctx.Done() // moved, or given up
	if p.take(l) {
		_ = st.Close()
	}
	return context.Cause(ctx)
}

// look reads up to the key at which the stream can go on.
func (p *Player) look(c *chase, st *Stream) (*landing, error) {
	l := &landing{chase: c, stream: st}
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
			l.key = f
			if p.offer(l) {
				return l, nil
			}
		}
	}
}

// offer has the reader go on with l when it gets there. It reports false if the
// reader is behind that place already.
func (p *Player) offer(l *landing) bool {
	p.place.Lock()
	defer p.place.Unlock()
	ahead := time.Duration(l.key.DTS - p.newest)
	l.apart = ahead.Abs() > apart
	p.beside = !l.apart
	if ahead <= 0 && !l.apart {
		return false
	}
	p.found = l
	return true
}

// alone says that nothing comes from another server any more.
func (p *Player) alone() {
	p.place.Lock()
	p.beside = false
	p.place.Unlock()
	p.tell()
}

// tell wakes the reader if it waits.
func (p *Player) tell() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// take makes l the caller's, if it is still to be had.
func (p *Player) take(l *landing) bool {
	p.place.Lock()
	defer p.place.Unlock()
	if l == nil || p.found != l {
		return false
	}
	p.found = nil
	return true
}

// next is where the stream goes on instead of with f, nil if f is to be given. The
// other server may be the later one: at a key it waits for that.
func (p *Player) next(f *media.Frame) *landing {
	var late <-chan time.Time
	for {
		p.place.Lock()
		l := p.found
		switch {
		case !leads(f):
			l = nil
		case l != nil && f.DTS >= l.key.DTS:
		case l == nil && begins(f) && p.beside:
			p.place.Unlock()
			if late == nil {
				t := time.NewTimer(moveTime)
				defer t.Stop()
				late = t.C
			}
			select {
			case <-p.signal:
			case <-late:
				p.alone()
			}
			continue
		default:
			l, p.newest = nil, f.DTS
		}
		p.place.Unlock()
		return l
	}
}

// landing is where the stream goes on, nil for nowhere yet.
func (p *Player) landing() *landing {
	p.place.Lock()
	defer p.place.Unlock()
	return p.found
}

// ReadFrame waits for the next frame, as [Stream.ReadFrame] does. After the last
// one the error is why it is over.
func (p *Player) ReadFrame() (*media.Frame, error) {
	for {
		if len(p.queue) > 0 {
			f := p.queue[0]
			p.queue = p.queue[1:]
			return f, nil
		}
		if l := p.landing(); l != nil && l.apart {
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
		case isState(f):
			p.state = f.Payload
			return f, nil
		default:
			l := p.next(f)
			if l == nil {
				return f, nil
			}
			p.goOn(l)
		}
	}
}

// goOn moves to where the stream goes on, unless that was given up meanwhile.
func (p *Player) goOn(l *landing) {
	if !p.take(l) || !p.move(l.chase, l.stream) {
		return
	}
	if l.state != nil && !bytes.Equal(l.state.Payload, p.state) {
		p.state = l.state.Payload
		p.queue = append(p.queue, l.state)
	}
	p.queue = append(p.queue, l.key)
	p.place.Lock()
	p.newest = l.key.DTS
	p.place.Unlock()
}

// await waits for a place to go on when the stream has ended with err, and goes
// there. The error says that there is none.
func (p *Player) await(err error) error {
	for {
		if l := p.landing(); l != nil {
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
