package flv

import (
	"errors"
	"time"

	"github.com/millrace-live/millrace/media"
)

// ErrTruncated is a tag body that ends within its header.
var ErrTruncated = errors.New("flv: tag body ends within its header")

// part says what stands behind the header of a body.
type part uint8

const (
	coded          part = iota // an access unit
	sequenceHeader             // a decoder configuration
	sequenceEnd                // nothing: the sequence is over
	metadata                   // video: AMF that says how pictures look
	channels                   // audio: which channel is which
	other                      // a seek mark, or what nobody here knows
)

// header is what the front of an audio or video tag body says.
type header struct {
	part  part
	codec media.Codec
	class media.Class
	track uint8
	// enhanced says that this is the form of Enhanced RTMP, with the packet
	// type and the FourCC that follow; a seek mark has no FourCC.
	enhanced bool
	frame    byte // the frame type, of video
	packet   byte
	fourCC   [fourCCSize]byte
	// tracks is how the body of several tracks is laid out, which begin behind
	// the header. It is 0 when the body is one track's.
	tracks byte
	// size is how many bytes the header takes, at least 1.
	size int
	// offset is PTS - DTS.
	offset time.Duration
}

// parseHeader reads the header of an audio or video body, which is not empty.
func parseHeader(k media.Kind, body []byte) (header, error) {
	var h header
	var err error
	switch {
	case isEnhanced(k, body):
		h, err = parseEnhanced(k, body)
	case k == media.Video:
		h, err = parseLegacyVideo(body)
	default:
		h, err = parseLegacyAudio(body)
	}
	switch {
	case h.part != coded && h.part != sequenceHeader:
		h.class = media.Command
	case k == media.Audio:
		h.class = media.Key
	default:
		// Bit 7 marks the enhanced form.
		h.class = classOf(body[0] >> 4 & 7)
	}
	return h, err
}

// isEnhanced reports whether a body, which is not empty, has the form of
// Enhanced RTMP.
func isEnhanced(k media.Kind, body []byte) bool {
	if k == media.Video {
		return body[0]&exVideo != 0
	}
	return body[0]>>4 == soundFormatEx
}

// frameTypeCommand is the frame type of a seek mark: one byte follows, and no
// picture.
const frameTypeCommand = 5

// classOf turns a frame type into a class. The key flag is believed: it is what
// the encoder means its viewers to start at, and an I picture with a recovery
// point (open GOP) is no less a start than an IDR picture there. A packager
// that needs an IDR picture looks for one with media.NALUnits. Reserved frame
// types need what precedes them, as far as anyone can tell.
func classOf(frameType byte) media.Class {
	switch frameType {
	case 1:
		return media.Key
	case 3:
		return media.Disposable
	case 4:
		return media.Generated
	case frameTypeCommand:
		return media.Command
	}
	return media.Inter
}

// compositionOffset reads the signed 24-bit milliseconds in front of b. Some
// encoders send negative ones.
func compositionOffset(b []byte) time.Duration {
	ms := int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8
	return time.Duration(ms) * time.Millisecond
}
