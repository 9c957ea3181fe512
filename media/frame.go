package media

import "time"

// Kind says what a frame or a track carries.
type Kind uint8

// The kinds of a [Frame]. Tracks are Video or Audio only.
const (
	Video Kind = iota + 1
	Audio
	Data   // an AMF data message (onMetaData, onTextData, cue points), as it came
	Opaque // a message that only its own protocol understands, carried unread
)

// String returns the kind in a word.
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	case Data:
		return "data"
	case Opaque:
		return "opaque"
	}
	return "unknown"
}

// Class says what a frame means to a decoder that starts or skips.
type Class uint8

// The classes of a [Frame].
const (
	// Inter needs frames before it.
	Inter Class = iota
	// Key can be decoded without any frame before it. Every audio frame is a
	// Key. A Data frame of this class is state: it replaces the one before it
	// and is given to each player that joins (onMetaData); with an empty
	// payload it clears that state.
	Key
	// Disposable needs frames before it, and no frame needs it.
	Disposable
	// Generated was made by a server as a stand-in for a key frame.
	Generated
	// Command carries no coded picture or sound: a seek mark, an end of
	// sequence. It is passed on in its place and starts nothing.
	Command
)

// Frame is one access unit of one track, or one data message, on the timeline
// of its stream.
//
// A Frame and its payload are immutable from the moment it leaves the function
// that filled it: it is shared by every reader of the stream, on any
// goroutine. Nobody frees it.
type Frame struct {
	Kind  Kind
	Class Class
	// Track is the identifier of the track among those of its kind; 0 is the
	// default track (Enhanced RTMP trackId).
	Track uint8
	// Header is how many bytes of a container's own header stand in front of
	// the coded data in Payload. It is 0 when the track's Format is not nil:
	// Payload is then bare: NAL units behind lengths of the format's LengthSize,
	// the OBUs of an AV1 temporal unit, or one frame or packet of any other
	// codec. For all else Payload is the FLV tag body just as it came and Header
	// its offset to the coded data, at least 1. It is 0 for data.
	Header int
	// DTS and PTS are nanoseconds on the stream's timeline, which never wraps.
	DTS, PTS int64
	// Epoch rises by one each time that the timeline was joined anew (another
	// publisher, a jump of its clock): between two frames of different epochs
	// lies a discontinuity.
	Epoch uint32
	// Arrival is when the last byte of the frame reached this machine.
	Arrival time.Time
	// Tracks is the set of tracks that the frame decodes with. Frames that
	// share a set have the same pointer, so that a muxer compares pointers and
	// writes its headers when the set is another. Never nil on an audio or
	// video frame.
	Tracks  *TrackSet
	Payload []byte
}

// IsKey reports whether a viewer's picture can start at f.
func (f *Frame) IsKey() bool { return f.Kind == Video && f.Class == Key }
