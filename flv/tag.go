package flv

import "strconv"

// TagType says what a tag carries. The numbers are those of RTMP's message
// types.
type TagType uint8

// The types of tags (FLV §E.4.1).
const (
	TagAudio      TagType = 8
	TagVideo      TagType = 9
	TagScriptAMF3 TagType = 15 // Enhanced RTMP v2
	TagScript     TagType = 18
)

// String returns the name of the type.
func (t TagType) String() string {
	switch t {
	case TagAudio:
		return "audio"
	case TagVideo:
		return "video"
	case TagScriptAMF3:
		return "script (AMF3)"
	case TagScript:
		return "script"
	}
	return "type " + strconv.Itoa(int(t))
}

// Tag is a tag to be written. Its body is Head followed by Payload, in two
// parts so that many viewers' tags share one payload.
type Tag struct {
	Type TagType
	// Timestamp is the decoding time in milliseconds, modulo 2^32.
	Timestamp uint32
	// Payload is shared: it must not be changed.
	Payload []byte

	head     [maxHead]byte
	headSize uint8
}

// maxHead is the longest header in front of a payload: a modifier with
// nanoseconds (1+1+3+1), a track and its FourCC (1+4+1), a composition offset.
const maxHead = 15

// Head returns the header bytes that precede Payload, of which there may be
// none. They live in t.
func (t *Tag) Head() []byte { return t.head[:t.headSize] }

// Size returns the length of the body.
func (t *Tag) Size() int { return int(t.headSize) + len(t.Payload) }

func (t *Tag) setHead(b ...byte) { t.headSize = uint8(copy(t.head[:], b)) }
