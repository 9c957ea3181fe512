package ts

import "slices"

// PacketSize is the length of every packet (§2.4.3.2).
const PacketSize = 188

const (
	syncByte  = 0x47
	unitStart = 0x40 // payload_unit_start_indicator, in the byte of the PID's high bits
	hasField  = 0x20 // adaptation_field_control
	hasData   = 0x10

	// The flags of an adaptation field (§2.4.3.5).
	flagDiscontinuity = 0x80
	flagRandomAccess  = 0x40
	flagPCR           = 0x10
)

// field is what an adaptation field says; without flags there is none.
type field struct {
	flags uint8
	pcr   int64 // ticks of 90 kHz, if flagPCR is set
}

// put writes the field at the start of b and returns its length, 0 without flags.
func (a field) put(b []byte) int {
	switch {
	case a.flags == 0:
		return 0
	case a.flags&flagPCR == 0:
		b[0], b[1] = 1, a.flags
		return 2
	}
	b[0], b[1] = 7, a.flags
	base := uint64(a.pcr) & stampMask
	b[2], b[3], b[4], b[5] = byte(base>>25), byte(base>>17), byte(base>>9), byte(base>>1)
	b[6], b[7] = byte(base<<7)|0x7e, 0 // reserved bits, and an extension of 0
	return 8
}

// stuff lengthens the field of n bytes at the start of b by more bytes, and makes
// one if there is none.
func stuff(b []byte, n, more int) {
	end := n + more
	b[0] = byte(end - 1)
	if n == 0 && end > 1 {
		b[1] = 0 // no flags
		n = 2
	}
	for i := max(n, 1); i < end; i++ {
		b[i] = 0xff
	}
}

// appendPackets appends the packets that carry pieces, of size bytes together,
// as one unit of a PID. The first has the field. What the last one has not the
// bytes for becomes stuffing in the adaptation field, which alone may have it in
// a PES (§2.4.3.5).
func appendPackets(dst []byte, pid uint16, counter *uint8, a field, pieces [][]byte, size int) []byte {
	dst = slices.Grow(dst, (size/(PacketSize-4-8)+2)*PacketSize)
	start := byte(unitStart)
	var piece []byte
	for size > 0 {
		at := len(dst)
		dst = dst[:at+PacketSize]
		p := dst[at : at+PacketSize : at+PacketSize]
		p[0], p[1], p[2], p[3] = syncByte, start|byte(pid>>8), byte(pid), hasData|*counter
		*counter = (*counter + 1) & 0xf
		b := p[4:]
		n := a.put(b)
		if room := len(b) - n; size < room {
			stuff(b, n, room-size)
			n = len(b) - size
		}
		if n > 0 {
			p[3] |= hasField
		}
		b = b[n:]
		size -= len(b)
		for len(b) > 0 {
			if len(piece) == 0 {
				piece, pieces = pieces[0], pieces[1:]
			}
			c := copy(b, piece)
			b, piece = b[c:], piece[c:]
		}
		start, a = 0, field{}
	}
	return dst
}

// appendField appends a packet that has an adaptation field alone. Its continuity
// counter is that of the packet before it (§2.4.3.3).
func appendField(dst []byte, pid uint16, counter uint8, a field) []byte {
	at := len(dst)
	dst = slices.Grow(dst, PacketSize)[:at+PacketSize]
	p := dst[at:]
	p[0], p[1], p[2], p[3] = syncByte, byte(pid>>8), byte(pid), hasField|(counter-1)&0xf
	n := a.put(p[4:])
	stuff(p[4:], n, len(p)-4-n)
	return dst
}
