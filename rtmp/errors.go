package rtmp

import (
	"errors"

	"github.com/millrace-live/millrace/rtmp/message"
)

// StatusError is a refusal or an end in the protocol's own words: an onStatus
// or _error with a code and a description. Handlers return it to choose what
// the client is told; a client gets it when the server refused. errors.Is
// compares the codes.
type StatusError = message.StatusError

// Refusals, to return from handlers and to compare with.
var (
	ErrStreamNotFound = &StatusError{Code: message.CodePlayStreamNotFound, Description: "There is no such stream."}
	ErrBadName        = &StatusError{Code: message.CodePublishBadName, Description: "This name cannot be published."}
)

// How sessions and streams end.
var (
	// ErrServerClosed is what Serve returns after Close or Shutdown, and the
	// end of the sessions that it closed.
	ErrServerClosed = errors.New("rtmp: server closed")
	// ErrStreamClosed is the end of a stream that either side closed in order.
	ErrStreamClosed = errors.New("rtmp: stream closed")
	// ErrSessionClosed is the end of a session that this side closed.
	ErrSessionClosed = errors.New("rtmp: session closed")
	// ErrConnectionLost is the end of a session, and of its streams, whose
	// connection broke or was closed while a stream was open.
	ErrConnectionLost = errors.New("rtmp: connection lost")
	// ErrSlowReader is the end of a session whose peer took no byte for the
	// write timeout, or left too many answers unread.
	ErrSlowReader = errors.New("rtmp: peer does not read")
	// ErrHandshake is the end of a session whose peer never got through the
	// handshake, for whatever reason.
	ErrHandshake = errors.New("rtmp: handshake failed")
	// ErrTimeout is the end of a session whose peer did not get through
	// handshake, connect, and publish or play in time.
	ErrTimeout = errors.New("rtmp: peer took too long")
	// ErrSilent is the end of a session from which nothing came for the idle
	// timeout.
	ErrSilent = errors.New("rtmp: peer is silent")
	// ErrFlood is the end of a session whose peer sent commands without end.
	ErrFlood = errors.New("rtmp: too many commands")
	// ErrUnverified is the end of a session whose client did not prove to have
	// one of the SWF files that were demanded.
	ErrUnverified = errors.New("rtmp: client did not prove which SWF file it is")
	// ErrDetached is what a handler returns whose stream goes on without it;
	// see [Stream.Detach].
	ErrDetached = errors.New("rtmp: stream detached")
	// ErrPanic is the end of a session in which a handler, or this package,
	// panicked.
	ErrPanic = errors.New("rtmp: panic")
)

var errNotAccepted = errors.New("rtmp: stream was not accepted")
