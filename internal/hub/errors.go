package hub

import "errors"

var (
	// ErrNotFound says that nobody publishes the stream, or did within the time
	// that the player was ready to wait.
	ErrNotFound = errors.New("hub: this stream is not on air")
	// ErrSlowReader ends a reader that had to skip three times in 30 s.
	ErrSlowReader = errors.New("hub: the reader is too slow for the stream")
	// ErrTakenOver ends a publication in whose place another one came.
	ErrTakenOver = errors.New("hub: another session took the stream over")
	// ErrSilent ends a publication that sent no media for a minute.
	ErrSilent = errors.New("hub: no media for 60 s")
	// ErrShutdown ends publications when the registry shuts down.
	ErrShutdown = errors.New("hub: the server shuts down")
	// ErrClosed is returned by a reader or publication after its own end.
	ErrClosed = errors.New("hub: closed")
)

// Code is the kind of a [Refusal], which each protocol puts in its own words.
type Code uint8

// The codes of a refusal.
const (
	Forbidden    Code = iota // a key or token is missing or does not allow this
	BadKey                   // the key or token given is not a valid one
	BadName                  // the name cannot be that of a stream
	InUse                    // somebody else publishes the stream
	TakenOver                // the stream was taken over from this encoder a moment ago
	Limit                    // a bound is reached
	ShuttingDown             // the server is going down
	Plain                    // it came without TLS, which is not accepted
	Unauthorized             // a token is needed to watch, and none was given
	Kicked                   // whoever runs the server ended it
	Withdrawn                // what it was let in with is no longer good
	Unavailable              // what is needed to decide is away for the moment
)

var codeNames = [...]string{
	"forbidden", "bad-key", "bad-name", "in-use", "taken-over", "limit", "shutting-down", "plain", "unauthorized", "kicked",
	"withdrawn", "unavailable",
}

// String returns the code as metrics and logs write it.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "unknown"
}

// Refusal is the error of a Publish or Play that was not let in, or that was
// ended by somebody's decision.
type Refusal struct {
	Code Code
	// Reason is a sentence for the person at the other end. It holds no key.
	Reason string
	// Stream is the stream that the try was for, when that is known to be a
	// stream: the name that a client sent may be a key. The tries of a known
	// stream are kept for its owner to see.
	Stream string
}

// Error returns the reason.
func (r *Refusal) Error() string { return "hub: refused: " + r.Reason }
