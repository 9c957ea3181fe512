package media

import (
	"errors"
	"io"
)

var errGolomb = errors.New("Exp-Golomb code is longer than 32 bits")

// bits is a cursor over a bit string. It remembers its first error, after which
// every read gives zero, so that a parser checks once at its end.
type bits struct {
	b   []byte
	pos int // in bits
	err error
}

func (r *bits) left() int { return len(r.b)*8 - r.pos }

func (r *bits) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// read returns the next n bits, n <= 32.
func (r *bits) read(n int) uint32 {
	if r.err != nil {
		return 0
	}
	if n > r.left() {
		r.err = io.ErrUnexpectedEOF
		return 0
	}
	var v uint64
	for n > 0 {
		take := min(8-r.pos&7, n)
		v = v<<take | uint64(r.b[r.pos>>3]>>(8-r.pos&7-take))&(1<<take-1)
		r.pos += take
		n -= take
	}
	return uint32(v)
}

func (r *bits) flag() bool { return r.read(1) == 1 }

// skip passes over n bits of any number.
func (r *bits) skip(n int) {
	if r.err != nil {
		return
	}
	if n > r.left() {
		r.err = io.ErrUnexpectedEOF
		return
	}
	r.pos += n
}

// align moves to the next byte boundary.
func (r *bits) align() { r.pos = (r.pos + 7) &^ 7 }

// ue reads an unsigned Exp-Golomb code (H.264 §9.1).
func (r *bits) ue() uint32 {
	zeros := 0
	for r.err == nil && !r.flag() {
		if zeros++; zeros > 31 {
			r.fail(errGolomb)
		}
	}
	low := r.read(zeros)
	if r.err != nil {
		return 0
	}
	return 1<<zeros - 1 + low
}

// se reads a signed Exp-Golomb code (H.264 §9.1.1).
func (r *bits) se() int32 {
	v := r.ue()
	if v&1 == 1 {
		return int32(v>>1) + 1
	}
	return -int32(v >> 1)
}
