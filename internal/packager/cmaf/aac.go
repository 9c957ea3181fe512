package cmaf

import "github.com/millrace-live/millrace/media"

func checkAAC(t *media.Track) string {
	c, ok := t.Format.(*media.AACConfig)
	switch {
	case !ok:
		return "has no sequence header in a form that is understood"
	case c.SampleRate <= 0 || c.FrameLength <= 0:
		return "states no sample rate"
	case len(t.Config) > maxAudioConfig:
		return "has a sequence header out of all proportion"
	}
	return ""
}

// maxAudioConfig keeps the one-byte descriptor sizes below true. An
// AudioSpecificConfig takes two to a few dozen bytes.
const maxAudioConfig = 64

// aacTimescale is the core coder's rate: an access unit is FrameLength ticks,
// with SBR as without.
func aacTimescale(t *media.Track) uint32 { return uint32(t.Sound().SampleRate) }

// appendAAC appends the sample entry mp4a (ISO/IEC 14496-14 §6.7) with its
// elementary stream descriptor (ISO/IEC 14496-1 §7.2.6.5).
func appendAAC(w *boxes, t *media.Track) {
	const (
		esDescriptor            = 3
		decoderConfigDescriptor = 4
		decoderSpecificInfo     = 5
		slConfigDescriptor      = 6

		mpeg4Audio  = 0x40
		audioStream = 5<<2 | 1
	)
	at := w.open("mp4a")
	w.audioSampleEntry(t.Sound().Channels, t.Sound().SampleRate)
	esds := w.openFull("esds", 0, 0)
	config := len(t.Config)
	w.u8(esDescriptor)
	w.u8(uint8(3 + 2 + 13 + 2 + config + 3))
	w.u16(0) // ES_ID: that of the file's track
	w.u8(0)
	w.u8(decoderConfigDescriptor)
	w.u8(uint8(13 + 2 + config))
	w.u8(mpeg4Audio)
	w.u8(audioStream)
	w.zeros(3 + 4 + 4) // buffer size and bit rates: unknown
	w.u8(decoderSpecificInfo)
	w.u8(uint8(config))
	w.bytes(t.Config)
	w.u8(slConfigDescriptor)
	w.u8(1)
	w.u8(2) // predefined for MP4 files
	w.close(esds)
	w.close(at)
}

// audioSampleEntry appends what every audio sample entry begins with
// (ISO/IEC 14496-12 §12.2.3).
func (w *boxes) audioSampleEntry(channels, rate int) {
	w.zeros(6)
	w.u16(1) // data_reference_index
	w.zeros(8)
	w.u16(uint16(channels))
	w.u16(16) // samplesize
	w.zeros(4)
	// 16.16: a higher rate does not fit and stands in mdhd alone.
	if rate > 0xffff {
		rate = 0
	}
	w.u32(uint32(rate) << 16)
}
