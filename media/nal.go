package media

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
)

// The H.264 nal_unit_type values that packagers tell apart (H.264 table 7-1).
const (
	NALSlice     = 1
	NALIDR       = 5
	NALSEI       = 6
	NALSPS       = 7
	NALPPS       = 8
	NALDelimiter = 9
	NALFiller    = 12
)

// NALType returns the nal_unit_type of an H.264 NAL unit, 0 for an empty one.
func NALType(nal []byte) uint8 {
	if len(nal) == 0 {
		return 0
	}
	return nal[0] & 0x1f
}

// NALUnits iterates over the NAL units of an access unit of H.264, HEVC or VVC
// whose units each follow their length in lengthSize bytes (a format's
// LengthSize). It passes over empty units, and ends at the first length that
// overruns the rest: what came before is still good.
func NALUnits(accessUnit []byte, lengthSize int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for b := accessUnit; len(b) > 0; {
			nal, rest, ok := cutNAL(b, lengthSize)
			if !ok || len(nal) > 0 && !yield(nal) {
				return
			}
			b = rest
		}
	}
}

func cutNAL(b []byte, lengthSize int) (nal, rest []byte, ok bool) {
	if len(b) < lengthSize || lengthSize < 1 {
		return nil, nil, false
	}
	var n uint64
	for _, c := range b[:lengthSize] {
		n = n<<8 | uint64(c)
	}
	b = b[lengthSize:]
	if n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

var startCode = []byte{0, 0, 1}

func hasStartCode(b []byte) bool {
	return bytes.HasPrefix(b, startCode) || bytes.HasPrefix(b, []byte{0, 0, 0, 1})
}

// IsAnnexB reports whether an access unit that ought to be length-prefixed
// holds start codes instead (annex B of H.264, H.265 and H.266), as some encoders
// send it. The three-byte start code also reads as a length of 256 to 511, so the
// lengths are followed to the end before they are disbelieved.
func IsAnnexB(accessUnit []byte, lengthSize int) bool {
	if !hasStartCode(accessUnit) {
		return false
	}
	for b := accessUnit; len(b) > 0; {
		_, rest, ok := cutNAL(b, lengthSize)
		if !ok {
			return true
		}
		b = rest
	}
	return false
}

// annexBUnits iterates over the non-empty NAL units of a byte stream.
func annexBUnits(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			i := bytes.Index(b, startCode)
			if i < 0 {
				return
			}
			b = b[i+len(startCode):]
			end := bytes.Index(b, startCode)
			if end < 0 {
				end = len(b)
			}
			// Zero bytes before a start code belong to the byte stream: a NAL
			// unit never ends in one (§7.4.1).
			if nal := bytes.TrimRight(b[:end], "\x00"); len(nal) > 0 && !yield(slices.Clip(nal)) {
				return
			}
			b = b[end:]
		}
	}
}

// LengthPrefixed returns the access unit of an Annex B byte stream with each
// NAL unit behind its length in lengthSize bytes, in a new slice of just the
// size needed. It fails when a unit is too long for its length field.
func LengthPrefixed(annexB []byte, lengthSize int) ([]byte, error) {
	size := 0
	for nal := range annexBUnits(annexB) {
		if uint64(len(nal)) >= 1<<(8*lengthSize) {
			return nil, fmt.Errorf("media: write the length of a NAL unit of %d bytes in %d bytes", len(nal), lengthSize)
		}
		size += lengthSize + len(nal)
	}
	out := make([]byte, 0, size)
	for nal := range annexBUnits(annexB) {
		for i := lengthSize - 1; i >= 0; i-- {
			out = append(out, byte(len(nal)>>(8*i)))
		}
		out = append(out, nal...)
	}
	return out, nil
}

// unescape returns the RBSP of a NAL unit: without the emulation prevention
// bytes (H.264 §7.4.1.1). It returns nal itself when it has none.
func unescape(nal []byte) []byte {
	escape := []byte{0, 0, 3}
	if !bytes.Contains(nal, escape) {
		return nal
	}
	out := make([]byte, 0, len(nal))
	for {
		i := bytes.Index(nal, escape)
		if i < 0 {
			return append(out, nal...)
		}
		out = append(out, nal[:i+2]...)
		nal = nal[i+3:]
	}
}
