package flv

import "github.com/millrace-live/millrace/media"

// form is how a packet is written in Enhanced RTMP form.
type form struct {
	kind   media.Kind
	frame  byte // the frame type, of video
	packet byte
	fourCC [fourCCSize]byte
	// multitrack says that the track's identifier is written.
	multitrack bool
	track      uint8
	// nano is the nanoseconds of a modifier in front, 0 for none.
	nano uint32
	// offset is the composition offset of coded frames that have one, in
	// milliseconds.
	hasOffset bool
	offset    int64
}

// put writes the header and returns its size.
func (f *form) put(head *[maxHead]byte) uint8 {
	first := byte(soundFormatEx << 4)
	if f.kind == media.Video {
		first = exVideo | f.frame<<4
	}
	b := head[:0]
	packet := f.packet
	if f.multitrack {
		packet = multitrackPacket(f.kind)
	}
	if f.nano != 0 {
		const size = 3
		b = append(b, first|exModEx, size-1, byte(f.nano>>16), byte(f.nano>>8), byte(f.nano), modExTimestampOffsetNano<<4|packet)
	} else {
		b = append(b, first|packet)
	}
	if f.multitrack {
		b = append(b, oneTrack<<4|f.packet)
	}
	b = append(b, f.fourCC[:]...)
	if f.multitrack {
		b = append(b, f.track)
	}
	if f.hasOffset {
		b = append(b, byte(f.offset>>16), byte(f.offset>>8), byte(f.offset))
	}
	return uint8(len(b))
}

// frameType is the number of a class in either form. Commands have none of their
// own but for seek marks, which are never written anew.
func frameType(c media.Class) byte {
	switch c {
	case media.Key:
		return 1
	case media.Disposable:
		return 3
	case media.Generated:
		return 4
	}
	return 2
}

// compose sets the composition offset of coded frames, which saves its bytes
// where it is 0.
func (f *form) compose(frame *media.Frame, c media.Codec) {
	if !hasCompositionOffset(c) {
		return
	}
	f.offset = compositionTime(frame)
	f.hasOffset = f.offset != 0
	f.packet = exCodedFrames
	if !f.hasOffset {
		f.packet = exCodedFramesX
	}
}
