package ts

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/millrace-live/millrace/media"
)

// reader reads a transport stream strictly: what it does not expect is an error.
type reader struct {
	counters map[uint16]uint8
	open     map[uint16]*pesPacket
	tables   map[uint16][]byte // sections that are not whole yet
	programs [][]byte          // the PMTs that differ, one after another
	clockPID uint16
	clocks   []clockReference
	units    []*pesPacket
	log      bytes.Buffer
	packets  int
}

type clockReference struct {
	packet        int
	value         int64
	discontinuity bool
}

// pesPacket is one PES packet.
type pesPacket struct {
	packet        int // the number of its first
	pid           uint16
	id            uint8
	pts, dts      int64
	length        int // as it is stated
	random        bool
	discontinuity bool
	data          []byte
}

func newReader() *reader {
	return &reader{counters: map[uint16]uint8{}, open: map[uint16]*pesPacket{}, tables: map[uint16][]byte{}}
}

func (r *reader) read(b []byte) error {
	if len(b)%PacketSize != 0 {
		return fmt.Errorf("%d bytes are not whole packets", len(b))
	}
	for ; len(b) > 0; b = b[PacketSize:] {
		if err := r.packet(b[:PacketSize]); err != nil {
			return fmt.Errorf("packet %d: %w", r.packets, err)
		}
		r.packets++
	}
	return nil
}

// end closes the PES packets that are open.
func (r *reader) end() error {
	for pid := range r.open {
		if err := r.finish(pid); err != nil {
			return err
		}
	}
	slices.SortFunc(r.units, func(a, b *pesPacket) int { return cmp.Compare(a.packet, b.packet) })
	return nil
}

func (r *reader) packet(p []byte) error {
	if p[0] != 0x47 || p[1]&0xa0 != 0 || p[3]&0xc0 != 0 {
		return fmt.Errorf("header %x", p[:4])
	}
	pid, start := uint16(p[1]&0x1f)<<8|uint16(p[2]), p[1]&0x40 != 0
	control, counter := p[3]>>4&3, p[3]&0xf
	last, known := r.counters[pid]
	switch {
	case control == 0:
		return fmt.Errorf("neither field nor payload")
	case known && control&1 != 0 && counter != (last+1)&0xf:
		return fmt.Errorf("PID %#x: counter %d after %d", pid, counter, last)
	case known && control&1 == 0 && counter != last:
		return fmt.Errorf("PID %#x: counter %d after %d without payload", pid, counter, last)
	}
	r.counters[pid] = counter
	fmt.Fprintf(&r.log, "%04x %x", pid, control)
	b := p[4:]
	var flags uint8
	if control&2 != 0 {
		n := int(b[0])
		if control&1 != 0 && n > 182 || control&1 == 0 && n != 183 {
			return fmt.Errorf("field of %d bytes", n)
		}
		field := b[1 : 1+n]
		b = b[1+n:]
		if n > 0 {
			flags = field[0]
			field = field[1:]
			if flags&^0xd0 != 0 {
				return fmt.Errorf("flags %#x", flags)
			}
			if flags&0x10 != 0 {
				base := int64(binary.BigEndian.Uint32(field))<<1 | int64(field[4]>>7)
				if field[4]&0x7f != 0x7e || field[5] != 0 {
					return fmt.Errorf("clock reference %x", field[:6])
				}
				if pid != r.clockPID {
					return fmt.Errorf("clock reference in PID %#x, not %#x", pid, r.clockPID)
				}
				r.clocks = append(r.clocks, clockReference{r.packets, base, flags&0x80 != 0})
				fmt.Fprintf(&r.log, " pcr=%d", base)
				field = field[6:]
			}
			if len(bytes.Trim(field, "\xff")) > 0 {
				return fmt.Errorf("stuffing %x", field)
			}
		}
		fmt.Fprintf(&r.log, " flags=%02x", flags)
	}
	defer r.log.WriteByte('\n')
	switch {
	case control&1 == 0:
		return nil
	case pid == 0 || pid == 0x1000:
		return r.table(pid, start, b)
	case start:
		if err := r.finish(pid); err != nil {
			return err
		}
		u := &pesPacket{packet: r.packets, pid: pid, random: flags&0x40 != 0, discontinuity: flags&0x80 != 0}
		if err := u.header(b); err != nil {
			return err
		}
		fmt.Fprintf(&r.log, " pes id=%02x length=%d pts=%d dts=%d", u.id, u.length, u.pts, u.dts)
		r.open[pid] = u
		return nil
	case r.open[pid] == nil:
		return fmt.Errorf("PID %#x goes on before it has begun", pid)
	}
	r.open[pid].data = append(r.open[pid].data, b...)
	return nil
}

func (u *pesPacket) header(b []byte) error {
	if len(b) < 14 || b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]&0xc0 != 0x80 {
		return fmt.Errorf("PES header %x", b[:9])
	}
	u.id, u.length = b[3], int(b[4])<<8|int(b[5])
	n := 9 + int(b[8])
	var err error
	switch {
	case b[7] == 0x80 && b[8] == 5:
		u.pts, err = stamp(b[9:], 2)
		u.dts = u.pts
	case b[7] == 0xc0 && b[8] == 10 && len(b) >= 19:
		if u.pts, err = stamp(b[9:], 3); err == nil {
			u.dts, err = stamp(b[14:], 1)
		}
	default:
		err = fmt.Errorf("PES flags %x", b[6:9])
	}
	u.data = append(u.data, b[n:]...)
	if u.length > 0 {
		u.length -= n - 6
	}
	return err
}

func stamp(b []byte, prefix uint8) (int64, error) {
	if b[0]>>4 != prefix || b[0]&b[2]&b[4]&1 == 0 {
		return 0, fmt.Errorf("stamp %x", b[:5])
	}
	return int64(b[0]>>1&7)<<30 | int64(b[1])<<22 | int64(b[2]>>1)<<15 | int64(b[3])<<7 | int64(b[4]>>1), nil
}

func (r *reader) finish(pid uint16) error {
	u := r.open[pid]
	if u == nil {
		return nil
	}
	delete(r.open, pid)
	if u.length != len(u.data) && (u.length != 0 || u.id != 0xe0) {
		return fmt.Errorf("PID %#x: %d bytes in a PES packet that states %d", pid, len(u.data), u.length)
	}
	r.units = append(r.units, u)
	return nil
}

func (r *reader) table(pid uint16, start bool, b []byte) error {
	if start {
		if b[0] != 0 {
			return fmt.Errorf("pointer %d", b[0])
		}
		r.tables[pid] = nil
		b = b[1:]
	}
	r.tables[pid] = append(r.tables[pid], b...)
	s := r.tables[pid]
	length := 3 + int(binary.BigEndian.Uint16(s[1:])&0xfff)
	if len(s) < length {
		return nil
	}
	if len(bytes.Trim(s[length:], "\xff")) > 0 {
		return fmt.Errorf("%x behind a section", s[length:])
	}
	s = s[:length]
	if c := reflectedFreeCRC(s); c != 0 {
		return fmt.Errorf("section %x: CRC %x", s, c)
	}
	fmt.Fprintf(&r.log, " section %s", hex.EncodeToString(s))
	if pid == 0x1000 {
		r.clockPID = binary.BigEndian.Uint16(s[8:]) & 0x1fff
		if n := len(r.programs); n == 0 || !bytes.Equal(r.programs[n-1], s) {
			r.programs = append(r.programs, bytes.Clone(s))
		}
	}
	return nil
}

// reflectedFreeCRC is the CRC bit by bit, as annex A draws it.
func reflectedFreeCRC(b []byte) uint32 {
	c := ^uint32(0)
	for _, v := range b {
		for i := 7; i >= 0; i-- {
			out := c>>31 ^ uint32(v>>i&1)
			c <<= 1
			if out != 0 {
				c ^= 0x04c11db7
			}
		}
	}
	return c
}

// clockErrors checks what a decoder may rely on: clock references rise and are at
// most 100 ms apart, and none is later than a decoding time behind it.
func (r *reader) clockErrors() error {
	for i, c := range r.clocks {
		if i == 0 || c.discontinuity {
			continue
		}
		step := (c.value - r.clocks[i-1].value) & stampMask
		if step <= 0 || step > Timescale/10 {
			return fmt.Errorf("packet %d: a clock reference %d ticks after the one before", c.packet, step)
		}
	}
	dts := map[uint16]int64{}
	clock := -1
	for _, u := range r.units {
		for clock+1 < len(r.clocks) && r.clocks[clock+1].packet <= u.packet {
			clock++
		}
		if clock < 0 {
			return fmt.Errorf("packet %d: no clock reference yet", u.packet)
		}
		if ahead := (u.dts - r.clocks[clock].value) & stampMask; ahead > Timescale {
			return fmt.Errorf("packet %d: PID %#x is to be decoded at %d, and the clock is %d", u.packet, u.pid, u.dts, r.clocks[clock].value)
		}
		if before, ok := dts[u.pid]; ok && ((u.dts-before)&stampMask == 0 || (u.dts-before)&stampMask > stampMask/2) {
			return fmt.Errorf("packet %d: PID %#x: %d after %d", u.packet, u.pid, u.dts, before)
		}
		if (u.pts-u.dts)&stampMask > 2*Timescale {
			return fmt.Errorf("packet %d: PID %#x: shown at %d, decoded at %d", u.packet, u.pid, u.pts, u.dts)
		}
		dts[u.pid] = u.dts
	}
	return nil
}

// units returns the coded data of a PES packet: what is in front of it is checked
// and taken off. It is NAL units for pictures, and one frame else.
func (u *pesPacket) coded(t *media.Track) ([][]byte, error) {
	switch t.Codec {
	case media.H264, media.HEVC:
		return u.nals(t)
	case media.AAC:
		b := u.data
		if len(b) < 7 || b[0] != 0xff || b[1] != 0xf1 {
			return nil, fmt.Errorf("ADTS header %x", b)
		}
		if n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5; n != len(b) {
			return nil, fmt.Errorf("ADTS header states %d of %d bytes", n, len(b))
		}
		return [][]byte{b[7:]}, nil
	case media.Opus:
		b := u.data
		if len(b) < 3 || b[0] != 0x7f || b[1] != 0xe0 {
			return nil, fmt.Errorf("Opus control header %x", b)
		}
		size := 0
		for b = b[2:]; len(b) > 0; {
			v := b[0]
			size, b = size+int(v), b[1:]
			if v != 0xff {
				break
			}
		}
		if size != len(b) {
			return nil, fmt.Errorf("Opus control header states %d of %d bytes", size, len(b))
		}
		return [][]byte{b}, nil
	}
	return [][]byte{u.data}, nil
}

// nals returns the NAL units behind the delimiter.
func (u *pesPacket) nals(t *media.Track) ([][]byte, error) {
	delimiter := map[media.Codec]string{media.H264: "\x09\xf0", media.HEVC: "\x46\x01\x50"}[t.Codec]
	if !bytes.HasPrefix(u.data, []byte("\x00\x00\x00\x01"+delimiter)) {
		return nil, fmt.Errorf("it begins with %x", u.data[:8])
	}
	units := bytes.Split(u.data, []byte{0, 0, 0, 1})[1:]
	return units[1:], nil
}

func millis(t int64) time.Duration { return time.Duration(t) * time.Second / Timescale }
