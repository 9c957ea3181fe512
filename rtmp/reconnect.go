package rtmp

import (
	"errors"

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
