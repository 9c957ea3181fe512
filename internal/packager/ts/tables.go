package ts

import (
	"encoding/binary"
	"slices"
)

// The PIDs. They are those that FFmpeg uses, and audio tracks have theirs by
// identifier, so that a track keeps it while others come and go.
const (
	pidPAT   = 0
	pidPMT   = 0x1000
	pidVideo = 0x100
	pidAudio = 0x101 // and the track's identifier
)

const program = 1

// crcTable is that of the CRC of sections (annex A): not reflected.
var crcTable = func() (t [256]uint32) {
	for i := range t {
		c := uint32(i) << 24
		for range 8 {
			if c&(1<<31) != 0 {
				c = c<<1 ^ 0x04c11db7
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()

func crc(b []byte) uint32 {
	c := ^uint32(0)
	for _, v := range b {
		c = c<<8 ^ crcTable[byte(c>>24)^v]
	}
	return c
}

// section renders a section of a table (§2.4.4.3, §2.4.4.8), behind the
// pointer_field that goes before it.
func section(table uint8, id uint16, version uint8, body []byte) []byte {
	b := make([]byte, 1, 1+8+len(body)+4)
	b = append(b, table)
	b = binary.BigEndian.AppendUint16(b, 0xb000|uint16(5+len(body)+4))
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, 0xc1|version<<1, 0, 0) // current, section 0 of 0
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, crc(b[1:]))
}

// associations is the PAT, which never changes.
var associations = func() []byte {
	const table, stream = 0, 1
	body := binary.BigEndian.AppendUint16(nil, program)
	return section(table, stream, 0, binary.BigEndian.AppendUint16(body, 0xe000|pidPMT))
}()

// programBody is what the PMT says of the lanes.
func programBody(lanes []*lane) []byte {
	clock := uint16(0x1fff) // none
	if len(lanes) > 0 {
		clock = lanes[0].pid
	}
	b := binary.BigEndian.AppendUint16(nil, 0xe000|clock)
	b = binary.BigEndian.AppendUint16(b, 0xf000) // no descriptors of the program
	for _, l := range lanes {
		b = append(b, l.stream.kind)
		b = binary.BigEndian.AppendUint16(b, 0xe000|l.pid)
		b = binary.BigEndian.AppendUint16(b, 0xf000|uint16(len(l.stream.descriptors)))
		b = append(b, l.stream.descriptors...)
	}
	return b
}

// appendTable appends the packets of a section. The rest of the last one is
// filled behind the section (§2.4.4).
func appendTable(dst []byte, pid uint16, counter *uint8, section []byte) []byte {
	for start := byte(unitStart); len(section) > 0; start = 0 {
		at := len(dst)
		dst = slices.Grow(dst, PacketSize)[:at+PacketSize]
		p := dst[at:]
		p[0], p[1], p[2], p[3] = syncByte, start|byte(pid>>8), byte(pid), hasData|*counter
		*counter = (*counter + 1) & 0xf
		n := copy(p[4:], section)
		section = section[n:]
		for i := 4 + n; i < len(p); i++ {
			p[i] = 0xff
		}
	}
	return dst
}
