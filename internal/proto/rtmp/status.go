package rtmp

import (
	"context"
	"errors"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// refusal puts an error of the hub in RTMP's words. What is none of the hub's
// own errors stays as it is, and the library tells the client nothing of it.
func refusal(err error, publishing bool) error {
	code := message.CodePlayFailed
	if publishing {
		code = message.CodePublishBadName
	}
	var r *hub.Refusal
	switch {
	case errors.As(err, &r):
		if !publishing && r.Code == hub.BadName {
			code = message.CodePlayStreamNotFound
		}
		return &rtmp.StatusError{Code: code, Description: r.Reason}
	case errors.Is(err, hub.ErrNotFound):
		return &rtmp.StatusError{Code: message.CodePlayStreamNotFound, Description: "this stream is not on air"}
	case errors.Is(err, hub.ErrShutdown):
		return &rtmp.StatusError{Code: code, Description: "the server is going down"}
	case errors.Is(err, hub.ErrTakenOver):
		return &rtmp.StatusError{Code: code, Description: "another encoder took this stream over"}
	case errors.Is(err, hub.ErrSilent):
		return &rtmp.StatusError{Code: code, Description: "no sound or picture came for a minute"}
	case errors.Is(err, hub.ErrSlowReader):
		return &rtmp.StatusError{Code: message.CodePlayInsufficientBW, Description: "the connection is too slow for this stream"}
	}
	return err
}

// ending is how a play or a connection ended: in a word for counters, and in a
// sentence for the log.
type ending struct {
	err        error
	word, text string
}

// endings are told apart by errors.Is; the first that fits counts.
var endings = []ending{
	{rtmp.ErrHandshake, "handshake", "the handshake failed"},
	{rtmp.ErrPanic, "panic", "a fault of this server; its log has the stack"},
	{rtmp.ErrServerClosed, "shutdown", "the server is going down"},
	{hub.ErrShutdown, "shutdown", "the server is going down"},
	{hub.ErrSlowReader, "too-slow", "the player was too slow for the stream"},
	{rtmp.ErrSlowReader, "stuck", "the player accepted nothing for too long"},
	{rtmp.ErrChallenged, "challenged", "the client was asked for a user and a password"},
	{rtmp.ErrCredentials, "credentials", "the user or the password was wrong"},
	{rtmp.ErrUnverified, "unverified", "the player did not prove which SWF file it is"},
	{rtmp.ErrTimeout, "timeout", "the client took too long"},
	{rtmp.ErrFlood, "flood", "the client sent too many commands"},
	{rtmp.ErrSilent, "silent", "the client sent nothing for too long"},
	{rtmp.ErrStreamClosed, "left", "the player stopped"},
	{rtmp.ErrConnectionLost, "connection-lost", "the player's connection was lost"},
	{context.Canceled, "connection-lost", "the player's connection was lost"},
}

func endOf(err error) ending {
	if err == nil {
		return ending{nil, "ended", "the stream ended"}
	}
	for _, e := range endings {
		if errors.Is(err, e.err) {
			return e
		}
	}
	if r, ok := errors.AsType[*hub.Refusal](err); ok {
		return ending{err, r.Code.String(), r.Reason}
	}
	return ending{err, "other", err.Error()}
}
