package amf

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

func TestDecoderStepsThroughMessage(t *testing.T) {
	b := unhex(t, "02 0004 706C6179 00 4010000000000000 05 FF 05")
	d := NewDecoder(b)
	for i, want := range []Value{"play", 4.0, nil} {
		if !d.More() {
			t.Fatalf("no more before value %d", i)
		}
		got, err := d.Decode()
		if err != nil || got != want {
			t.Fatalf("value %d is %v, %v, want %v", i, got, err, want)
		}
	}
	if got := d.Rest(); !bytes.Equal(got, b[len(b)-2:]) {
		t.Errorf("rest %x", got)
	}
	_, first := d.Decode()
	if !errors.Is(first, ErrMarker) {
		t.Fatalf("error %v", first)
	}
	if d.More() {
		t.Error("more after an error")
	}
	if _, again := d.Decode(); again != first {
		t.Errorf("second error %v, want the first", again)
	}
	if got := d.Rest(); !bytes.Equal(got, b[len(b)-2:]) {
		t.Errorf("rest after the error %x", got)
	}
}

func TestDecoderEnds(t *testing.T) {
	d := NewDecoder([]byte{null0})
	if _, err := d.Decode(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if v, err := d.Decode(); v != nil || err != io.EOF {
			t.Errorf("got %v, %v, want io.EOF", v, err)
		}
	}
	if d.More() || len(d.Rest()) != 0 {
		t.Error("more after the end")
	}
}

func TestDecodedSharesNoMemory(t *testing.T) {
	b := unhex(t, "02 0001 61 11 0C 03 01")
	l, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if l.String(0) != "a" || !same(l.Get(1), []byte{1}) {
		t.Errorf("changed with the message: %s", dump(l))
	}
}

// nested0 is n arrays, each in the one before it.
func nested0(n int) []byte { return bytes.Repeat([]byte{strictArray0, 0, 0, 0, 1}, n) }

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name    string
		message []byte
		three   bool
		over    func(*Limits)
		within  func(*Limits)
	}{
		{
			name:    "depth",
			message: append(nested0(31), unhex(t, "03 0000 09")...),
			over:    func(l *Limits) { l.Depth = 31 },
		},
		{
			name:    "depth in both versions",
			message: append(nested0(30), unhex(t, "11 09 03 01 09 01 01")...),
			over:    func(l *Limits) { l.Depth = 31 },
		},
		{
			name:    "values",
			message: bytes.Repeat([]byte{null0}, 10_000),
			over:    func(l *Limits) { l.Values = 9_999 },
		},
		{
			name:    "references",
			message: append([]byte{strictArray0, 0, 0, 0x27, 0x0F}, bytes.Repeat([]byte{reference0, 0, 0}, 9_999)...),
			over:    func(l *Limits) { l.Values = 9_999 },
		},
		{
			name:    "strings",
			message: append([]byte{longString0, 0, 4, 0, 0}, strings.Repeat("x", 256<<10)...),
			over:    func(l *Limits) { l.Bytes = 256<<10 - 1 },
		},
		{
			name:    "names",
			message: unhex(t, "03 0003 616263 05 0002 6465 02 0001 66 0000 09"),
			over:    func(l *Limits) { l.Bytes = 5 },
			within:  func(l *Limits) { l.Bytes = 6 },
		},
		{
			name:    "strings by reference",
			message: unhex(t, "06 07 616263 06 00 06 00"),
			three:   true,
			over:    func(l *Limits) { l.Bytes = 8 },
			within:  func(l *Limits) { l.Bytes = 9 },
		},
		{
			name:    "traits by reference",
			message: unhex(t, "0A 13 05 4142 03 61 01 0A 01 01"),
			three:   true,
			over:    func(l *Limits) { l.Bytes = 5 },
			within:  func(l *Limits) { l.Bytes = 6 },
		},
		{
			name:    "names of traits",
			message: unhex(t, "0A 23 01 03 61 03 62 01 01"),
			three:   true,
			over:    func(l *Limits) { l.Values = 4 },
			within:  func(l *Limits) { l.Values = 5 },
		},
		{
			name:    "byte arrays by reference",
			message: unhex(t, "0C 05 0102 0C 00"),
			three:   true,
			over:    func(l *Limits) { l.Bytes = 3 },
			within:  func(l *Limits) { l.Bytes = 4 },
		},
		{
			name:    "XML by reference",
			message: unhex(t, "0B 05 6162 0B 00 07 05 6162 07 02"),
			three:   true,
			over:    func(l *Limits) { l.Bytes = 7 },
			within:  func(l *Limits) { l.Bytes = 8 },
		},
		{
			name:    "vectors",
			message: unhex(t, "0D 05 00 00000001 00000002 0F 03 00 3FF8000000000000"),
			three:   true,
			over:    func(l *Limits) { l.Bytes = 15 },
			within:  func(l *Limits) { l.Bytes = 16 },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			decode := func(set func(*Limits)) error {
				d := NewDecoder(c.message)
				d.three = c.three
				if set != nil {
					set(&d.Limits)
				}
				_, err := d.All()
				return err
			}
			if err := decode(c.within); err != nil {
				t.Errorf("within the limit: %v", err)
			}
			if err := decode(c.over); !errors.Is(err, ErrLimit) {
				t.Errorf("over the limit: %v, want %v", err, ErrLimit)
			}
		})
	}
}

// An array that lies too deep is not kept empty in the one around it: what is
// kept must stay within the limits when it is written and read again.
func TestDepthLimitKeeps(t *testing.T) {
	l, err := Decode(nested0(33))
	if !errors.Is(err, ErrLimit) {
		t.Fatalf("error %v", err)
	}
	depth := 0
	for len(l) == 1 {
		depth++
		l = l.List(0)
	}
	if depth != DefaultDepth || len(l) != 0 {
		t.Errorf("kept %d arrays, the innermost holding %s", depth, dump(l))
	}
}

// The defaults are the smallest limits that let these messages through.
func TestDefaultLimits(t *testing.T) {
	for name, message := range map[string][]byte{
		"depth":  nested0(33),
		"values": bytes.Repeat([]byte{null0}, 10_001),
		"bytes":  append([]byte{longString0, 0, 4, 0, 1}, strings.Repeat("x", 256<<10+1)...),
	} {
		if _, err := Decode(message); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v, want %v", name, err, ErrLimit)
		}
	}
}

// What a hostile message makes the decoder allocate stays near the size of the
// message, whatever it declares.
func TestDeclaredSizesAllocateNothing(t *testing.T) {
	for name, hex := range map[string]string{
		"string":        "0C 7FFFFFFF",
		"strict array":  "0A FFFFFFFF",
		"ECMA array":    "08 FFFFFFFF 0001 61 05",
		"AMF3 string":   "11 06 FFFFFFFF",
		"AMF3 array":    "11 09 FFFFFFFF 01",
		"byte array":    "11 0C FFFFFFFF",
		"traits":        "11 0A FFFFFFFB 01",
		"vector":        "11 0F FFFFFFFF 00",
		"object vector": "11 10 FFFFFFFF 00 01",
		"dictionary":    "11 11 FFFFFFFF 00",
	} {
		b := unhex(t, hex)
		if got := allocated(func() { Decode(b) }); got > 4096 {
			t.Errorf("%s: %d bytes for a message of %d", name, got, len(b))
		}
	}
}

// The largest message that a stranger may send makes the decoder allocate a
// bounded multiple of it, whatever it is filled with.
func TestHostileMessageMemory(t *testing.T) {
	const size, most = 64 << 10, 8 << 20
	for name, c := range map[string]struct{ head, unit string }{
		"ECMA arrays":   {"0A FFFFFFFF", "08 FFFFFFFF 0001 61 05 0000 09"},
		"objects":       {"0A FFFFFFFF", "03 0000 09"},
		"strict arrays": {"0A FFFFFFFF", "0A 00000000"},
		"AMF3 arrays":   {"11 09 FFFFFFFF 01", "09 03 01 01"},
		"AMF3 objects":  {"11 09 FFFFFFFF 01 0A 13 01 03 61 01", "0A 01 01"},
		"traits":        {"11 09 FFFFFFFF 01", "0A 13 01 03 61 01"},
		"dictionaries":  {"11 09 FFFFFFFF 01", "11 01 00"},
		"strings":       {"11 09 FFFFFFFF 01", "06 03 61"},
	} {
		b := unhex(t, c.head)
		for unit := unhex(t, c.unit); len(b) < size; {
			b = append(b, unit...)
		}
		if got := allocated(func() { Decode(b) }); got > most {
			t.Errorf("%s: %d bytes for a message of %d", name, got, len(b))
		}
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}
