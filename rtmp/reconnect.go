package rtmp

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/millrace-live/millrace/rtmp/message"
)

// ErrNoReconnect is the answer to a reconnect request for a client that did not
// announce that it follows one.
var ErrNoReconnect = errors.New("rtmp: this client does not follow reconnect requests")

// ReconnectRequest is what a server says that wants its client elsewhere
// (Enhanced RTMP v2, "Reconnect Request").
type ReconnectRequest struct {
	// TCURL is where to connect to: an address without a stream's name, or a
	// reference that is resolved against the address of now; "" is the same
	// address again.
	TCURL string
	// Description is for people.
	Description string
}

// RequestReconnect asks the client to connect to tcURL, where its streams go on,
// and to leave then. An empty tcURL asks it to come back to the same address. The
// connection stays as it is; a client may take until its next key frame. It
// returns ErrNoReconnect, and sends nothing, if the client did not announce that
// it follows such requests.
func (s *Session) RequestReconnect(tcURL, description string) error {
	s.mu.Lock()
	server, ok := s.role.(*serverRole)
	if !ok || s.peer.Features&FeatureReconnect == 0 {
		s.mu.Unlock()
		return ErrNoReconnect
	}
	if s.finished || s.leaving {
		s.mu.Unlock()
		return s.endReason()
	}
	server.engine.RequestReconnect(tcURL, description)
	s.mu.Unlock()
	if err := s.flush(); err != nil {
		return lostError(err)
	}
	return nil
}

// requested passes on what the server asked for; the session is locked.
func (r *clientRole) requested(e message.ReconnectRequest) task {
	if r.reconnect == nil {
		return task{}
	}
	return task{do: func() error {
		r.reconnect(r.Session, ReconnectRequest{e.TCURL, e.Description})
		return nil
	}}
}

// Reconnect asks all clients that follow reconnect requests to connect to tcURL,
// or to the same address if that is empty, and waits until they have left, and
// their handlers have returned, or until ctx is done; then it returns the cause. It does nothing else to the others, nor to
// the listeners: a server that goes down closes those first.
func (srv *Server) Reconnect(ctx context.Context, tcURL, description string) error {
	srv.mu.Lock()
	var asked []*Session
	for s := range srv.sessions {
		asked = append(asked, s)
	}
	srv.mu.Unlock()
	asked = slices.DeleteFunc(asked, func(s *Session) bool { return !s.follows() })
	var all sync.WaitGroup
	for _, s := range asked {
		// A client that does not read must not keep the others from being asked.
		all.Go(func() { _ = s.RequestReconnect(tcURL, description) })
	}
	for _, s := range asked {
		select {
		case <-s.gone:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	all.Wait()
	return nil
}

// follows reports whether the client announced that it follows reconnect requests.
func (s *Session) follows() bool { return s.Capabilities().Features&FeatureReconnect != 0 }
