package httpts

import (
	"errors"
	"fmt"
	"io"
)

// packets is what a viewer got, as far as it matters here.
type packets struct {
	n        int
	frames   int // PES packets
	keys     int // PES packets of pictures that are marked as random access
	gaps     int // jumps of a counter that were announced
	counters map[uint16]byte
	told     map[uint16]bool // PIDs whose next counter may be any
}

// errPackets is what is wrong with a stream, rather than with its connection.
var errPackets = errors.New("damaged stream")

// read reads packets until an error, io.EOF at the end.
func (p *packets) read(r io.Reader, each func() (enough bool)) error {
	p.counters, p.told = map[uint16]byte{}, map[uint16]bool{}
	var b [188]byte
	for {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return err
		}
		pid := uint16(b[1]&0x1f)<<8 | uint16(b[2])
		var flags byte
		if b[3]&0x20 != 0 && b[4] > 0 {
			flags = b[5]
		}
		switch want := [...]uint16{0, 0x1000}; {
		case b[0] != 0x47:
			return fmt.Errorf("%w: packet %d begins with %#x", errPackets, p.n, b[0])
		case p.n < len(want) && pid != want[p.n]:
			return fmt.Errorf("%w: packet %d is of PID %#x", errPackets, p.n, pid)
		case p.frames == 0 && b[1]&0x40 != 0 && pid >= 0x100 && pid < 0x1000 && flags != 0x50: // behind clock references alone
			return fmt.Errorf("%w: packet %d has flags %#x: it is no key frame", errPackets, p.n, flags)
		}
		p.n++
		last, known := p.counters[pid]
		counter := b[3] & 0xf
		if flags&0x80 != 0 {
			p.told[pid], known = true, false
		}
		if b[3]&0x10 != 0 {
			last = (last + 1) & 0xf
		}
		if known && counter != last {
			return fmt.Errorf("%w: packet %d of PID %#x has counter %d, not %d", errPackets, p.n, pid, counter, last)
		}
		p.counters[pid] = counter
		if flags&0x80 != 0 {
			p.gaps++
		}
		if b[1]&0x40 != 0 && pid >= 0x100 && pid < 0x1000 {
			p.frames++
			if pid == 0x100 && flags&0x40 != 0 {
				p.keys++
			}
		}
		if each != nil && each() {
			return nil
		}
	}
}
