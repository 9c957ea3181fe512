package amf

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// Whatever the bytes, decoding ends within its limits, and what was decoded is
// written and read back the same: with an error too, since callers use what
// came before it.
func fuzzDecode(t *testing.T, b []byte, decode func([]byte) (List, error), write func([]byte, ...Value) ([]byte, error)) {
	l, err := decode(b)
	var at *Error
	if err != nil && (!errors.As(err, &at) || at.Offset < 0 || at.Offset > len(b) || errors.Is(err, io.EOF)) {
		t.Fatalf("error %#v", err)
	}
	if len(l) > DefaultValues {
		t.Fatalf("%d values", len(l))
	}
	first, err := write(nil, l...)
	if err != nil {
		t.Fatalf("writing what was decoded: %v\n%s", err, dump(l))
	}
	// A value is at most a marker, a length, flags and its text.
	if most := 16*DefaultValues + DefaultBytes; len(first) > most {
		t.Fatalf("%d bytes grew to %d", len(b), len(first))
	}
	again, err := decode(first)
	if err != nil {
		t.Fatalf("reading %x: %v", first, err)
	}
	if !sameLists(again, l) {
		t.Fatalf("decoded\n%sand, written and read again,\n%s", dump(l), dump(again))
	}
	second, err := write(nil, again...)
	if err != nil || !bytes.Equal(second, first) {
		t.Fatalf("written as %x and then as %x, %v", first, second, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range messages(f) {
		f.Add(b)
	}
	for _, v := range vectors0 {
		f.Add(unhex(f, v.hex))
	}
	for _, v := range vectors3 {
		f.Add(append([]byte{avmplus0}, unhex(f, v.hex)...))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fuzzDecode(t, b, Decode, Append) })
}

func FuzzDecode3(f *testing.F) {
	for _, v := range vectors3 {
		f.Add(unhex(f, v.hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fuzzDecode(t, b, Decode3, Append3) })
}
