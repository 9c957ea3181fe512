package hub

import (
	"net/netip"
	"time"
)

// EventKind says what happened.
type EventKind uint8

// The kinds of an [Event].
const (
	PublishStarted     EventKind = iota // a session publishes: Generation 1 begins a broadcast, later ones go on with it
	PublishEnded                        // its session ended, cleanly (Err nil) or not
	PublishTakenOver                    // another session took its place
	PublishRefused                      // a session was not let in
	PlayRefused                         // a player was not let in
	StreamReconnecting                  // no media: the publisher vanished or is silent
	StreamResumed                       // a publisher came back, or a silent one sends again
	StreamEnded                         // the broadcast is over
	Alarm                               // encoders fight for a stream
	ReaderSkipped                       // a slow reader jumped to a later key
	ReaderSlow                          // a reader was closed because it is too slow
	LongGOP                             // key frames are further apart than the ring is long
	TimeJoined                          // the publisher's clock jumped; its timestamps were joined anew
	PublishWarned                       // a session was let in, and Reason says what is wrong with that
	RehearsalStarted                    // a session publishes to nowhere
	RehearsalEnded                      // and its end
)

var eventNames = [...]string{
	"publish-started", "publish-ended", "publish-taken-over", "publish-refused", "play-refused", "stream-reconnecting",
	"stream-resumed", "stream-ended", "alarm", "reader-skipped", "reader-slow", "long-gop", "time-joined",
	"publish-warned", "rehearsal-started", "rehearsal-ended",
}

// String returns the kind as logs write it.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return "unknown"
}

// Event is one thing that happened to a stream. It never holds a key: Stream is
// empty when a refused client's name is not known to be a stream's.
type Event struct {
	Kind   EventKind
	Time   time.Time
	Stream string
	// Broadcast is the identifier of the broadcast, "" before it began. A
	// stream's next broadcast has another one.
	Broadcast  string
	Generation uint32
	Session    string // of the publisher or player that it is about
	Protocol   string
	Software   string // what that calls itself
	Remote     netip.AddrPort
	// Reason is a sentence for people; Err is the cause when there is one.
	Reason string
	Err    error
}

// who is the client that an event is about.
type who struct {
	session, protocol, tls, software string
	remote                           netip.AddrPort
	rtt                              func() time.Duration
}

func (w who) event(k EventKind, stream, reason string, err error) Event {
	return Event{
		Kind: k, Time: time.Now(), Stream: stream, Session: w.session, Protocol: w.protocol, Software: w.software,
		Remote: w.remote, Reason: reason, Err: err,
	}
}
