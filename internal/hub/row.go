package hub

import (
	"slices"

	"github.com/millrace-live/millrace/media"
)

// row asks many readers for frames, one after another, on one goroutine. Those
// that stand at the same place of a stream get the same frames, and row tells
// so: what was made of them for the last reader then serves the next one. The
// zero value is ready.
type row struct {
	frames, last [64]*media.Frame
	n            int // of last
}

// next is [Reader.Next] of r. same reports whether the frames are those of the
// call before that gave any, in number and order. They are valid until the next
// call.
func (w *row) next(r *Reader) (frames []*media.Frame, same bool, err error) {
	n, err := r.Next(w.frames[:])
	if n == 0 {
		return nil, false, err
	}
	if slices.Equal(w.frames[:n], w.last[:w.n]) {
		return w.last[:n], true, err
	}
	clear(w.last[min(n, w.n):w.n]) // or they would be kept from the collector
	w.n = copy(w.last[:], w.frames[:n])
	return w.last[:n], false, err
}
