package rtmp

import (
	"context"
	"errors"
	"slices"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/internal/handshake"
	"github.com/millrace-live/millrace/rtmp/message"
)

// clientRole is the client's side of a session.
type clientRole struct {
	*Session
	engine *message.Client
	hello  func() error // sends connect
	swf    *SWF         // what to prove, nil if nothing can be
	swfKey []byte
	// reconnect is told when the server asks for that; may be nil.
	reconnect func(*Session, ReconnectRequest)

	connected chan struct{} // closed when connect was accepted
	waiting   map[*message.Request]chan answer
}

// answer is what became of a request.
type answer struct {
	stream *Stream
	values amf.List
	err    error
}

func (s *Session) beClient(shake handshake.Config, swf *SWF) *clientRole {
	r := &clientRole{
		Session: s, engine: message.NewClient(s.out.enqueue), swf: swf,
		connected: make(chan struct{}), waiting: make(map[*message.Request]chan answer),
	}
	s.role = r
	s.in.shake = handshake.NewClient(shake)
	return r
}

func (r *clientRole) begin() bool       { return true }
func (r *clientRole) unproven() bool    { return false }
func (r *clientRole) ping(value uint32) { r.engine.Ping(value) }

// opened sends connect, and then the chunk size: in front of connect there are
// servers that do not expect it.
func (r *clientRole) opened(shake shaker) {
	if r.swf != nil {
		r.swfKey = slices.Clone(shake.SWFKey())
	}
	if err := r.hello(); err != nil {
		return
	}
	r.out.enqueue(message.NewProtocolControl(message.WindowAckSize, window))
	r.in.said = window
	r.out.enqueue(message.NewProtocolControl(message.SetChunkSize, uint32(r.set.chunkSize)))
}

func (r *clientRole) handle(m *message.Message) (task, *Stream, error) {
	event, err := r.engine.Handle(m)
	if err != nil {
		return task{}, nil, err
	}
	switch e := event.(type) {
	case message.Media:
		return task{}, r.streams[m.StreamID], nil
	case message.Connected:
		r.enter(streamless)
		r.peer = peerOf(e.Properties, e.Status.Object)
		r.in.chunks.SetLimits(mediaLimit, otherLimit)
		r.large = true
		close(r.connected)
	case message.Rejected:
		return task{}, nil, e.Err
	case message.SWFDemand:
		if r.swf != nil {
			r.out.enqueue(r.swf.proof(r.swfKey).Message())
		}
	case message.Opened:
		r.openStream(e)
	case message.Refused:
		r.settle(e.Request, answer{err: e.Err})
	case message.Returned:
		r.settle(e.Request, answer{values: e.Values, err: e.Err})
	case message.Ended:
		if st := r.streams[e.StreamID]; st != nil {
			r.dropStream(st)
			return task{do: func() error { st.end(e.Err); return nil }}, nil, nil
		}
	case message.ReconnectRequest:
		return r.requested(e), nil, nil
	case message.Pong:
		r.pong(e.Value)
	}
	return task{}, nil, nil
}

// settle gives a request its answer; nobody waits for one that was given up.
func (r *clientRole) settle(q *message.Request, a answer) {
	if ch := r.waiting[q]; ch != nil {
		delete(r.waiting, q)
		ch <- a
	}
}

// openStream makes the stream on the goroutine that reads, so that no message
// behind the status is missed.
func (r *clientRole) openStream(e message.Opened) {
	name, play := e.Request.Stream()
	st := newStream(r.Session, e.StreamID, play == nil, name)
	st.client, st.request, st.kind = true, e.Request, "live"
	if play != nil {
		st.play, st.kind = *play, ""
	}
	st.accepted.Store(true)
	r.used = true
	r.addStream(st)
	r.settle(e.Request, answer{stream: st})
}

func (r *clientRole) endStream(st *Stream, _ error) { r.engine.Delete(st.id) }

// ask sends a request and waits for its answer.
func (s *Session) ask(ctx context.Context, send func(*message.Client) (*message.Request, error)) (answer, error) {
	r, ok := s.role.(*clientRole)
	if !ok {
		return answer{}, errors.New("rtmp: this session is a server's")
	}
	ch := make(chan answer, 1)
	s.mu.Lock()
	if s.finished || s.leaving {
		s.mu.Unlock()
		return answer{}, s.endReason()
	}
	q, err := send(r.engine)
	if err != nil {
		s.mu.Unlock()
		return answer{}, err
	}
	r.waiting[q] = ch
	s.mu.Unlock()
	_ = s.flush() // a failure ends the session
	select {
	case a := <-ch:
		return a, a.err
	case <-s.ctx.Done():
		return answer{}, context.Cause(s.ctx)
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(r.waiting, q)
		r.engine.Forget(q)
		select {
		case a := <-ch: // it came at the same time
			if a.stream != nil {
				s.dropStream(a.stream)
				a.stream.end(ErrStreamClosed)
			}
		default:
		}
		return answer{}, context.Cause(ctx)
	}
}

func (s *Session) endReason() error {
	if err := context.Cause(s.ctx); err != nil {
		return err
	}
	return ErrSessionClosed
}

// Publish asks the server to publish name on this session and waits until it
// may be sent. A refusal is a *StatusError in the server's words.
func (s *Session) Publish(ctx context.Context, name string) (*Stream, error) {
	a, err := s.ask(ctx, func(c *message.Client) (*message.Request, error) { return c.Publish(name, "live"), nil })
	return a.stream, err
}

// PlayOptions are the arguments of play. The zero value plays what is live, or
// else what is recorded, from its beginning to its end.
type PlayOptions struct {
	// Live plays only what is live.
	Live bool
	// Start is a position in a recorded stream, in milliseconds; 0 does not
	// ask for one.
	Start int64
	// Duration is in milliseconds; 0 means to the end.
	Duration int64
}

// Play asks the server to play name on this session and waits until it begins.
// A refusal is a *StatusError in the server's words.
func (s *Session) Play(ctx context.Context, name string, o PlayOptions) (*Stream, error) {
	p := message.Play{Name: name, Start: message.StartAny, Duration: -1, Reset: true}
	switch {
	case o.Live:
		p.Start = message.StartLive
	case o.Start > 0:
		p.Start = o.Start
	}
	if o.Duration > 0 {
		p.Duration = o.Duration
	}
	a, err := s.ask(ctx, func(c *message.Client) (*message.Request, error) { return c.Play(p), nil })
	return a.stream, err
}

// Call calls a procedure of the server and waits for what it returns. A
// *StatusError is the server's _error.
func (s *Session) Call(ctx context.Context, name string, args ...amf.Value) (amf.List, error) {
	a, err := s.ask(ctx, func(c *message.Client) (*message.Request, error) { return c.Call(name, args...) })
	return a.values, err
}
