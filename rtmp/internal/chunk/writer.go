package chunk

import (
	"encoding/binary"

	"github.com/millrace-live/millrace/rtmp/message"
)

// Writer cuts messages into chunks, with headers as short as the messages
// before allow: the way of commands, of clients that publish and of recorded
// files. It does no I/O and is not safe for use by more than one goroutine.
//
// Whatever is sent on a chunk stream that a Writer uses has to come from that
// Writer, or be announced by [Writer.Forget].
type Writer struct {
	chunkSize int
	streams   map[uint32]outbound
}

// outbound is what the peer remembers of one chunk stream.
type outbound struct {
	timestamp uint32
	delta     uint32
	// counted says that every reader knows the delta. After a header of type 0
	// they disagree about what it is (see inbound.set), unless its timestamp
	// is 0.
	counted  bool
	length   int
	typ      message.Type
	streamID uint32
}

// NewWriter returns a Writer at the beginning of a chunk stream.
func NewWriter() *Writer {
	return &Writer{chunkSize: DefaultSize, streams: make(map[uint32]outbound)}
}

// ChunkSize is the size of the chunks of the next message. It begins as
// DefaultSize, and a message of type SetChunkSize changes it by passing
// through [Writer.Append].
func (w *Writer) ChunkSize() int { return w.chunkSize }

// Forget makes the next message on the chunk stream csid begin with a whole
// header.
func (w *Writer) Forget(csid uint32) { delete(w.streams, csid) }

// Append appends the chunks of m for the chunk stream csid, which need not be
// the one that m came on. An error is an [*Error]; dst then is as it was.
func (w *Writer) Append(dst []byte, csid uint32, m *message.Message) ([]byte, error) {
	if csid < MinStream || csid > MaxStream {
		return dst, &Error{BadStream, csid, m.Type, int(csid), MaxStream}
	}
	if len(m.Payload) > MaxMessage {
		return dst, &Error{MessageTooLong, csid, m.Type, len(m.Payload), MaxMessage}
	}
	dst, field := w.appendHeader(dst, csid, m)
	rest := m.Payload
	for len(rest) > w.chunkSize {
		dst = append(dst, rest[:w.chunkSize]...)
		dst = AppendHeader3(dst, csid, field)
		rest = rest[w.chunkSize:]
	}
	dst = append(dst, rest...)
	if m.Type == message.SetChunkSize && len(m.Payload) >= 4 {
		w.chunkSize = clampSize(binary.BigEndian.Uint32(m.Payload))
	}
	return dst, nil
}

// appendHeader appends the header of m's first chunk. It returns the timestamp
// or delta in it, which the further chunks repeat when it is extended.
func (w *Writer) appendHeader(dst []byte, csid uint32, m *message.Message) ([]byte, uint32) {
	last, used := w.streams[csid]
	next := outbound{
		timestamp: m.Timestamp,
		delta:     m.Timestamp - last.timestamp,
		counted:   true,
		length:    len(m.Payload),
		typ:       m.Type,
		streamID:  m.StreamID,
	}
	// Time that goes back, past 2^32 too, and a delta that would have to be
	// extended are things that not every reader understands.
	if !used || last.streamID != m.StreamID || m.Timestamp < last.timestamp || next.delta >= extended {
		next.delta, next.counted = 0, m.Timestamp == 0
		w.streams[csid] = next
		return AppendHeader0(dst, csid, m.Timestamp, len(m.Payload), m.Type, m.StreamID), m.Timestamp
	}
	w.streams[csid] = next
	switch {
	case last.length != next.length || last.typ != next.typ:
		dst = appendBasic(dst, fmtNoStream, csid)
		dst = appendUint24(dst, next.delta)
		dst = appendUint24(dst, uint32(next.length))
		dst = append(dst, byte(next.typ))
	case !last.counted || last.delta != next.delta:
		dst = appendBasic(dst, fmtDeltaOnly, csid)
		dst = appendUint24(dst, next.delta)
	default:
		dst = appendBasic(dst, fmtEmpty, csid)
	}
	return dst, next.delta
}
