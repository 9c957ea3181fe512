package cmaf

import "github.com/millrace-live/millrace/media"

// audioSampleEntry appends what every audio sample entry begins with
// (ISO/IEC 14496-12 §12.2.3).
func (w *boxes) audioSampleEntry(channels, depth, rate int) {
	w.zeros(6)
	w.u16(1) // data_reference_index
	w.zeros(8)
	w.u16(uint16(channels))
	w.u16(uint16(depth)) // samplesize
	w.zeros(4)
	// 16.16: a higher rate does not fit and stands in mdhd alone.
	if rate > 0xffff {
		rate = 0
	}
	w.u32(uint32(rate) << 16)
}

func appendAAC(w *boxes, _ *media.AACConfig, config []byte) {
	const mpeg4Audio = 0x40
	w.elementaryStream(mpeg4Audio, config)
}

func appendMP3(w *boxes, c *media.MP3Config, _ []byte) {
	const mpeg2Audio, mpeg1Audio = 0x69, 0x6b
	if c.MPEG2 {
		w.elementaryStream(mpeg2Audio, nil)
		return
	}
	w.elementaryStream(mpeg1Audio, nil)
}

// elementaryStream appends esds (ISO/IEC 14496-14 §6.7) with its descriptors
// (ISO/IEC 14496-1 §7.2.6.5).
func (w *boxes) elementaryStream(objectType uint8, config []byte) {
	const (
		esDescriptor            = 3
		decoderConfigDescriptor = 4
		decoderSpecificInfo     = 5
		slConfigDescriptor      = 6

		audioStream = 5<<2 | 1
	)
	specific := 0
	if config != nil {
		specific = descriptorHead(len(config)) + len(config)
	}
	decoder := 13 + specific
	esds := w.openFull("esds", 0, 0)
	w.descriptor(esDescriptor, 3+descriptorHead(decoder)+decoder+3)
	w.u16(0) // ES_ID: that of the file's track
	w.u8(0)
	w.descriptor(decoderConfigDescriptor, decoder)
	w.u8(objectType)
	w.u8(audioStream)
	w.zeros(3 + 4 + 4) // buffer size and bit rates: unknown
	if config != nil {
		w.descriptor(decoderSpecificInfo, len(config))
		w.bytes(config)
	}
	w.descriptor(slConfigDescriptor, 1)
	w.u8(2) // predefined for MP4 files
	w.close(esds)
}

// descriptorHead is how long the tag and the size of a descriptor are: sizes
// have seven bits a byte (ISO/IEC 14496-1 §8.3.3).
func descriptorHead(size int) int {
	if size > 0x7f {
		return 3
	}
	return 2
}

func (w *boxes) descriptor(tag uint8, size int) {
	w.u8(tag)
	if size > 0x7f {
		w.u8(0x80 | uint8(size>>7))
	}
	w.u8(uint8(size & 0x7f))
}

// appendOpus appends dOps: an OpusHead in network byte order (Encapsulation of
// Opus in ISO Base Media File Format §4.3.2).
func appendOpus(w *boxes, c *media.OpusConfig, _ []byte) {
	at := w.open("dOps")
	w.u8(0) // version
	w.u8(uint8(c.Channels))
	w.u16(c.PreSkip)
	w.u32(c.InputSampleRate)
	w.u16(uint16(c.Gain))
	w.u8(c.Family)
	if c.Family != 0 {
		w.u8(c.Streams)
		w.u8(c.Coupled)
		w.bytes(c.Mapping)
	}
	w.close(at)
}

// appendFLAC appends dfLa: the metadata block of STREAMINFO, as the last one
// (Encapsulation of FLAC in ISO Base Media File Format §3.3.2).
func appendFLAC(w *boxes, c *media.FLACConfig, _ []byte) {
	const last = 0x80
	at := w.openFull("dfLa", 0, 0)
	w.u32(last<<24 | uint32(len(c.StreamInfo)))
	w.bytes(c.StreamInfo[:])
	w.close(at)
}

// appendAC3 appends dac3 (ETSI TS 102 366 §F.4).
func appendAC3(w *boxes, c *media.AC3Config, _ []byte) {
	s := &c.Substreams[0]
	var b bitFields
	b.put(2, s.SampleRateCode)
	b.put(5, s.ID)
	b.put(3, s.Mode)
	b.put(3, s.ChannelMode)
	b.flag(s.LFE)
	b.put(5, c.BitRateCode)
	b.put(5, 0)
	w.box("dac3", b.append)
}

// appendEAC3 appends dec3 (ETSI TS 102 366 §F.6), and behind it the mark of
// objects (ETSI TS 103 420 §C.3).
func appendEAC3(w *boxes, c *media.AC3Config, _ []byte) {
	var b bitFields
	rate := min(c.DataRate, 1<<13-1)
	b.put(8, uint8(rate>>5))
	b.put(5, uint8(rate&0x1f))
	count := max(1, min(c.Independent, len(c.Substreams)))
	b.put(3, uint8(count-1))
	for i := range count {
		s := &c.Substreams[i]
		b.put(2, s.SampleRateCode)
		b.put(5, s.ID)
		b.put(1, 0)
		b.put(1, 0) // asvc
		b.put(3, s.Mode)
		b.put(3, s.ChannelMode)
		b.flag(s.LFE)
		b.put(3, 0)
		b.put(4, s.Dependent)
		if s.Dependent > 0 {
			b.put(1, uint8(s.Locations>>8))
			b.put(8, uint8(s.Locations))
		} else {
			b.put(1, 0)
		}
	}
	b.align()
	if c.JOC > 0 {
		b.put(8, 1)
		b.put(8, c.JOC)
	}
	w.box("dec3", b.append)
}

// bitFields gathers fields that are no whole bytes.
type bitFields struct {
	b    []byte
	free int // bits of the last byte
}

func (f *bitFields) put(n int, v uint8) {
	for n--; n >= 0; n-- {
		if f.free == 0 {
			f.b, f.free = append(f.b, 0), 8
		}
		f.free--
		f.b[len(f.b)-1] |= v >> n & 1 << f.free
	}
}

func (f *bitFields) flag(set bool) {
	var v uint8
	if set {
		v = 1
	}
	f.put(1, v)
}

func (f *bitFields) align() { f.free = 0 }

func (f *bitFields) append(dst []byte) []byte { return append(dst, f.b...) }
