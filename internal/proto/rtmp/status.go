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

// reason says for the log why a play ended.
func reason(err error) string {
	switch {
	case err == nil:
		return "the stream ended"
	case errors.Is(err, rtmp.ErrStreamClosed):
		return "the player stopped"
	case errors.Is(err, rtmp.ErrConnectionLost), errors.Is(err, context.Canceled):
		return "the player's connection was lost"
	case errors.Is(err, rtmp.ErrSlowReader):
		return "the player accepted nothing for too long"
	}
	return err.Error()
}
