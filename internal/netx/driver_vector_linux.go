//go:build !portable

package netx

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Vector is a row of slices in the form that writev wants, made once and written
// to any number of connections of one lane. The zero value is empty and ready. It
// belongs to its lane: no other goroutine may use it while a rider may return it.
type Vector struct {
	iov  []unix.Iovec // holds the memory, too: Base is a pointer to the collector
	size int
	// filled counts the calls of Set.
	filled uint64
	// kept counts the seats that are still to write the rest of it, and those
	// that left with that rest.
	kept int
}

// Set fills the vector anew with slices, whose memory it refers to; empty ones
// are left out. It allocates nothing once the vector has grown. It panics when
// the vector is [Vector.Kept].
func (v *Vector) Set(slices [][]byte) {
	if v.kept > 0 {
		panic("netx: Set of a Vector that is being written")
	}
	v.filled++
	clear(v.iov)
	v.iov, v.size = v.iov[:0], 0
	for _, p := range slices {
		if len(p) == 0 {
			continue
		}
		e := unix.Iovec{Base: unsafe.SliceData(p)}
		e.SetLen(len(p))
		v.iov = append(v.iov, e)
		v.size += len(p)
	}
}

// Len returns the number of bytes.
func (v *Vector) Len() int { return v.size }

// Kept reports whether somebody still needs the vector after the turn in which
// he got it, because his socket took only a part. It and the memory that it
// refers to must then stay as they are: whoever wants to send something else
// makes another.
func (v *Vector) Kept() bool { return v.kept > 0 }

// from returns the slices after the first at ones, without the first off bytes.
func (v *Vector) from(at, off int) [][]byte {
	rest := make([][]byte, 0, len(v.iov)-at)
	for _, e := range v.iov[at:] {
		rest = append(rest, unsafe.Slice(e.Base, int(e.Len)))
	}
	rest[0] = rest[0][off:]
	return rest
}
