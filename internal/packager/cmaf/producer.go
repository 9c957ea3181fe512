package cmaf

import "time"

// ntpEpoch is 1900, in seconds before 1970.
const ntpEpoch = 2208988800

// producerTimeSize is the length of what producerTime appends.
const producerTimeSize = 12 + 4 + 8 + 8

// producerTime appends prft, the wall clock of a media time (ISO/IEC 14496-12
// §8.16.5). It is the clock of [Segment.Wall]: not that of the encoder or the
// camera, but at the same distance from it always.
func (w *boxes) producerTime(wall time.Time, media int64) {
	const consistent = 8
	at := w.openFull("prft", 1, consistent)
	w.u32(trackID)
	w.u32(uint32(wall.Unix() + ntpEpoch))
	w.u32(uint32(uint64(wall.Nanosecond()) << 32 / uint64(second)))
	w.u64(uint64(media))
	w.close(at)
}
