package chunk

import (
	"bytes"
	"encoding/binary"

	"github.com/millrace-live/millrace/rtmp/message"
)

const (
	// strangerLimit is the longest message of a peer that has not shown yet
	// that it may publish or play.
	strangerLimit = 64 << 10
	// maxUnfinished is on how many chunk streams a message may be unfinished
	// at once.
	maxUnfinished = 64
	// maxStreams is how many chunk streams a session may use. Real programs
	// use fewer than ten, and a few more with each further message stream.
	maxStreams = 1024
	// directStreams is how many chunk streams have identifiers of one byte;
	// nobody has been seen to use others.
	directStreams = 64
)

// Reader joins the chunks of one direction of a session to messages. It is
// fed bytes cut anywhere, does no I/O, and is not safe for use by more than one
// goroutine.
//
// What it holds is bounded whatever the peer sends: messages up to a limit, 64
// of them unfinished at once, and together no more memory than the longest of
// them may take (and 4 KiB for each).
type Reader struct {
	chunkSize int
	media     int // longest message of sound, picture or both
	other     int // longest message of another type

	direct  []*inbound // by identifier, below directStreams
	further map[uint32]*inbound
	streams int

	// The chunk that is arriving.
	current   *inbound
	chunkLeft int

	// The beginning of a header that was cut by the end of the input.
	head  [MaxHeader]byte
	headN int

	// omits says that this peer leaves the extended timestamp out of type 3
	// headers.
	omits bool

	unfinished int // messages begun and not finished
	allocated  int // bytes of their buffers
	msg        message.Message
	read       uint64
	dropped    uint64
	paused     bool
	unread     int
	err        error
}

// NewReader returns a Reader at the beginning of a chunk stream, right behind
// the handshake, with the limits for a stranger: 64 KiB for every message.
func NewReader() *Reader {
	return &Reader{chunkSize: DefaultSize, media: strangerLimit, other: strangerLimit}
}

// SetLimits sets the longest payload, in bytes, for messages of sound and
// picture (audio, video and aggregate messages) and for those of any other
// type. It holds from the next message on, and may be called from emit.
func (r *Reader) SetLimits(media, other int) {
	r.media, r.other = media, other
}

// Bytes is how many bytes were fed so far; the handshake is not among them.
func (r *Reader) Bytes() uint64 { return r.read }

// Dropped is how many messages the peer began and never finished, because it
// began another one on their chunk stream. A peer that aborts a message does
// not count.
func (r *Reader) Dropped() uint64 { return r.dropped }

// Feed takes the next bytes of the peer, any number of them, and calls emit
// for each message that they finish. The Message is the Reader's and valid
// only during the call; its Payload is the receiver's for good. The Reader acts
// upon SetChunkSize and Abort by itself, and emits them too.
//
// An error is an [*Error], or what emit returned. It is final: the rest of p
// was not read, and each further call returns it again.
func (r *Reader) Feed(p []byte, emit func(*message.Message) error) error {
	if r.err != nil {
		return r.err
	}
	r.read += uint64(len(p))
	r.paused, r.unread = false, 0
	// A cut header is completed byte by byte. It may turn out shorter than
	// what has been gathered, when a type 3 header that could have had an
	// extended timestamp has none.
	for r.headN > 0 && len(p) > 0 && !r.paused {
		r.head[r.headN] = p[0]
		r.headN++
		p = p[1:]
		gathered := r.head
		b := gathered[:r.headN]
		r.headN = 0
		if r.err = r.feed(b, emit); r.err != nil {
			return r.err
		}
	}
	for len(p) > 0 && r.err == nil {
		if r.paused {
			r.read -= uint64(len(p))
			r.unread = len(p)
			break
		}
		p, r.err = r.step(p, emit)
	}
	return r.err
}

// Pause makes Feed return before the whole of its input was read. It is called
// from emit; the messages that a few bytes more finish may still be emitted.
func (r *Reader) Pause() { r.paused = true }

// Unread is how many bytes, at the end of its input, the last Feed did not read
// because of a Pause.
func (r *Reader) Unread() int { return r.unread }

// feed reads all of p.
func (r *Reader) feed(p []byte, emit func(*message.Message) error) (err error) {
	for len(p) > 0 && err == nil {
		p, err = r.step(p, emit)
	}
	return err
}

// step reads one header, or what there is of one chunk's payload, and returns
// what follows it.
func (r *Reader) step(p []byte, emit func(*message.Message) error) ([]byte, error) {
	if r.chunkLeft == 0 {
		n, err := r.header(p)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			r.headN = copy(r.head[:], p)
			return nil, nil
		}
		p = p[n:]
	} else {
		n, err := r.payload(p)
		if err != nil {
			return nil, err
		}
		p = p[n:]
	}
	if r.current.left == 0 {
		return p, r.finish(r.current, emit)
	}
	return p, nil
}

// header reads the chunk header that p begins with and opens its chunk. It
// returns the header's length, or 0 when p ends inside of it.
func (r *Reader) header(p []byte) (int, error) {
	format, id, n := p[0]>>6, uint32(p[0]&63), 1
	if id < 2 {
		if n += 1 + int(id); len(p) < n {
			return 0, nil
		}
		id = 64 + uint32(p[1])
		if n == 3 {
			id += uint32(p[2]) << 8
		}
	}
	s, err := r.stream(id)
	if err != nil {
		return 0, err
	}
	var ok bool
	begins := format != fmtEmpty || s.left == 0
	if format == fmtEmpty {
		n, ok = r.emptyHeader(s, p, n)
	} else {
		n, ok = r.fullHeader(s, p, n, format)
	}
	if !ok {
		return 0, nil
	}
	if begins {
		if err := r.begin(s); err != nil {
			return 0, err
		}
	}
	r.current = s
	r.chunkLeft = min(s.left, r.chunkSize)
	return n, nil
}

// fullHeader reads a message header of types 0 to 2, at n in p.
func (r *Reader) fullHeader(s *inbound, p []byte, n int, format byte) (int, bool) {
	h := p[n:]
	size := headerSize[format]
	if len(h) < size {
		return 0, false
	}
	field := uint24(h)
	long := field == extended
	if long {
		if len(h) < size+4 {
			return 0, false
		}
		field = binary.BigEndian.Uint32(h[size:])
		size += 4
	}
	s.extended, s.field = long, field
	if s.left > 0 {
		r.drop(s)
		r.dropped++
	}
	if format == fmtFull {
		s.set(field)
		s.streamID = binary.LittleEndian.Uint32(h[7:])
	} else {
		s.advance(field, long)
	}
	if format != fmtDeltaOnly {
		s.length, s.typ = int(uint24(h[3:])), message.Type(h[6])
	}
	return n + size, true
}

// emptyHeader reads what may stand behind the basic header of type 3, at n in
// p: an extended timestamp, if the last header had one, and even then not from
// everyone. Old encoders leave it out, so it is taken only where it is what it
// has to be. In front of a new message it may be anything, and what this peer
// did before decides.
func (r *Reader) emptyHeader(s *inbound, p []byte, n int) (int, bool) {
	if !s.extended {
		if s.left == 0 {
			s.advance(s.delta, false)
		}
		return n, true
	}
	h := p[n:]
	if s.left > 0 {
		if !mayBegin(h, s.field) && !mayBegin(h, s.timestamp) {
			r.omits = true
			return n, true
		}
		if len(h) < 4 {
			return 0, false
		}
		r.omits = false
		return n + 4, true
	}
	if r.omits {
		s.advance(s.delta, false)
		return n, true
	}
	if len(h) < 4 {
		return 0, false
	}
	s.advance(binary.BigEndian.Uint32(h), true)
	return n + 4, true
}

// mayBegin says whether b, or as much as there is of it, is v. Looking at what
// there is matters: the last bytes of a message without the timestamp must not
// wait for bytes that its sender has no reason to send.
func mayBegin(b []byte, v uint32) bool {
	if len(b) >= 4 {
		return binary.BigEndian.Uint32(b) == v
	}
	return bytes.HasPrefix(binary.BigEndian.AppendUint32(nil, v), b)
}

// begin opens the message whose header s has.
func (r *Reader) begin(s *inbound) error {
	limit := r.other
	switch s.typ {
	case message.Audio, message.Video, message.Aggregate:
		limit = r.media
	}
	if s.length > limit {
		return &Error{MessageTooLong, s.id, s.typ, s.length, limit}
	}
	// A message of one chunk is not left unfinished.
	if r.unfinished >= maxUnfinished && s.length > r.chunkSize {
		return &Error{TooManyUnfinished, s.id, s.typ, r.unfinished + 1, maxUnfinished}
	}
	r.unfinished++
	s.left = s.length
	return nil
}

// payload takes what p has of the current chunk.
func (r *Reader) payload(p []byte) (int, error) {
	s := r.current
	n := min(len(p), r.chunkLeft)
	if len(s.buf)+n > cap(s.buf) {
		size := s.room(n)
		total, limit := r.allocated-cap(s.buf)+size, max(r.media, r.other)+maxUnfinished*smallBuffer
		if total > limit {
			return 0, &Error{TooMuchUnfinished, s.id, s.typ, total, limit}
		}
		r.allocated = total
		buf := make([]byte, len(s.buf), size)
		copy(buf, s.buf)
		s.buf = buf
	}
	s.buf = append(s.buf, p[:n]...)
	s.left -= n
	r.chunkLeft -= n
	return n, nil
}

// finish hands the message of s over.
func (r *Reader) finish(s *inbound, emit func(*message.Message) error) error {
	r.msg = message.Message{
		Type:        s.typ,
		StreamID:    s.streamID,
		Timestamp:   s.timestamp,
		ChunkStream: s.id,
		Payload:     s.buf,
	}
	s.largest = max(s.largest, s.length)
	r.drop(s)
	switch s.typ {
	case message.SetChunkSize:
		r.setChunkSize(r.msg.Payload)
	case message.Abort:
		r.abort(r.msg.Payload)
	}
	return emit(&r.msg)
}

// drop forgets the message of s.
func (r *Reader) drop(s *inbound) {
	r.unfinished--
	r.allocated -= cap(s.buf)
	s.buf, s.left = nil, 0
}

// setChunkSize obeys a Set Chunk Size message (RTMP 1.0, 5.4.1), whose first
// bit has no meaning. A size out of range is brought to its nearest end.
func (r *Reader) setChunkSize(payload []byte) {
	if len(payload) < 4 {
		return
	}
	r.chunkSize = clampSize(binary.BigEndian.Uint32(payload))
}

func clampSize(v uint32) int {
	return int(min(max(v&^(1<<31), 1), MaxSize))
}

// abort obeys an Abort message (RTMP 1.0, 5.4.2).
func (r *Reader) abort(payload []byte) {
	if len(payload) < 4 {
		return
	}
	if s := r.lookup(binary.BigEndian.Uint32(payload)); s != nil && s.left > 0 {
		r.drop(s)
	}
}

// lookup returns the chunk stream id, or nil when it was never used.
func (r *Reader) lookup(id uint32) *inbound {
	if id < uint32(len(r.direct)) {
		return r.direct[id]
	}
	return r.further[id]
}

// stream returns the chunk stream id.
func (r *Reader) stream(id uint32) (*inbound, error) {
	if s := r.lookup(id); s != nil {
		return s, nil
	}
	if r.streams >= maxStreams {
		return nil, &Error{Reason: TooManyStreams, ChunkStream: id, Value: r.streams + 1, Limit: maxStreams}
	}
	r.streams++
	s := &inbound{id: id}
	if id >= directStreams {
		if r.further == nil {
			r.further = make(map[uint32]*inbound)
		}
		r.further[id] = s
		return s, nil
	}
	// Grown to what is used: ten thousand players that send on 2, 3 and 8
	// would otherwise hold megabytes of nothing.
	for uint32(len(r.direct)) <= id {
		r.direct = append(r.direct, nil)
	}
	r.direct[id] = s
	return s, nil
}
