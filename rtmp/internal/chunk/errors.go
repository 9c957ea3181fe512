package chunk

import (
	"fmt"
	"strings"

	"github.com/millrace-live/millrace/rtmp/message"
)

// Reason names the bound that a chunk stream went over.
type Reason string

// The reasons of an [Error].
const (
	// MessageTooLong is a message longer than the limit of its type.
	MessageTooLong Reason = "message_too_long"
	// TooManyUnfinished is an unfinished message on too many chunk streams.
	TooManyUnfinished Reason = "too_many_unfinished"
	// TooMuchUnfinished is too much memory in unfinished messages.
	TooMuchUnfinished Reason = "too_much_unfinished"
	// TooManyStreams is more chunk streams than a session has use for.
	TooManyStreams Reason = "too_many_chunk_streams"
	// BadStream is an identifier that no chunk stream can have; only a Writer
	// reports it.
	BadStream Reason = "bad_chunk_stream"
)

// Error reports a bound that was gone over, by the peer (from a [Reader], which
// is of no use afterwards) or by the caller (from a [Writer], which wrote
// nothing).
type Error struct {
	Reason      Reason
	ChunkStream uint32
	// Type is the type of the message that was being read or written.
	Type message.Type
	// Value is what was asked for, Limit the most that is granted, both in the
	// unit of the bound: bytes or chunk streams.
	Value, Limit int
}

func (e *Error) Error() string {
	what := strings.ReplaceAll(string(e.Reason), "_", " ")
	return fmt.Sprintf("chunk: %s: %d, and %d is the limit, for %v messages on chunk stream %d",
		what, e.Value, e.Limit, e.Type, e.ChunkStream)
}
