package flv

import "github.com/millrace-live/millrace/media"

// legacyVideo is the codec of each CodecID (FLV §E.4.3.1). 8, 12, 13 and 14 are
// not in the standard, but in the field.
var legacyVideo = [16]media.Codec{
	2: media.H263, 3: media.Screen, 4: media.VP6, 5: media.VP6Alpha, 6: media.Screen2, 7: media.H264,
	8: media.H263, 12: media.HEVC, 13: media.AV1, 14: media.VP8,
}

// legacyAudio is the codec of each SoundFormat (FLV §E.4.2.1). 13 is reserved
// there and used for Opus by some.
var legacyAudio = [16]media.Codec{
	0: media.PCM, 1: media.ADPCM, 2: media.MP3, 3: media.PCM, 4: media.Nellymoser, 5: media.Nellymoser,
	6: media.Nellymoser, 7: media.G711A, 8: media.G711U, 10: media.AAC, 11: media.Speex, 13: media.Opus, 14: media.MP3,
}

const (
	codecIDAVC = 7
	// A frame type, a CodecID, an AVCPacketType and a composition offset.
	avcHeaderSize = 5
	// A SoundFormat with its flags and an AACPacketType.
	aacHeaderSize = 2
)

// The values of AVCPacketType; AACPacketType has the first two.
const (
	packetSequenceHeader = 0
	packetCoded          = 1
	packetEndOfSequence  = 2
)

func parseLegacyVideo(body []byte) (header, error) {
	h := header{codec: legacyVideo[body[0]&15], size: 1}
	if body[0]>>4 == frameTypeCommand {
		h.part = other
		return h, nil
	}
	switch h.codec {
	case media.H264:
	case media.HEVC, media.AV1:
		// By the custom of those who use these numbers the layout is that of
		// AVC; when it cannot be, the body is a frame without more header.
		if len(body) < 2 || body[1] > packetEndOfSequence {
			return h, nil
		}
	default:
		return h, nil
	}
	switch {
	case len(body) >= 2 && body[1] > packetCoded:
		h.part = other
		if body[1] == packetEndOfSequence {
			h.part = sequenceEnd
		}
		h.size = min(avcHeaderSize, len(body)) // some end a sequence without a composition offset
		return h, nil
	case len(body) < avcHeaderSize:
		return h, ErrTruncated
	}
	h.size = avcHeaderSize
	switch {
	case body[1] == packetSequenceHeader:
		h.part = sequenceHeader
	case hasCompositionOffset(h.codec): // AV1 shows what it decodes
		h.offset = compositionOffset(body[2:])
	}
	return h, nil
}

func parseLegacyAudio(body []byte) (header, error) {
	h := header{codec: legacyAudio[body[0]>>4], size: 1}
	if h.codec != media.AAC {
		return h, nil
	}
	if len(body) < aacHeaderSize {
		return h, ErrTruncated
	}
	h.size = aacHeaderSize
	switch {
	case body[1] == packetSequenceHeader:
		h.part = sequenceHeader
	case body[1] > packetCoded:
		h.part = other
	}
	return h, nil
}

// aacFlags is the first byte of every AAC body: SoundFormat 10, and the rate,
// size and channels that FLV fixes for it whatever the truth (§E.4.2.1).
const aacFlags = 0xaf

// mp3Flags is the first byte of an MP3 body (§E.4.2.1): SoundFormat 2, or 14 at
// 8 kHz, the rate, 16 bits, and mono or stereo. FLV has no number for the rates
// of MPEG-1 and MPEG-2 but 44.1 kHz and its parts; the others are written as
// encoders do, with the number of the one next to them.
func mp3Flags(s *media.Sound) byte {
	const mp3, mp38k, bits16, stereo = 2 << 4, 14 << 4, 2, 1
	flags := byte(mp3 | bits16)
	switch {
	case s == nil || s.SampleRate >= 32000:
		flags |= 3 << 2
	case s.SampleRate >= 22050:
		flags |= 2 << 2
	case s.SampleRate >= 11025:
		flags |= 1 << 2
	case s.SampleRate == 8000:
		flags = mp38k | bits16
	}
	if s == nil || s.Channels > 1 {
		flags |= stereo
	}
	return flags
}
