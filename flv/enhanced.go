package flv

import (
	"errors"
	"time"

	"github.com/millrace-live/millrace/media"
)

// The packet types of Enhanced RTMP v2: VideoPacketType and AudioPacketType,
// which differ from 3 on.
const (
	exSequenceStart      = 0
	exCodedFrames        = 1
	exSequenceEnd        = 2
	exCodedFramesX       = 3 // video: without a composition offset
	exVideoMetadata      = 4
	exAudioChannels      = 4 // MultichannelConfig
	exMPEG2SequenceStart = 5 // video: an AV1 descriptor in place of a configuration record
	exAudioMultitrack    = 5
	exVideoMultitrack    = 6
	exModEx              = 7
)

const (
	// exVideo is the bit of the first byte that marks the enhanced form of
	// video. (That of audio is a SoundFormat.)
	exVideo       = 0x80
	soundFormatEx = 9
)

// The layouts of a body of tracks (AvMultitrackType).
const (
	oneTrack             = 0
	manyTracks           = 1
	manyTracksManyCodecs = 2
)

// errLayout is also a modifier or a list within a list of tracks.
var errLayout = errors.New("flv: tracks are laid out in a way that is not defined")

// modExTimestampOffsetNano is the one type of modifier that is defined: three
// bytes of nanoseconds that the presentation time is later.
const modExTimestampOffsetNano = 0

// parseEnhanced reads the header of a body in Enhanced RTMP form, in the order
// of its specification (ExVideoTagHeader, ExAudioTagHeader): ModEx, seek mark,
// multitrack, FourCC, track. Of a body of many tracks it reads what they have
// in common.
func parseEnhanced(k media.Kind, body []byte) (header, error) {
	h := header{enhanced: true, frame: body[0] >> 4 & 7, packet: body[0] & 15, size: 1}
	for h.packet == exModEx {
		if err := h.takeModEx(body); err != nil {
			h.part = other
			return h, err
		}
	}
	if k == media.Video && h.frame == frameTypeCommand && h.packet != exVideoMetadata {
		h.part = other
		return h, nil
	}
	multitrack := h.packet == multitrackPacket(k)
	layout := byte(oneTrack)
	if multitrack {
		if len(body) < h.size+1 {
			return h, ErrTruncated
		}
		layout, h.packet = body[h.size]>>4, body[h.size]&15
		h.size++
		if layout > manyTracksManyCodecs || h.packet == exModEx || h.packet == multitrackPacket(k) {
			h.part = other
			return h, errLayout
		}
	}
	h.part = partOf(k, h.packet)
	if layout != manyTracksManyCodecs {
		if err := h.takeFourCC(k, body); err != nil {
			return h, err
		}
	}
	switch {
	case layout != oneTrack:
		h.tracks = layout
		return h, nil
	case multitrack:
		if len(body) < h.size+1 {
			return h, ErrTruncated
		}
		h.track = body[h.size]
		h.size++
	}
	return h, h.takeCompositionOffset(body)
}

func multitrackPacket(k media.Kind) byte {
	if k == media.Video {
		return exVideoMultitrack
	}
	return exAudioMultitrack
}

// takeModEx reads one packet modifier and the packet type behind it.
func (h *header) takeModEx(body []byte) error {
	b := body[h.size:]
	if len(b) < 1 {
		return ErrTruncated
	}
	size, used := int(b[0])+1, 1
	if size == 256 {
		if len(b) < 3 {
			return ErrTruncated
		}
		size, used = int(b[1])<<8+int(b[2])+1, 3
	}
	if len(b) < used+size+1 {
		return ErrTruncated
	}
	data, kind := b[used:used+size], b[used+size]>>4
	if kind == modExTimestampOffsetNano && len(data) >= 3 {
		// It tells within a millisecond; what is more is no time of any kind.
		if ns := time.Duration(data[0])<<16 | time.Duration(data[1])<<8 | time.Duration(data[2]); ns < time.Millisecond {
			h.offset = ns
		}
	}
	h.packet = b[used+size] & 15
	h.size += used + size + 1
	return nil
}

func (h *header) takeFourCC(k media.Kind, body []byte) error {
	if len(body) < h.size+fourCCSize {
		return ErrTruncated
	}
	h.fourCC = [fourCCSize]byte(body[h.size:])
	h.codec = codecOf(k, h.fourCC)
	h.size += fourCCSize
	return nil
}

// takeCompositionOffset reads the composition offset of those codecs that have
// one.
func (h *header) takeCompositionOffset(body []byte) error {
	if h.part != coded || h.packet != exCodedFrames || !hasCompositionOffset(h.codec) {
		return nil
	}
	if len(body) < h.size+compositionOffsetSize {
		return ErrTruncated
	}
	h.offset += compositionOffset(body[h.size:])
	h.size += compositionOffsetSize
	return nil
}

const compositionOffsetSize = 3

// hasCompositionOffset reports whether the coded frames of a codec state, in
// enhanced form, how much later than decoded they are shown.
func hasCompositionOffset(c media.Codec) bool {
	return c == media.H264 || c == media.HEVC || c == media.VVC
}

func partOf(k media.Kind, packet byte) part {
	switch packet {
	case exSequenceStart:
		return sequenceHeader
	case exCodedFrames:
		return coded
	case exSequenceEnd:
		return sequenceEnd
	}
	switch {
	case k == media.Audio && packet == exAudioChannels:
		return channels
	case k == media.Audio:
		return other
	case packet == exCodedFramesX:
		return coded
	case packet == exVideoMetadata:
		return metadata
	case packet == exMPEG2SequenceStart:
		return sequenceHeader
	}
	return other
}

// codecOf returns the codec that a FourCC names for that kind of track.
func codecOf(k media.Kind, fourCC [fourCCSize]byte) media.Codec {
	if c := CodecOf(string(fourCC[:])); kindOf(c) == k {
		return c
	}
	return media.Unknown
}
