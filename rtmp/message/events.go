package message

import "github.com/millrace-live/millrace/amf"

// Event is what an engine tells its driver: one of the types below.
type Event any

// The events of both engines.
type (
	// Media is an audio, video or data message (or an aggregate, see [Split])
	// on a stream that was accepted. StreamID is that of the stream, whatever
	// the sender wrote.
	Media struct{ *Message }

	// Pong answers a ping; Value is the timestamp that the ping carried.
	Pong struct{ Value uint32 }
)

// Connect is a connect command (7.2.1.1), and the event that it makes in a
// server, which must answer with [Server.AcceptConnect] or
// [Server.RejectConnect].
type Connect struct {
	// App is the application as it was sent, with its instance and query.
	App string
	// TCURL is the address that the client connected to, without the stream's
	// name; may be empty.
	TCURL    string
	FlashVer string
	SWFURL   string
	PageURL  string
	// Kind is the property type, "nonprivate" from most encoders.
	Kind string
	// ObjectEncoding is 0 (AMF0) or 3 (AMF3).
	ObjectEncoding int
	// Properties is the whole command object, in the order it was sent: an
	// *amf.Object or *amf.ECMAArray.
	Properties amf.Value
	// Args are the arguments behind the command object.
	Args amf.List

	transaction float64
}

// The events of a [Server].
type (
	// Publish is a publish command (7.2.2.6) that waits for
	// [Server.Accept] or [Server.Refuse].
	Publish struct {
		StreamID uint32
		Name     string
		// Kind is live, record or append.
		Kind string
		// Args are the arguments behind the kind.
		Args amf.List
	}

	// Play is a play command (7.2.2.1) that waits for [Server.Accept] or
	// [Server.Refuse].
	Play struct {
		StreamID uint32
		Name     string
		// Start is in milliseconds, or StartAny or StartLive.
		Start int64
		// Duration is in milliseconds; negative means to the end.
		Duration int64
		// Reset asks to forget what was played or queued before.
		Reset bool
		// Replaces says that the stream played already: that play has ended.
		Replaces bool
		// Args are the arguments behind the name, as they were sent: FFmpeg and
		// librtmp write the special values of Start in thousandths. Clients leave
		// it empty.
		Args amf.List
	}

	// Closed says that the client ended a stream, by closeStream, deleteStream or
	// FCUnpublish. It has been answered already.
	Closed struct{ StreamID uint32 }

	// ControlEvent is a player's wish, which waits for [Server.Answer].
	ControlEvent struct {
		StreamID uint32
		Control  Control
	}
)

// The special values of Play.Start.
const (
	StartAny  = -2 // live if there is such a stream, else recorded
	StartLive = -1 // live only
)

// Control is what a player asks of a stream that plays: one of [Pause], [Seek],
// [ReceiveAudio], [ReceiveVideo], [BufferLength], [Play2].
type Control interface{ control() }

// The controls of a playing stream.
type (
	// Pause holds the stream or, if On is false, lets it go on (7.2.2.9).
	Pause struct {
		On bool
		// Position is the player's, in milliseconds.
		Position float64
	}
	// Seek goes to another position, in milliseconds (7.2.2.8).
	Seek struct{ Position float64 }
	// ReceiveAudio switches sound on or off (7.2.2.4).
	ReceiveAudio struct{ On bool }
	// ReceiveVideo switches picture on or off (7.2.2.5).
	ReceiveVideo struct{ On bool }
	// BufferLength tells how many milliseconds the player buffers; it has no
	// answer (7.1.7).
	BufferLength struct{ Milliseconds uint32 }
	// Play2 changes to another stream (7.2.2.3).
	Play2 struct {
		Name, OldName string
		// Transition is switch, swap, append, stop, reset or resume.
		Transition string
		// Properties is the whole parameter object.
		Properties amf.Value
	}
)

func (Pause) control()        {}
func (Seek) control()         {}
func (ReceiveAudio) control() {}
func (ReceiveVideo) control() {}
func (BufferLength) control() {}
func (Play2) control()        {}

// The events of a [Client].
type (
	// Connected says that the server accepted connect; Status and Properties
	// are its answer.
	Connected struct {
		Status     Status
		Properties amf.Value
	}
	// Rejected says that the server refused connect, or closed it.
	Rejected struct{ Err error }
	// SWFDemand says that the server wants to have an [SWFProof].
	SWFDemand struct{}
	// Opened says that the stream of a request may be used.
	Opened struct {
		Request  *Request
		StreamID uint32
	}
	// ReconnectRequest asks the client to connect anew: to TCURL, an address or
	// a reference, or to the same address if it is "".
	ReconnectRequest struct{ TCURL, Description string }
	// Refused says that the server did not give what was requested.
	Refused struct {
		Request *Request
		Err     error
	}
	// Returned is the answer to [Client.Call]; Err is a *StatusError if the
	// server answered with _error.
	Returned struct {
		Request *Request
		Values  amf.List
		Err     error
	}
	// StreamStatus is an onStatus on a stream that is open.
	StreamStatus struct {
		StreamID uint32
		Status   Status
	}
	// Ended says that the server has nothing more to send on a stream. Err is
	// nil at a regular end.
	Ended struct {
		StreamID uint32
		Err      error
	}
)
