package amf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"testing"
)

var vectors3 = []struct {
	name  string
	hex   string
	value Value
}{
	{"undefined", "00", Undefined{}},
	{"null", "01", nil},
	{"false", "02", false},
	{"true", "03", true},
	{"integer", "04 05", 5},
	{"minus one", "04 FFFFFFFF", -1},
	{"300", "04 822C", 300},
	{"largest integer", "04 BFFFFFFF", 1<<28 - 1},
	{"smallest integer", "04 C0808000", -1 << 28},
	{"double", "05 3FF8000000000000", 1.5},
	{"integral double", "05 4008000000000000", 3.0},
	{"NaN", "05 7FF8000000000001", math.Float64frombits(0x7FF8<<48 | 1)},
	{"string", "06 0B 68656C6C6F", "hello"},
	{"empty string", "06 01", ""},
	{"XML document", "07 09 3C612F3E", XMLDocument("<a/>")},
	{"XML", "0B 09 3C612F3E", XML("<a/>")},
	{"date", "08 01 0000000000000000", Date{}},
	{"dense array", "09 05 01 04 01 04 02", NewArray(1, 2)},
	{
		"mixed array", "09 03 03 61 03 01 02",
		&Array{Values: List{false}, Assoc: Properties{{"a", true}}},
	},
	{"anonymous object", "0A 0B 01 03 61 04 01 01", NewObject("a", 1)},
	{
		"sealed object", "0A 23 07 466F6F 03 61 03 62 04 01 06 02",
		&Object{Class: "Foo", Properties: Properties{{"a", 1}, {"b", "a"}}, Sealed: 2, Closed: true},
	},
	{
		"sealed and dynamic", "0A 1B 01 03 61 01 03 62 03 01",
		&Object{Properties: Properties{{"a", nil}, {"b", true}}, Sealed: 1},
	},
	{"closed and empty", "0A 03 07 466F6F", &Object{Class: "Foo", Closed: true}},
	{"strings by reference", "09 07 01 06 0B 68656C6C6F 06 00 06 01", NewArray("hello", "hello", "")},
	{
		"traits by reference", "09 05 01 0A 13 01 03 61 02 0A 01 03",
		NewArray(
			&Object{Properties: Properties{{"a", false}}, Sealed: 1, Closed: true},
			&Object{Properties: Properties{{"a", true}}, Sealed: 1, Closed: true},
		),
	},
	{"byte array", "0C 05 01 02", []byte{1, 2}},
	{"Vector.<int>", "0D 05 01 FFFFFFFF 00000002", &Vector[int32]{Fixed: true, Values: []int32{-1, 2}}},
	{"Vector.<uint>", "0E 03 00 00000001", &Vector[uint32]{Values: []uint32{1}}},
	{"Vector.<Number>", "0F 03 00 3FF8000000000000", &Vector[float64]{Values: []float64{1.5}}},
	{
		"Vector.<Foo>", "10 05 01 07 466F6F 01 03",
		&ObjectVector{Fixed: true, Type: "Foo", Values: List{nil, true}},
	},
	{
		"dictionary", "11 05 01 06 03 61 04 01 03 06 00",
		&Dictionary{WeakKeys: true, Entries: []Entry{{"a", 1}, {true, "a"}}},
	},
	{
		"ArrayCollection", "0A 07" + "43" + hex.EncodeToString([]byte("flex.messaging.io.ArrayCollection")) + "09 03 01 03",
		&External{Class: "flex.messaging.io.ArrayCollection", Value: NewArray(true)},
	},
	{"cycle", "0A 0B 01 03 6F 0A 00 01", loop("o")},
}

func TestVectors3(t *testing.T) {
	for _, v := range vectors3 {
		t.Run(v.name, func(t *testing.T) {
			b := unhex(t, v.hex)
			got, err := Decode3(b)
			if err != nil {
				t.Fatal(err)
			}
			if !sameLists(got, List{v.value}) {
				t.Errorf("decoded %s, want %s", dump(got), dump(List{v.value}))
			}
			again, err := Append3(nil, v.value)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, b) {
				t.Errorf("encoded %x, want %x", again, b)
			}
		})
	}
}

func TestU29(t *testing.T) {
	for _, c := range []struct {
		u   uint32
		hex string
	}{
		{0, "00"},
		{127, "7F"},
		{128, "8100"},
		{16383, "FF7F"},
		{16384, "818000"},
		{2097151, "FFFF7F"},
		{2097152, "80C08000"},
		{268435455, "BFFFFFFF"},
		{536870911, "FFFFFFFF"},
	} {
		b := unhex(t, c.hex)
		d := NewDecoder3(b)
		if got := d.u29(); got != c.u || d.off != len(b) || d.err != nil {
			t.Errorf("%s is %d after %d bytes, %v, want %d", c.hex, got, d.off, d.err, c.u)
		}
		var e encoder
		if e.u29(c.u); !bytes.Equal(e.b, b) {
			t.Errorf("%d is %x, want %s", c.u, e.b, c.hex)
		}
	}
}

// The object table counts every kind of value that is held in it.
func TestReferences3(t *testing.T) {
	l, err := Decode3(unhex(t, "08 01 3FF0000000000000 07 03 61 0B 03 62 0C 03 07 0D 01 00 0E 01 00 0F 01 00 10 01 00 01"+
		"11 01 00 09 01 01 0A 0B 01 01"+
		"08 00 07 02 0B 04 0C 06 0D 08 0E 0A 0F 0C 10 0E 11 10 09 12 0A 14"))
	if err != nil {
		t.Fatal(err)
	}
	const kinds = 11
	if len(l) != 2*kinds {
		t.Fatalf("%d values", len(l))
	}
	for i, want := range l[:kinds] {
		if got := l[kinds+i]; !same(got, want) {
			t.Errorf("reference %d is %T %v, want %T %v", i, got, got, want, want)
		}
	}
	for _, i := range []int{4, 5, 6, 7, 8, 9, 10} {
		if l[i] != l[kinds+i] {
			t.Errorf("reference %d leads to a copy of %T", i, l[i])
		}
	}
}

// The tables are those of the message, and outlast the single values that an
// AMF0 message switches to AMF3 for.
func TestTablesOfMessage(t *testing.T) {
	const message = "11 06 0B 68656C6C6F 05 11 06 00 11 09 01 01 11 09 00"
	b := unhex(t, message)
	l, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if l.String(2) != "hello" || l[3] != l[4] {
		t.Errorf("got %s", dump(l))
	}
	again, err := Append(nil, l...)
	if err != nil || !bytes.Equal(again, b) {
		t.Errorf("encoded %x, %v, want %x", again, err, b)
	}
}

func TestDecode3Errors(t *testing.T) {
	external := hex.EncodeToString([]byte("org.example.Secret"))
	for _, c := range []struct {
		name, hex string
		err       error
		kept      List
	}{
		{"integer", "01 04 FF FF", ErrTruncated, List{nil}},
		{"double", "05 00", ErrTruncated, nil},
		{"string", "06 0B 68", ErrTruncated, nil},
		{"marker", "12", ErrMarker, nil},
		{"string reference", "06 00", ErrReference, nil},
		{"object reference", "0A 00", ErrReference, nil},
		{"traits reference", "0A 01", ErrReference, nil},
		{"traits", "0A 23 07 466F6F 03 61", ErrTruncated, nil},
		{"traits of 33 million members", "0A FFFFFFF3 01 03 61", ErrTruncated, nil},
		{"sealed members", "0A 23 01 03 61 03 62 04 01", ErrTruncated, List{
			&Object{Properties: Properties{{"a", 1}}, Sealed: 1, Closed: true},
		}},
		{"dynamic members", "0A 0B 01 03 61 04 01 03 62", ErrTruncated, List{NewObject("a", 1)}},
		{"array", "09 FFFFFFFF 01 03", ErrTruncated, List{NewArray(true)}},
		{"associative part", "09 03 03 61 03", ErrTruncated, List{&Array{Assoc: Properties{{"a", true}}}}},
		{"date", "08 01 00", ErrTruncated, nil},
		{"XML", "0B FFFFFFFF 00", ErrTruncated, nil},
		{"byte array", "0C FFFFFFFF 00", ErrTruncated, nil},
		{"vector of numbers", "0F FFFFFFFF 00 3FF8000000000000", ErrTruncated, nil},
		{"vector of objects", "10 FFFFFFFF 00 01 03", ErrTruncated, List{&ObjectVector{Values: List{true}}}},
		{"dictionary", "11 FFFFFFFF 00 03 03 02", ErrTruncated, List{&Dictionary{Entries: []Entry{{true, true}}}}},
		{"unknown external class", "0A 0B 01 03 61 03 03 62 0A 07 25" + external + "00", ErrExternal, List{NewObject("a", true)}},
		{
			"known external class", "0A 07 3B" + hex.EncodeToString([]byte("flex.messaging.io.ObjectProxy")), ErrTruncated,
			List{&External{Class: "flex.messaging.io.ObjectProxy"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decode3(unhex(t, c.hex))
			var at *Error
			if !errors.Is(err, c.err) || !errors.As(err, &at) {
				t.Fatalf("error %v, want %v; kept %s", err, c.err, dump(got))
			}
			if !sameLists(got, c.kept) {
				t.Errorf("kept %s, want %s", dump(got), dump(c.kept))
			}
		})
	}
}
