package media

import (
	"iter"
	"math"
)

// seiMessages iterates over the messages of an SEI NAL unit, whose own header
// has that many bytes (H.264 §7.3.2.3, H.265 §7.3.2.4). It ends at the first
// message that overruns the rest.
func seiMessages(nal []byte, header int) iter.Seq2[int, []byte] {
	return func(yield func(kind int, message []byte) bool) {
		b := unescape(nal)
		if len(b) < header {
			return
		}
		for b = b[header:]; len(b) > 2; {
			kind, rest := cutSEINumber(b)
			size, rest := cutSEINumber(rest)
			if size > len(rest) || !yield(kind, rest[:size]) {
				return
			}
			b = rest[size:]
		}
	}
}

// cutSEINumber reads a payload type or size: bytes of 255 and a last one
// (H.265 §7.3.5). One that is cut is longer than anything.
func cutSEINumber(b []byte) (n int, rest []byte) {
	for i, c := range b {
		n += int(c)
		if c != 0xff {
			return n, b[i+1:]
		}
	}
	return math.MaxInt, nil
}
