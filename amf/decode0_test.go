package amf

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

// loop is an object that contains itself under that name.
func loop(name string) *Object {
	o := NewObject()
	o.Set(name, o)
	return o
}

// vectors0 are values that AMF0 writes in one way only.
var vectors0 = []struct {
	name  string
	hex   string
	value Value
}{
	{"one", "00 3FF0000000000000", 1.0},
	{"negative", "00 C09F400000000000", -2000.0},
	{"NaN", "00 7FF8000000000000", math.Float64frombits(0x7FF8 << 48)},
	{"signalling NaN", "00 7FF0000000000001", math.Float64frombits(0x7FF0<<48 | 1)},
	{"true", "01 01", true},
	{"false", "01 00", false},
	{"string", "02 0007 636F6E6E656374", "connect"},
	{"empty string", "02 0000", ""},
	{"invalid UTF-8", "02 0003 FF00C0", "\xFF\x00\xC0"},
	{"null", "05", nil},
	{"undefined", "06", Undefined{}},
	{"unsupported", "0D", Unsupported{}},
	{"empty object", "03 0000 09", NewObject()},
	{"object", "03 0003 617070 02 0004 6C697665 0000 09", NewObject("app", "live")},
	{"empty name", "03 0000 02 0001 78 0001 61 05 0000 09", NewObject("", "x", "a", nil)},
	{"name twice", "03 0001 61 0101 0001 61 0100 0000 09", NewObject("a", true, "a", false)},
	{"ECMA array", "08 00000001 0008 6475726174696F6E 00 0000000000000000 0000 09", NewECMAArray("duration", 0.0)},
	{
		"ECMA array, wrong count", "08 FFFFFFFF 0001 61 05 0000 09",
		&ECMAArray{Count: math.MaxUint32, Properties: Properties{{"a", nil}}},
	},
	{"strict array", "0A 00000003 00 3FF0000000000000 02 0001 61 05", NewArray(1.0, "a", nil)},
	{"empty strict array", "0A 00000000", NewArray()},
	{"date", "0B 408F400000000000 0000", Date{Milliseconds: 1000}},
	{"date with zone", "0B 408F400000000000 FFC4", Date{Milliseconds: 1000, Zone: -60}},
	{"XML document", "0F 00000004 3C612F3E", XMLDocument("<a/>")},
	{
		"typed object", "10 0003 466F6F 0001 78 01 01 0000 09",
		&Object{Class: "Foo", Properties: Properties{{"x", true}}},
	},
	{"AMF3", "11 04 05", AMF3{5}},
	{"AMF3 null", "11 01", AMF3{nil}},
	{"back to AMF0", "0A 00000002 11 04 05 05", NewArray(AMF3{5}, nil)},
	{"cycle", "03 0001 6F 07 0000 0000 09", loop("o")},
}

func TestVectors0(t *testing.T) {
	for _, v := range vectors0 {
		t.Run(v.name, func(t *testing.T) {
			b := unhex(t, v.hex)
			got, err := Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if !sameLists(got, List{v.value}) {
				t.Errorf("decoded %s, want %s", dump(got), dump(List{v.value}))
			}
			again, err := Append(nil, v.value)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, b) {
				t.Errorf("encoded %x, want %x", again, b)
			}
		})
	}
}

// What is read, but written in another way.
func TestDecode0Tolerates(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      List
	}{
		{"short long string", "0C 00000003 616263", List{"abc"}},
		{"any true", "01 02", List{true}},
		{"typed object without a class", "10 0000 0000 09", List{NewObject()}},
		{"no end marker", "05 03 0001 61 0101", List{nil, NewObject("a", true)}},
		{"no end marker, ECMA", "08 00000014 0001 61 0101", List{&ECMAArray{Count: 20, Properties: Properties{{"a", true}}}}},
		{"no end marker, nested", "03 0001 6F 03 0001 61 0101", List{NewObject("o", NewObject("a", true))}},
		{"half an end marker", "03 0001 61 0101 0000", List{NewObject("a", true)}},
		{"object of nothing", "03", List{NewObject()}},
		{"empty message", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode(unhex(t, c.hex))
			if err != nil {
				t.Fatal(err)
			}
			if !sameLists(got, c.want) {
				t.Errorf("got %s, want %s", dump(got), dump(c.want))
			}
		})
	}
}

// References count objects and arrays of every kind in the order of their
// markers, before what they contain.
func TestReferences0(t *testing.T) {
	l, err := Decode(unhex(t, "03 0001 61 0A 00000000 0000 09  08 00000000 0000 09  10 0001 43 0000 09"+
		"07 0000 07 0001 07 0002 07 0003"))
	if err != nil {
		t.Fatal(err)
	}
	o := l[0].(*Object)
	for i, want := range []Value{o, o.Get("a"), l[1], l[2]} {
		if got := l[3+i]; got != want {
			t.Errorf("reference %d is %T, want %T", i, got, want)
		}
	}
}

func TestDecode0Errors(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		err       error
		offset    int
		kept      List
	}{
		{"number", "05 00 3FF0", ErrTruncated, 2, List{nil}},
		{"boolean", "01", ErrTruncated, 1, nil},
		{"string", "02 0005 6162", ErrTruncated, 3, nil},
		{"length of string", "02 00", ErrTruncated, 1, nil},
		{"long string of 4 GiB", "0C FFFFFFFF 6162", ErrTruncated, 5, nil},
		{"XML", "0F 00000002 61", ErrTruncated, 5, nil},
		{"date", "0B 408F400000000000 00", ErrTruncated, 9, nil},
		{"class", "10 0003 46", ErrTruncated, 3, nil},
		{"count of ECMA array", "08 0000", ErrTruncated, 1, nil},
		{"count of strict array", "0A 0000", ErrTruncated, 1, nil},
		{"strict array of 4 Gi", "0A FFFFFFFF 05 05", ErrTruncated, 7, List{NewArray(nil, nil)}},
		{"name", "03 0001 61 05 0003 62", ErrTruncated, 7, List{NewObject("a", nil)}},
		{"no value", "03 0001 61 05 0001 62", ErrTruncated, 8, List{NewObject("a", nil)}},
		{"nested", "03 0001 61 03 0001 62 05 0001 63 7F", ErrMarker, 13, List{NewObject("a", NewObject("b", nil))}},
		{"end marker alone", "05 09", ErrMarker, 2, List{nil}},
		{"movie clip", "04", ErrMarker, 1, nil},
		{"record set", "0E", ErrMarker, 1, nil},
		{"junk after a command", "02 0001 61 00 3FF0000000000000 05 FF FF", ErrMarker, 15, List{"a", 1.0, nil}},
		{"reference to nothing", "07 0000", ErrReference, 3, nil},
		{"reference to the next", "0A 00000001 07 0001", ErrReference, 8, List{NewArray()}},
		{"no AMF3 value", "11", ErrTruncated, 1, nil},
		{"half an AMF3 value", "11 09 05 01 04 01", ErrTruncated, 6, List{AMF3{NewArray(1)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode(unhex(t, c.hex))
			var at *Error
			if !errors.Is(err, c.err) || !errors.As(err, &at) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if at.Offset != c.offset {
				t.Errorf("stopped at %d, want %d", at.Offset, c.offset)
			}
			if !sameLists(got, c.kept) {
				t.Errorf("kept %s, want %s", dump(got), dump(c.kept))
			}
		})
	}
}

func TestLongString0(t *testing.T) {
	for _, n := range []int{65535, 65536} {
		s := strings.Repeat("x", n)
		b, err := Append(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		marker := byte(string0)
		if n > 65535 {
			marker = longString0
		}
		if b[0] != marker {
			t.Errorf("%d bytes begin with marker %#x, want %#x", n, b[0], marker)
		}
		l, err := Decode(b)
		if err != nil || l.String(0) != s {
			t.Errorf("%d bytes came back as %d, %v", n, len(l.String(0)), err)
		}
	}
}
