package rtmp

import (
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

// The chunk streams that batches use. Commands use others, since their headers
// are compressed and remember what was sent before.
const (
	dataChunkStream  = 4
	audioChunkStream = 6
	videoChunkStream = 7
)

// copyBelow is the size below which a payload is copied among the headers. A
// single write does not care (measured with 1 to 1500), but a row of small
// messages stays within the 1,024 slices that one writev takes.
const copyBelow = 512

// Batch is a row of messages that leave in one write. It holds headers of its
// own and refers to the payloads, so that many players' batches share them; the
// payloads must not be changed until the batch was sent.
//
// A Batch is filled by one goroutine. Sending does not change it: the same one
// may be sent to any number of streams, at the same time, if their message
// stream and chunk size are those that it was made for. Once it has grown to
// its usual size, filling and sending allocate nothing.
type Batch struct {
	chunkSize int
	scratch   []byte
	slices    [][]byte
	// open is where in scratch the last slice begins while it may still grow;
	// -1 when the next bytes need another slice.
	open int
	size int
}

// NewBatch returns an empty batch for sessions whose outgoing chunk size is
// chunkSize; see [Session.ChunkSize].
func NewBatch(chunkSize int) *Batch {
	return &Batch{chunkSize: chunkSize, open: -1}
}

// Append adds a message of the type typ whose payload is head followed by
// payload; ts is in milliseconds modulo 2^32. head is copied.
func (b *Batch) Append(streamID uint32, typ message.Type, ts uint32, head, payload []byte) {
	csid := uint32(dataChunkStream)
	switch typ {
	case message.Audio:
		csid = audioChunkStream
	case message.Video:
		csid = videoChunkStream
	}
	b.begin()
	b.scratch = chunk.AppendHeader0(b.scratch, csid, ts, len(head)+len(payload), typ, streamID)
	room := b.chunkSize
	next := func(left int) int {
		if room == 0 {
			b.begin()
			b.scratch = chunk.AppendHeader3(b.scratch, csid, ts)
			room = b.chunkSize
		}
		n := min(room, left)
		room -= n
		return n
	}
	for len(head) > 0 {
		n := next(len(head))
		b.scratch = append(b.scratch, head[:n]...)
		head = head[n:]
	}
	for len(payload) > 0 {
		n := next(len(payload))
		if n < copyBelow {
			b.begin()
			b.scratch = append(b.scratch, payload[:n]...)
		} else {
			b.refer(payload[:n:n])
		}
		payload = payload[n:]
	}
	b.commit()
}

// AppendTag adds the message that t is.
func (b *Batch) AppendTag(streamID uint32, t *flv.Tag) {
	b.Append(streamID, message.Type(t.Type), t.Timestamp, t.Head(), t.Payload)
}

// begin makes the end of scratch the beginning of a slice, unless the last
// slice goes on there.
func (b *Batch) begin() {
	if b.open < 0 {
		b.open = len(b.scratch)
	}
}

// commit ends the slice that is growing. Should scratch have moved, the slices
// before still refer to the old memory, which keeps its bytes.
func (b *Batch) commit() {
	if b.open >= 0 && b.open < len(b.scratch) {
		s := b.scratch[b.open:len(b.scratch):len(b.scratch)]
		b.slices = append(b.slices, s)
		b.size += len(s)
	}
	b.open = -1
}

func (b *Batch) refer(p []byte) {
	b.commit()
	b.slices = append(b.slices, p)
	b.size += len(p)
}

// Slices are the bytes of the batch, for those who write them by themselves; see
// [Stream.Detach]. They hold until Reset.
func (b *Batch) Slices() [][]byte { return b.slices }

// Len is how many bytes the batch has on the wire.
func (b *Batch) Len() int { return b.size }

// Reset empties the batch for the next use and lets go of the payloads.
func (b *Batch) Reset() {
	clear(b.slices)
	b.scratch, b.slices, b.size, b.open = b.scratch[:0], b.slices[:0], 0, -1
}
