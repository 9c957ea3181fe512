package httpflv

import (
	"github.com/millrace-live/millrace/flv"
)

// batch gathers tags so that they leave together. Headers are rendered into
// scratch, payloads are referred to. It is reused from one wake to the next.
type batch struct {
	scratch []byte
	// cuts[i] is where in scratch the payload i stands.
	cuts     []int
	payloads [][]byte
	size     int
	buffers  [][]byte
}

func (b *batch) reset() {
	clear(b.payloads) // or the batch would keep them from the collector
	clear(b.buffers[:cap(b.buffers)])
	b.scratch, b.cuts, b.payloads, b.size = b.scratch[:0], b.cuts[:0], b.payloads[:0], 0
}

// header appends the start of the file. It claims both kinds: either may come
// later, and no player believes it.
func (b *batch) header() { b.own(flv.AppendFileHeader(b.scratch, true, true)) }

// own takes scratch with something appended.
func (b *batch) own(scratch []byte) {
	b.size += len(scratch) - len(b.scratch)
	b.scratch = scratch
}

// tag appends a tag. Its trailing size goes with it: players wait for that.
func (b *batch) tag(t *flv.Tag) {
	b.own(append(flv.AppendTagHeader(b.scratch, t.Type, t.Timestamp, t.Size()), t.Head()...))
	b.cuts = append(b.cuts, len(b.scratch))
	b.payloads = append(b.payloads, t.Payload)
	b.size += len(t.Payload)
	b.own(flv.AppendPreviousTagSize(b.scratch, t.Size()))
}

// slices returns the pieces of the batch, for one writev.
func (b *batch) slices() [][]byte {
	b.buffers = b.buffers[:0]
	from := 0
	for i, cut := range b.cuts {
		b.buffers = append(b.buffers, b.scratch[from:cut], b.payloads[i])
		from = cut
	}
	b.buffers = append(b.buffers, b.scratch[from:])
	return b.buffers
}

// appendTo appends the batch to dst, for connections that take one buffer.
func (b *batch) appendTo(dst []byte) []byte {
	from := 0
	for i, cut := range b.cuts {
		dst = append(append(dst, b.scratch[from:cut]...), b.payloads[i]...)
		from = cut
	}
	return append(dst, b.scratch[from:]...)
}
