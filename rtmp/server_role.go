package rtmp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/internal/handshake"
	"github.com/millrace-live/millrace/rtmp/message"
)

// serverRole is the server's side of a session.
type serverRole struct {
	*Session
	server *Server
	engine *message.Server

	// Of the goroutine that reads.
	swfKey   []byte
	demanded []SWF // one of these is to be proved before connect is answered
	sized    bool  // the client knows how long the chunks are
}

func (s *Session) beServer(srv *Server) {
	r := &serverRole{Session: s, server: srv, engine: message.NewServer(s.out.enqueue)}
	s.role = r
	s.in.shake = handshake.NewServer(handshake.Config{Type: srv.EncryptionType, RefuseEncrypted: srv.RefuseEncrypted})
}

func (r *serverRole) begin() bool       { return false }
func (r *serverRole) ping(value uint32) { r.engine.Ping(value) }

func (r *serverRole) opened(shake shaker) {
	if r.server.SWF != nil {
		r.swfKey = slices.Clone(shake.SWFKey())
	}
}

// handle has the engine answer m, and says what is left to do.
func (r *serverRole) handle(m *message.Message) (task, *Stream, error) {
	event, err := r.engine.Handle(m)
	if err != nil {
		return task{}, nil, err
	}
	switch e := event.(type) {
	case message.Media:
		return task{}, r.streams[m.StreamID], nil
	case *message.Connect:
		r.info, r.peer = e, ParseCapabilities(amf.PropertiesOf(e.Properties))
		return task{r.connect, true}, nil, nil
	case message.SWFProof:
		return task{func() error { return r.prove(e) }, true}, nil, nil
	case message.Publish:
		if r.late() {
			return task{}, nil, ErrTimeout
		}
		st := newStream(r.Session, e.StreamID, true, e.Name)
		st.kind = e.Kind
		r.addStream(st)
		return task{func() error { return r.publish(st) }, true}, nil, nil
	case message.Play:
		if r.late() {
			return task{}, nil, ErrTimeout
		}
		old := r.streams[e.StreamID]
		st := newStream(r.Session, e.StreamID, false, e.Name)
		st.play = e
		r.addStream(st)
		return task{func() error {
			r.sizeChunks()
			if old != nil {
				old.end(ErrStreamClosed)
			}
			r.start(st, func() error { return r.serve(st) })
			return nil
		}, true}, nil, nil
	case message.Closed:
		if st := r.streams[e.StreamID]; st != nil {
			r.dropStream(st)
			return task{do: func() error { st.end(ErrStreamClosed); return nil }}, nil, nil
		}
	case message.ControlEvent:
		st := r.streams[e.StreamID]
		return task{do: func() error { r.control(st, e); return nil }}, nil, nil
	case message.Pong:
		r.pong(e.Value)
	}
	return task{}, nil, nil
}

// late reports whether a client that was never let in has had its time, however
// often it tries.
func (r *serverRole) late() bool {
	return !r.used && r.set.stream >= 0 && time.Since(r.Session.start) > r.set.stream
}

// connect takes the client's connect, and answers it unless something is to be
// proved before.
func (r *serverRole) connect() error {
	if err := r.identify(); err != nil {
		r.reject(err)
		return nil
	}
	if r.server.SWF != nil {
		if r.demanded = r.server.SWF(r.Session); len(r.demanded) > 0 {
			r.out.enqueue(message.NewSWFDemand())
			return nil
		}
	}
	return r.welcome()
}

// welcome asks the handler about the connection and answers.
func (r *serverRole) welcome() error {
	if h, ok := r.server.Handler.(ConnectHandler); ok {
		if err := h.ServeConnect(r.Session); err != nil {
			r.reject(err)
			return nil
		}
	}
	r.in.said = window
	r.out.enqueue(message.NewProtocolControl(message.WindowAckSize, window))
	r.out.enqueue(message.NewSetPeerBandwidth(window, message.LimitDynamic))
	// When FFmpeg publishes by RTMPE, it sends the size back, encrypts it where
	// it stands, and reads it only then (7.0, handle_chunk_size): half of all
	// times it gives up, and else it sends in chunks of a random size. Who
	// publishes needs no size, so it waits for the first who plays.
	if r.Encrypted() == 0 {
		r.sizeChunks()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.engine.AcceptConnect(r.answer(), r.answer())
	r.enter(streamless)
	return nil
}

// answer is what is added to each of the two objects of the answer to connect, as
// clients look in either: the server's capabilities, for those that announced
// some. Others have met nothing like it.
func (r *serverRole) answer() amf.Properties {
	if !r.peer.Announced {
		return nil
	}
	return ours(allFeatures)
}

// sizeChunks tells the client once how long the chunks are from here on.
func (r *serverRole) sizeChunks() {
	if !r.sized {
		r.sized = true
		r.out.enqueue(message.NewProtocolControl(message.SetChunkSize, uint32(r.set.chunkSize)))
	}
}

// reject refuses the connection.
func (r *serverRole) reject(err error) {
	r.mu.Lock()
	r.engine.RejectConnect(statusOf(err, message.CodeConnectRejected, "The connection was refused."))
	r.mu.Unlock()
	r.closePolitely(err)
}

// publish starts a publication and waits for its decision: what the encoder
// sends meanwhile stays in its socket. After it the encoder may send media.
func (r *serverRole) publish(st *Stream) error {
	r.nextPing = time.Now().Add(r.checkEvery())
	// What was answered before must not wait for the handler.
	r.out.kick()
	r.start(st, func() error { return r.serve(st) })
	select {
	case <-st.decided:
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
	if st.accepted.Load() {
		r.in.chunks.SetLimits(mediaLimit, otherLimit)
		r.large = true
	}
	return nil
}

// start runs serve, which is a handler at work for st, and ends st after it.
func (r *serverRole) start(st *Stream, serve func() error) {
	r.tasks.Go(func() {
		err := r.survive(serve)
		if errors.Is(err, ErrDetached) {
			return
		}
		st.finish(err)
		if !st.local.Load() || !st.publish || !st.accepted.Load() {
			return
		}
		r.mu.Lock()
		last := len(r.streams) == 0
		r.mu.Unlock()
		if last {
			r.closePolitely(err)
		}
	})
}

// survive ends the session if serve panics.
func (r *serverRole) survive(serve func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = r.panicked(v)
			r.shut(err)
		}
	}()
	return serve()
}

func (r *serverRole) serve(st *Stream) error {
	if r.server.Handler == nil {
		return errNotAccepted
	}
	return r.server.Handler.ServeRTMP(st)
}

// endStream tells the client that a stream ends, or that it was refused.
func (r *serverRole) endStream(st *Stream, err error) {
	if st.accepted.Load() {
		var e *StatusError
		if err != nil {
			code := message.CodePlayFailed
			if st.publish {
				code = message.CodeFailed
			}
			e = statusOf(err, code, "The server ended the stream.")
		}
		r.engine.End(st.id, e)
		return
	}
	code, text := message.CodePlayFailed, "The stream cannot be played."
	if st.publish {
		code, text = message.CodePublishBadName, "The stream cannot be published."
	}
	r.engine.Refuse(st.id, statusOf(err, code, text))
}

// statusOf gives what the client is told: err itself if it was made for that,
// else a text that tells nothing of the server's inside.
func statusOf(err error, code, text string) *StatusError {
	var e *StatusError
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, ErrServerClosed):
		text = "The server is closing."
	}
	return &StatusError{Code: code, Description: text}
}

var errNoSeek = &StatusError{Code: message.CodeSeekFailed, Description: "This stream has no other position."}

// control asks the handler's function and answers the player.
func (r *serverRole) control(st *Stream, e message.ControlEvent) {
	if st == nil {
		return
	}
	var err error
	if fn := st.control.Load(); fn != nil {
		err = (*fn)(e.Control)
	} else {
		switch e.Control.(type) {
		case message.Seek:
			err = errNoSeek
		case message.Play2:
			err = &StatusError{Code: message.CodePlayFailed, Description: "This stream cannot be changed."}
		}
	}
	if _, silent := e.Control.(message.BufferLength); silent {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.engine.Answer(e, err)
}

func (s *Session) pong(value uint32) {
	now := uint32(time.Since(s.start).Milliseconds())
	if d := now - value; d < 1<<31 {
		s.rtt.Store(int64(time.Duration(d) * time.Millisecond))
	}
}

// panicked reports a panic of this session, on the goroutine that recovered.
func (s *Session) panicked(v any) error {
	if r, ok := s.role.(*serverRole); ok {
		r.server.panics.Add(1)
		r.server.logger().Error("rtmp: panic in session", "session", s.id, "panic", v, "stack", string(debug.Stack()))
	}
	return fmt.Errorf("%w: %v", ErrPanic, v)
}
