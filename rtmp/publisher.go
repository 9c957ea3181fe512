package rtmp

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/media"
)

// Publisher publishes a stream, and takes it elsewhere when a server asks for
// that (Enhanced RTMP v2, "Reconnect Request"): it connects to the other server
// while it goes on sending to this one, moves at the next key frame, and leaves.
// Every frame goes to one server, and the new one gets the metadata, the sequence
// headers and the key frame first.
//
// Its methods may be called from any goroutine.
type Publisher struct {
	follower
	write sync.Mutex
	ready atomic.Pointer[arrival]
	// state is the metadata that was sent last, nil for none.
	state *media.Frame
	lost  atomic.Uint64
}

// arrival is a connection to where a chase leads.
type arrival struct {
	chase   *chase
	session *Session
}

// Publisher connects to an address and publishes its stream, as [Dialer.Publish]
// does, and follows the server's reconnect requests from then on. ctx matters for
// the first connection only.
func (d *Dialer) Publisher(ctx context.Context, address string) (*Publisher, error) {
	p := new(Publisher)
	p.seek = p.reach
	err := p.begin(ctx, d, address, func(ctx context.Context, s *Session, name string) (*Stream, error) {
		return s.Publish(ctx, name)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// reach connects, and waits until the publication has moved or the connection is
// lost again. A server may end one that is not used.
func (p *Publisher) reach(ctx context.Context, c *chase) error {
	s, err := p.dialer.dial(ctx, c.to)
	if err != nil {
		return err
	}
	a := &arrival{c, s}
	p.ready.Store(a)
	select {
	case <-s.ctx.Done():
		p.ready.CompareAndSwap(a, nil)
		return context.Cause(s.ctx)
	case <-ctx.Done():
	}
	if p.ready.CompareAndSwap(a, nil) {
		s.Close() // nobody took it
	}
	return context.Cause(ctx)
}

// WriteFrame sends a frame as [Stream.WriteFrame] does. While the server of now
// has gone and the next one is not reached, frames are lost up to a key; see
// [Publisher.Lost]. An error is the end.
func (p *Publisher) WriteFrame(f *media.Frame) error {
	p.write.Lock()
	defer p.write.Unlock()
	if err := p.Err(); err != nil {
		return err
	}
	if isState(f) {
		p.state = f
	}
	if begins(f) {
		if err := p.follow(f); err != nil {
			return err
		}
	}
	err := p.Stream().WriteFrame(f)
	if err == nil {
		return nil
	}
	if p.chased() != nil {
		p.lost.Add(1)
		return nil
	}
	if why := p.Err(); why != nil {
		return why
	}
	return err
}

// begins reports whether a stream can begin with f: a key of the default picture
// or, without any picture, sound.
func begins(f *media.Frame) bool {
	return leads(f) && f.Class == media.Key
}

// leads reports whether f is of the track by which the others go.
func leads(f *media.Frame) bool {
	if picture := f.Tracks.Default(media.Video); picture != nil {
		return f.Kind == media.Video && f.Track == picture.ID
	}
	return f.Kind == media.Audio
}

// isState reports whether f is metadata that holds from here on.
func isState(f *media.Frame) bool { return f.Kind == media.Data && f.Class == media.Key }

// follow moves to the server that was reached, if one was. It publishes there
// only now, since the server may be the one of now, for which that is a
// take-over. A server that refuses is tried again later.
func (p *Publisher) follow(f *media.Frame) error {
	a := p.ready.Load()
	if a == nil || !p.ready.CompareAndSwap(a, nil) {
		return nil
	}
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	st, err := a.session.Publish(ctx, a.chase.to.Name)
	if err != nil {
		a.session.Close()
		return nil // the publication goes on where it is
	}
	if !p.move(a.chase, st) || p.state == nil {
		return nil
	}
	state := *p.state
	state.DTS, state.PTS = f.DTS, f.DTS
	return st.WriteFrame(&state)
}

// Lost is how many frames no server has got.
func (p *Publisher) Lost() uint64 { return p.lost.Load() }
