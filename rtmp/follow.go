package rtmp

import (
	"context"
	"sync"
	"time"
)

const (
	// followTime is how long a client tries to get to where a server sent it, and
	// lostTime how long it does when the stream it came from has ended.
	followTime = time.Minute
	lostTime   = 30 * time.Second
	// followPause lies between two tries, and between two moves: servers that
	// send a client to each other must not keep it busy.
	followPause = 500 * time.Millisecond
	// maxTCURL bounds the address of a reconnect request.
	maxTCURL = 4 << 10
)

// follower is what [Publisher] and [Player] have in common: a stream, and the way
// to the next one while a server has asked for it.
type follower struct {
	dialer Dialer
	ctx    context.Context // done when it is over for good; its cause tells why
	cancel context.CancelCauseFunc
	// seek finds the stream of a request, as far as it can without the caller; it
	// returns when that is gone again, or ctx is done.
	seek func(ctx context.Context, c *chase) error

	mu     sync.Mutex
	at     *URL
	stream *Stream
	past   Stats // of streams that were left
	chase  *chase
	moved  time.Time
}

// chase is one reconnect request on its way.
type chase struct {
	to     *URL
	cancel context.CancelFunc
	done   chan struct{} // closed when it was given up, or left behind
}

// begin makes the first stream.
func (f *follower) begin(
	ctx context.Context, d *Dialer, address string, open func(context.Context, *Session, string) (*Stream, error),
) error {
	u, err := ParseURL(address)
	if err != nil {
		return err
	}
	f.dialer = *d
	f.dialer.Reconnect = func(s *Session, r ReconnectRequest) {
		if d.Reconnect != nil {
			d.Reconnect(s, r)
		}
		f.requested(s, r)
	}
	f.ctx, f.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	st, err := f.dialer.stream(ctx, address, func(s *Session, name string) (*Stream, error) { return open(ctx, s, name) })
	if err != nil {
		f.cancel(err)
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = u
	f.use(st)
	return nil
}

// use goes on with a stream; f is locked.
func (f *follower) use(st *Stream) {
	f.stream, f.moved = st, time.Now()
	context.AfterFunc(st.ctx, func() { f.ended(st) })
}

// Stream is the stream of now. It is another one after a move.
func (f *follower) Stream() *Stream {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stream
}

// Context is done when the publication or play is over for good; its cause tells
// why.
func (f *follower) Context() context.Context { return f.ctx }

// Err is why it is over, nil while it is not.
func (f *follower) Err() error { return context.Cause(f.ctx) }

// Stats are the counters of all connections together; Start, RTT and LastReceived
// are those of the connection of now.
func (f *follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats()
}

func (f *follower) stats() Stats {
	s := f.stream.session.Stats()
	s.BytesIn += f.past.BytesIn
	s.BytesOut += f.past.BytesOut
	if s.Acknowledged > 0 {
		s.Acknowledged += uint32(f.past.BytesOut)
	}
	return s
}

// requested begins a chase. It is called where the session is read.
func (f *follower) requested(s *Session, r ReconnectRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stream == nil || f.stream.session != s || f.ctx.Err() != nil || len(r.TCURL) > maxTCURL {
		return
	}
	to, err := f.at.resolve(r.TCURL)
	if err != nil {
		return // and stay
	}
	if f.chase != nil {
		f.chase.cancel()
	}
	ctx, cancel := context.WithTimeout(f.ctx, followTime)
	c := &chase{to: to, cancel: cancel, done: make(chan struct{})}
	f.chase = c
	pause := followPause - time.Since(f.moved)
	go func() {
		defer close(c.done)
		defer cancel()
		for sleep(ctx, pause) {
			_ = f.seek(ctx, c) // tried again as long as there is time
			pause = followPause
		}
		f.giveUp(c)
	}()
}

// sleep waits and reports whether ctx still holds.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// giveUp ends a chase that led nowhere.
func (f *follower) giveUp(c *chase) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.chase != c {
		return
	}
	f.chase = nil
	if why := f.stream.Err(); why != nil {
		f.cancel(why)
	}
}

// ended is called when a stream has ended. That of now ends it all, unless the
// way to the next one is known.
func (f *follower) ended(st *Stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch c := f.chase; {
	case f.stream != st:
	case c == nil:
		f.cancel(context.Cause(st.ctx))
	default:
		time.AfterFunc(lostTime, c.cancel)
	}
}

// move goes on with the stream that c led to, and closes the one before. It
// reports whether that is still wanted.
func (f *follower) move(c *chase, st *Stream) bool {
	st.owned = true
	f.mu.Lock()
	left := st
	wanted := f.chase == c && f.ctx.Err() == nil
	if wanted {
		left = f.stream
		f.past = f.stats()
		f.at, f.chase = c.to, nil
		f.use(st)
		c.cancel()
	}
	f.mu.Unlock()
	_ = left.Close()
	return wanted
}

// chased is the request that is followed now, nil if there is none.
func (f *follower) chased() *chase {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chase
}

// Close ends it in order.
func (f *follower) Close() error {
	f.cancel(ErrStreamClosed)
	f.mu.Lock()
	st, c := f.stream, f.chase
	f.mu.Unlock()
	if c != nil {
		<-c.done
	}
	return st.Close()
}
