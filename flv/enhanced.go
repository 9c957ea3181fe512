package flv

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

// The packet types of Enhanced RTMP v2.
const (
	exSequenceStart      = 0
	exCodedFrames        = 1
	exCodedFramesX       = 3 // video: without a composition offset
	exVideoMetadata      = 4
	exMPEG2SequenceStart = 5 // video: an AV1 descriptor in place of a configuration record
	exAudioMultitrack    = 5
	exVideoMultitrack    = 6
	exModEx              = 7
)

// The multitrack type of bodies in which each track names its own codec, and
// that of bodies with a single track.
const (
	oneTrack             = 0
	manyTracksManyCodecs = 2
)

// parseEnhanced reads the header of a body in Enhanced RTMP form, in the order
// of its specification: ModEx, seek mark, multitrack, FourCC, track.
//
// A body of many tracks is not taken apart: it is classified as one of its
// first track, and its header ends where the list of tracks begins.
func parseEnhanced(k media.Kind, body []byte) (header, error) {
	var h header
	packet := body[0] & 15
	h.size = 1
	for packet == exModEx {
		next, err := parseModEx(&h, body)
		if err != nil {
			return h, err
		}
		packet = next
	}
	if k == media.Video && body[0]>>4&7 == frameTypeCommand && packet != exVideoMetadata {
		h.part = other
		return h, nil
	}
	if k == media.Video && packet == exVideoMultitrack || k == media.Audio && packet == exAudioMultitrack {
		if len(body) < h.size+1 {
			return h, ErrTruncated
		}
		layout := body[h.size] >> 4
		packet = body[h.size] & 15
		h.size++
		h.part = partOf(k, packet)
		return parseMultitrack(h, k, layout, packet, body)
	}
	h.part = partOf(k, packet)
	if err := h.takeFourCC(k, body); err != nil {
		return h, err
	}
	return h, h.takeCompositionOffset(packet, body)
}

// parseModEx reads one packet modifier and returns the packet type behind it.
func parseModEx(h *header, body []byte) (packet byte, err error) {
	const timestampOffsetNano = 0
	b := body[h.size:]
	if len(b) < 1 {
		return 0, ErrTruncated
	}
	size, used := int(b[0])+1, 1
	if size == 256 {
		if len(b) < 3 {
			return 0, ErrTruncated
		}
		size, used = int(b[1])<<8+int(b[2])+1, 3
	}
	if len(b) < used+size+1 {
		return 0, ErrTruncated
	}
	data, kind := b[used:used+size], b[used+size]>>4
	if kind == timestampOffsetNano && len(data) >= 3 {
		h.offset += time.Duration(data[0])<<16 | time.Duration(data[1])<<8 | time.Duration(data[2])
	}
	h.size += used + size + 1
	return b[used+size] & 15, nil
}

func parseMultitrack(h header, k media.Kind, layout, packet byte, body []byte) (header, error) {
	if layout != manyTracksManyCodecs {
		if err := h.takeFourCC(k, body); err != nil {
			return h, err
		}
	}
	list := h.size
	if layout == manyTracksManyCodecs {
		if err := h.takeFourCC(k, body); err != nil {
			return h, err
		}
	}
	if len(body) < h.size+1 {
		return h, ErrTruncated
	}
	h.track = body[h.size]
	if layout != oneTrack {
		h.size = list
		return h, nil
	}
	h.size++
	return h, h.takeCompositionOffset(packet, body)
}

func (h *header) takeFourCC(k media.Kind, body []byte) error {
	if len(body) < h.size+fourCCSize {
		return ErrTruncated
	}
	h.codec = codecOf(k, string(body[h.size:h.size+fourCCSize]))
	h.size += fourCCSize
	return nil
}

// takeCompositionOffset reads the composition offset of those codecs that have
// one.
func (h *header) takeCompositionOffset(packet byte, body []byte) error {
	if packet != exCodedFrames {
		return nil
	}
	switch h.codec {
	case media.H264, media.HEVC, media.VVC:
	default:
		return nil
	}
	if len(body) < h.size+3 {
		return ErrTruncated
	}
	h.offset += compositionOffset(body[h.size:])
	h.size += 3
	return nil
}

func partOf(k media.Kind, packet byte) part {
	switch {
	case packet == exSequenceStart, k == media.Video && packet == exMPEG2SequenceStart:
		return sequenceHeader
	case packet == exCodedFrames, k == media.Video && packet == exCodedFramesX:
		return coded
	}
	return other
}

// codecOf returns the codec that a FourCC names for that kind of track.
func codecOf(k media.Kind, fourCC string) media.Codec {
	if c := CodecOf(fourCC); kindOf(c) == k {
		return c
	}
	return media.Unknown
}
