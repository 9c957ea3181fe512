package cmaf

import "encoding/binary"

// boxes appends MP4 boxes (ISO/IEC 14496-12 §4.2) to a byte slice: open writes
// a header whose size close fills in.
type boxes struct{ b []byte }

func (w *boxes) open(kind string) (at int) {
	at = len(w.b)
	w.u32(0)
	w.text(kind)
	return at
}

// openFull opens a FullBox, which has a version and 24 flags.
func (w *boxes) openFull(kind string, version uint8, flags uint32) (at int) {
	at = w.open(kind)
	w.u32(uint32(version)<<24 | flags)
	return at
}

func (w *boxes) close(at int) {
	binary.BigEndian.PutUint32(w.b[at:], uint32(len(w.b)-at))
}

func (w *boxes) u8(v uint8)       { w.b = append(w.b, v) }
func (w *boxes) u16(v uint16)     { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *boxes) u32(v uint32)     { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *boxes) u64(v uint64)     { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *boxes) text(s string)    { w.b = append(w.b, s...) }
func (w *boxes) bytes(p []byte)   { w.b = append(w.b, p...) }
func (w *boxes) zeros(n int)      { w.b = append(w.b, make([]byte, n)...) }
func (w *boxes) putU32(at, v int) { binary.BigEndian.PutUint32(w.b[at:], uint32(v)) }

// box appends a box whose body is what fill appends.
func (w *boxes) box(kind string, fill func([]byte) []byte) {
	at := w.open(kind)
	w.b = fill(w.b)
	w.close(at)
}
