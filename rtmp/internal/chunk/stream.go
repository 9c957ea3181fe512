package chunk

import (
	"math"

	"github.com/millrace-live/millrace/rtmp/message"
)

// inbound is what a Reader remembers of one chunk stream.
type inbound struct {
	id uint32

	// The newest message header, that the next one may lean on. All of it is
	// zero at first, and headers of types 1 to 3 lean on the zeros: librtmp
	// and GStreamer begin chunk streams so.
	timestamp uint32
	delta     uint32 // what a type 3 header that begins a message adds
	length    int
	typ       message.Type
	streamID  uint32
	// extended says that the newest header of types 0 to 2 had an extended
	// timestamp, and field is what stood there.
	extended bool
	field    uint32

	// The message that is arriving; buf is nil and left is 0 between messages.
	buf  []byte
	left int
	// largest is the length of the longest message that was finished here: a
	// better guess than what the next header declares.
	largest int
}

// believable is the longest time in milliseconds between two messages of a
// chunk stream that is read out of a field of doubtful meaning.
const believable = 10_000

// set takes the timestamp of a type 0 header. A type 3 header that begins the
// next message repeats it as a delta (RTMP 1.0, 5.3.1.2.4), which is what ffmpeg
// sends. librtmp and nginx-rtmp send the same bytes for a message of the same
// time, so an hour is not added.
func (s *inbound) set(timestamp uint32) {
	s.timestamp, s.delta = timestamp, 0
	if timestamp <= believable {
		s.delta = timestamp
	}
}

// advance takes the delta of a header of types 1 to 3. A long one, from an
// extended timestamp, is 4.7 hours or more, which hardly any delta is: some
// encoders put the absolute time there. It is taken for that when the time is near the last one, or when
// the delta would go over half of the range of timestamps.
func (s *inbound) advance(delta uint32, long bool) {
	if long {
		step := int32(delta - s.timestamp)
		if -believable <= step && step <= believable || delta > math.MaxInt32 {
			delta -= s.timestamp
		}
	}
	s.delta = delta
	s.timestamp += delta
}

// smallBuffer is what a message gets on the word of its header alone.
const smallBuffer = 4 << 10

// room is the buffer that the message needs when n more bytes are here. It is
// never taken from the declared length, which costs the peer nothing: a first
// buffer is as large as what is here, what was here before, or small, and each
// further one four times as large as the last. So at most a third of a message
// is copied again.
func (s *inbound) room(n int) int {
	want := max(smallBuffer, s.largest, n)
	if s.buf != nil {
		want = max(4*cap(s.buf), len(s.buf)+n)
	}
	return min(want, s.length)
}
