package cmaf

// Sample is one access unit as a chunk describes it.
type Sample struct {
	Duration uint32 // ticks to the next sample in decoding order
	Offset   int32  // presentation time less decoding time, in ticks; may be negative
	Flags    uint32
	Payload  []byte
}

// The sample flags (ISO/IEC 14496-12 §8.8.3.1).
const (
	// FlagsSync needs no other sample: a key frame, any sound.
	FlagsSync uint32 = 2 << 24
	// FlagsInter depends on others and is no sync sample.
	FlagsInter uint32 = 1<<24 | 1<<16
	// FlagsDisposable is FlagsInter, and nothing depends on it.
	FlagsDisposable uint32 = FlagsInter | 2<<22
)

const (
	// tfhd
	tfDefaultDuration   = 0x000008
	tfDefaultSize       = 0x000010
	tfDefaultFlags      = 0x000020
	tfDefaultBaseIsMoof = 0x020000
	// trun
	trDataOffset = 0x000001
	trDuration   = 0x000100
	trSize       = 0x000200
	trFlags      = 0x000400
	trOffset     = 0x000800
)

// shape says which values the samples of a chunk share. They go into tfhd
// once; sizes and durations of sound often do.
type shape struct{ trun uint32 }

func shapeOf(samples []Sample) shape {
	var s shape
	first := &samples[0]
	for i := range samples {
		if samples[i].Duration != first.Duration {
			s.trun |= trDuration
		}
		if len(samples[i].Payload) != len(first.Payload) {
			s.trun |= trSize
		}
		if samples[i].Flags != first.Flags {
			s.trun |= trFlags
		}
		if samples[i].Offset != 0 {
			s.trun |= trOffset
		}
	}
	return s
}

// ChunkSize is the length of what [AppendChunk] appends, or an upper bound a
// few bytes off.
func ChunkSize(samples []Sample) int {
	const boxesButSamples = 8 + 16 + 8 + 28 + 20 + 20 + 8 // moof mfhd traf tfhd tfdt trun mdat
	n := boxesButSamples + 16*len(samples)
	for i := range samples {
		n += len(samples[i].Payload)
	}
	return n
}

// AppendChunk appends a CMAF chunk, moof and mdat (ISO/IEC 23000-19 §7.3.2.3),
// of at least one sample. The sequence number rises from chunk to chunk of a
// track; decodeTime is the first sample's, in ticks. It allocates nothing when
// dst has room for [ChunkSize] bytes more.
func AppendChunk(dst []byte, sequence uint32, decodeTime uint64, samples []Sample) []byte {
	s := shapeOf(samples)
	w := boxes{b: dst}
	moof := w.open("moof")

	mfhd := w.openFull("mfhd", 0, 0)
	w.u32(sequence)
	w.close(mfhd)

	traf := w.open("traf")
	shared := tfDefaultBaseIsMoof | tfDefaultFlags
	if s.trun&trDuration == 0 {
		shared |= tfDefaultDuration
	}
	if s.trun&trSize == 0 {
		shared |= tfDefaultSize
	}
	tfhd := w.openFull("tfhd", 0, uint32(shared))
	w.u32(trackID)
	if shared&tfDefaultDuration != 0 {
		w.u32(samples[0].Duration)
	}
	if shared&tfDefaultSize != 0 {
		w.u32(uint32(len(samples[0].Payload)))
	}
	w.u32(samples[0].Flags)
	w.close(tfhd)

	// Version 1 always: live timelines start anywhere and pass 2^32 ticks.
	tfdt := w.openFull("tfdt", 1, 0)
	w.u64(decodeTime)
	w.close(tfdt)

	trun := w.openFull("trun", 1, s.trun|trDataOffset)
	w.u32(uint32(len(samples)))
	dataOffset := len(w.b)
	w.u32(0)
	var size int
	for i := range samples {
		p := &samples[i]
		size += len(p.Payload)
		if s.trun&trDuration != 0 {
			w.u32(p.Duration)
		}
		if s.trun&trSize != 0 {
			w.u32(uint32(len(p.Payload)))
		}
		if s.trun&trFlags != 0 {
			w.u32(p.Flags)
		}
		if s.trun&trOffset != 0 {
			w.u32(uint32(p.Offset))
		}
	}
	w.close(trun)
	w.close(traf)
	w.close(moof)
	const mdatHeader = 8
	w.putU32(dataOffset, len(w.b)-moof+mdatHeader)

	w.u32(uint32(mdatHeader + size))
	w.text("mdat")
	for i := range samples {
		w.bytes(samples[i].Payload)
	}
	return w.b
}
