package media

import (
	"errors"
	"io"
	"testing"
)

// bitWriter is the reverse of bits, to make records that no encoder at hand
// makes.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) write(v uint64, n int) *bitWriter {
	for i := n - 1; i >= 0; i-- {
		if w.n&7 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n>>3] |= byte(v>>i&1) << (7 - w.n&7)
		w.n++
	}
	return w
}

func (w *bitWriter) ue(vs ...uint64) *bitWriter {
	for _, v := range vs {
		n := 0
		for x := v + 1; x > 1; x >>= 1 {
			n++
		}
		w.write(0, n).write(v+1, n+1)
	}
	return w
}

func TestBitsExpGolomb(t *testing.T) {
	w := &bitWriter{}
	unsigned := []uint64{0, 1, 2, 7, 8, 255, 65535, 1<<32 - 2}
	w.ue(unsigned...)
	w.ue(0, 1, 2, 3, 4) // as signed: 0 1 -1 2 -2
	r := &bits{b: w.b}
	for _, want := range unsigned {
		if got := r.ue(); uint64(got) != want {
			t.Errorf("ue() = %d, want %d", got, want)
		}
	}
	for _, want := range []int32{0, 1, -1, 2, -2} {
		if got := r.se(); got != want {
			t.Errorf("se() = %d, want %d", got, want)
		}
	}
	if r.err != nil {
		t.Error(r.err)
	}
}

func TestBitsRememberFirstError(t *testing.T) {
	r := &bits{b: []byte{0xff, 0xff}}
	r.read(12)
	if got := r.read(5); got != 0 || !errors.Is(r.err, io.ErrUnexpectedEOF) {
		t.Errorf("read past the end: %d, %v", got, r.err)
	}
	r.fail(errGolomb)
	if got := r.read(1) + r.ue(); got != 0 || !errors.Is(r.err, io.ErrUnexpectedEOF) {
		t.Errorf("read after an error: %d, %v", got, r.err)
	}
	r = &bits{b: make([]byte, 16)}
	if got := r.ue(); got != 0 || !errors.Is(r.err, errGolomb) {
		t.Errorf("endless ue() = %d, %v", got, r.err)
	}
	r = &bits{b: make([]byte, 1)}
	if r.skip(9); !errors.Is(r.err, io.ErrUnexpectedEOF) {
		t.Errorf("skip past the end: %v", r.err)
	}
}
