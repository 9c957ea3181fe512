package message

import "github.com/millrace-live/millrace/amf"

// The levels of a [Status].
const (
	LevelStatus  = "status"
	LevelWarning = "warning"
	LevelError   = "error"
)

// The codes of onStatus and _error (7.2.1, 7.2.2, and Adobe's ActionScript
// reference for NetStatusEvent).
const (
	CodeConnectSuccess      = "NetConnection.Connect.Success"
	CodeConnectRejected     = "NetConnection.Connect.Rejected"
	CodeConnectFailed       = "NetConnection.Connect.Failed"
	CodeConnectInvalidApp   = "NetConnection.Connect.InvalidApp"
	CodeConnectClosed       = "NetConnection.Connect.Closed"
	CodeConnectAppShutdown  = "NetConnection.Connect.AppShutdown"
	CodeConnectIdleTimeout  = "NetConnection.Connect.IdleTimeout"
	CodeReconnectRequest    = "NetConnection.Connect.ReconnectRequest"
	CodeCallFailed          = "NetConnection.Call.Failed"
	CodeFailed              = "NetStream.Failed"
	CodePublishStart        = "NetStream.Publish.Start"
	CodePublishBadName      = "NetStream.Publish.BadName"
	CodePublishIdle         = "NetStream.Publish.Idle"
	CodeUnpublishSuccess    = "NetStream.Unpublish.Success"
	CodePlayReset           = "NetStream.Play.Reset"
	CodePlayStart           = "NetStream.Play.Start"
	CodePlayStop            = "NetStream.Play.Stop"
	CodePlayComplete        = "NetStream.Play.Complete"
	CodePlayPublishNotify   = "NetStream.Play.PublishNotify"
	CodePlayUnpublishNotify = "NetStream.Play.UnpublishNotify"
	CodePlayStreamNotFound  = "NetStream.Play.StreamNotFound"
	CodePlayFailed          = "NetStream.Play.Failed"
	CodePlayTransition      = "NetStream.Play.Transition"
	CodePlayInsufficientBW  = "NetStream.Play.InsufficientBW"
	CodePauseNotify         = "NetStream.Pause.Notify"
	CodeUnpauseNotify       = "NetStream.Unpause.Notify"
	CodeSeekNotify          = "NetStream.Seek.Notify"
	CodeSeekFailed          = "NetStream.Seek.Failed"
	CodeSeekInvalidTime     = "NetStream.Seek.InvalidTime"
	CodeDataStart           = "NetStream.Data.Start"
)

// Status is the information object of onStatus, and of the _result and _error
// of connect.
type Status struct {
	Level, Code, Description string
	// Details names the stream that a NetStream status is about; may be empty.
	Details string
	// Object is everything that the peer sent, nil in a status that is to be
	// sent.
	Object amf.Value
}

// Err returns s as an error if its level says that it is one, else nil.
func (s *Status) Err() error {
	if s.Level != LevelError {
		return nil
	}
	return &StatusError{Level: s.Level, Code: s.Code, Description: s.Description}
}

// StatusError is a refusal or an end in the protocol's own words. Handlers
// return it to choose what the peer is told; clients get it when the server
// refused.
type StatusError struct {
	// Level is "error" if empty.
	Level string
	Code  string
	// Description is meant for people.
	Description string
}

// Error gives the code and the description.
func (e *StatusError) Error() string {
	if e.Description == "" {
		return e.Code
	}
	return e.Code + ": " + e.Description
}

// Is reports whether target is a *StatusError with the same code, so that
// errors.Is works whatever the description says.
func (e *StatusError) Is(target error) bool {
	t, ok := target.(*StatusError)
	return ok && t.Code == e.Code
}

func (e *StatusError) status() Status {
	s := Status{Level: e.Level, Code: e.Code, Description: e.Description}
	if s.Level == "" {
		s.Level = LevelError
	}
	return s
}

// object writes s as the information object of onStatus.
func (s *Status) object() *amf.Object {
	o := amf.NewObject("level", s.Level, "code", s.Code, "description", s.Description)
	if s.Details != "" {
		o.Set("details", s.Details)
	}
	return o
}

// parseStatus reads an information object, or the plain text that some servers
// send in its place.
func parseStatus(v amf.Value) Status {
	if text, ok := v.(string); ok {
		return Status{Level: LevelError, Code: CodeCallFailed, Description: text, Object: v}
	}
	p := amf.PropertiesOf(v)
	return Status{
		Level: p.String("level"), Code: p.String("code"), Description: p.String("description"),
		Details: p.String("details"), Object: v,
	}
}
