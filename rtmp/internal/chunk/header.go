package chunk

import (
	"encoding/binary"

	"github.com/millrace-live/millrace/rtmp/message"
)

const (
	// ControlStream is the chunk stream of the protocol control messages
	// (RTMP 1.0, 5.4).
	ControlStream = 2
	// MinStream and MaxStream bound the identifiers of chunk streams.
	MinStream, MaxStream = 2, 65599

	// DefaultSize is the chunk size in each direction until its sender
	// changes it.
	DefaultSize = 128
	// MaxSize is the largest chunk size that means something: no message is
	// longer.
	MaxSize = 0xFFFFFF
	// MaxMessage is the longest payload that a header can declare.
	MaxMessage = 0xFFFFFF
	// MaxHeader is the length of the longest chunk header.
	MaxHeader = 3 + 11 + 4

	// extended in a header's 24-bit timestamp field says that the real value
	// follows the header, in 32 bits. It is also the least value that does.
	extended = 0xFFFFFF
)

// The types of chunk headers (RTMP 1.0, 5.3.1.2), each with less in it than
// the one before.
const (
	fmtFull      = iota // timestamp, length, type, message stream
	fmtNoStream         // timestamp delta, length, type
	fmtDeltaOnly        // timestamp delta
	fmtEmpty            // nothing
)

// headerSize is the size of each type of message header.
var headerSize = [4]int{11, 7, 3, 0}

// AppendHeader0 appends the header of a message's first chunk, of type 0. It
// depends on nothing that was sent before. csid is in MinStream..MaxStream,
// length at most MaxMessage.
func AppendHeader0(dst []byte, csid, ts uint32, length int, typ message.Type, streamID uint32) []byte {
	dst = appendBasic(dst, fmtFull, csid)
	dst = appendUint24(dst, min(ts, extended))
	dst = appendUint24(dst, uint32(length))
	dst = append(dst, byte(typ))
	dst = binary.LittleEndian.AppendUint32(dst, streamID) // the one little-endian number in RTMP
	return appendExtended(dst, ts)
}

// AppendHeader3 appends the header of every further chunk of a message that
// began with AppendHeader0 and the same csid and ts. It repeats an extended
// timestamp, as RTMP 1.0 5.3.1.3 says and as ffmpeg, librtmp and nginx-rtmp
// expect.
func AppendHeader3(dst []byte, csid, ts uint32) []byte {
	return appendExtended(appendBasic(dst, fmtEmpty, csid), ts)
}

func appendBasic(dst []byte, format byte, csid uint32) []byte {
	switch {
	case csid < 64:
		return append(dst, format<<6|byte(csid))
	case csid < 64+256:
		return append(dst, format<<6, byte(csid-64))
	}
	csid -= 64
	return append(dst, format<<6|1, byte(csid), byte(csid>>8))
}

func appendUint24(dst []byte, v uint32) []byte {
	return append(dst, byte(v>>16), byte(v>>8), byte(v))
}

func appendExtended(dst []byte, v uint32) []byte {
	if v < extended {
		return dst
	}
	return binary.BigEndian.AppendUint32(dst, v)
}

func uint24(b []byte) uint32 {
	return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
}
