package amf

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestAppendExtends(t *testing.T) {
	dst := append(make([]byte, 0, 64), "head"...)
	b, err := Append(dst, true)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != "head\x01\x01" {
		t.Errorf("got %q", b)
	}
	if &b[0] != &dst[0] {
		t.Error("moved a buffer that had room")
	}
}

// Every type that AMF takes as a number, in both versions.
func TestAppendNumbers(t *testing.T) {
	for _, v := range []Value{
		float32(7), 7.0, 7, int8(7), int16(7), int32(7), int64(7), uint(7), uint8(7), uint16(7), uint32(7), uint64(7),
	} {
		b, err := Append(nil, v)
		if err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		if l, err := Decode(b); err != nil || !sameLists(l, List{7.0}) {
			t.Errorf("AMF0: %T came back as %s", v, dump(l))
		}
		b, err = Append3(nil, v)
		if err != nil {
			t.Fatalf("%T: %v", v, err)
		}
		want := Value(7)
		switch v.(type) {
		case float32, float64:
			want = 7.0
		}
		if l, err := Decode3(b); err != nil || !sameLists(l, List{want}) {
			t.Errorf("AMF3: %T came back as %s", v, dump(l))
		}
	}
}

// An integer that has no room in 29 bits is written as a double.
func TestAppend3LargeIntegers(t *testing.T) {
	for _, v := range []Value{1 << 28, -1<<28 - 1, uint64(math.MaxUint64), int64(math.MinInt64)} {
		b, err := Append3(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := number(v)
		if l, err := Decode3(b); err != nil || !sameLists(l, List{want}) {
			t.Errorf("%v came back as %s", v, dump(l))
		}
	}
}

// What one version lacks is written in the nearest form of it.
func TestAppendConverts(t *testing.T) {
	shared := NewObject()
	for _, c := range []struct {
		name  string
		value Value
		amf0  Value
		amf3  Value
	}{
		{"list", List{true}, NewArray(true), NewArray(true)},
		{"slice", []Value{true}, NewArray(true), NewArray(true)},
		{"ECMA array", NewECMAArray("a", true), NewECMAArray("a", true), &Array{Assoc: Properties{{"a", true}}}},
		{
			"mixed array", &Array{Values: List{"x", "y"}, Assoc: Properties{{"a", true}}},
			&ECMAArray{Count: 2, Properties: Properties{{"a", true}, {"0", "x"}, {"1", "y"}}},
			&Array{Values: List{"x", "y"}, Assoc: Properties{{"a", true}}},
		},
		{"unsupported", Unsupported{}, Unsupported{}, Undefined{}},
		{"date", Date{1, 60}, Date{1, 60}, Date{1, 0}},
		{"XML", XML("<a/>"), XMLDocument("<a/>"), XML("<a/>")},
		{"AMF3", AMF3{true}, AMF3{true}, true},
		{
			"traits", &Object{Class: "C", Properties: Properties{{"a", true}}, Sealed: 1},
			&Object{Class: "C", Properties: Properties{{"a", true}}},
			&Object{Class: "C", Properties: Properties{{"a", true}}, Sealed: 1},
		},
		{
			"more sealed than there are", &Object{Properties: Properties{{"a", true}}, Sealed: 9},
			NewObject("a", true), &Object{Properties: Properties{{"a", true}}, Sealed: 1},
		},
		{"shared", NewArray(shared, shared), NewArray(shared, shared), NewArray(shared, shared)},
		{"nil object", (*Object)(nil), nil, nil},
		{"nil ECMA array", (*ECMAArray)(nil), nil, nil},
		{"nil array", (*Array)(nil), nil, nil},
		{"nil vector", AMF3{(*Vector[int32])(nil)}, AMF3{nil}, nil},
		{"nil dictionary", AMF3{(*Dictionary)(nil)}, AMF3{nil}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Append(nil, c.value)
			if err != nil {
				t.Fatal(err)
			}
			if l, err := Decode(b); err != nil || !sameLists(l, List{c.amf0}) {
				t.Errorf("AMF0: got %s, %v, want %s", dump(l), err, dump(List{c.amf0}))
			}
			b, err = Append3(nil, c.value)
			if err != nil {
				t.Fatal(err)
			}
			if l, err := Decode3(b); err != nil || !sameLists(l, List{c.amf3}) {
				t.Errorf("AMF3: got %s, %v, want %s", dump(l), err, dump(List{c.amf3}))
			}
		})
	}
}

func TestAppendErrors(t *testing.T) {
	long := strings.Repeat("x", math.MaxUint16+1)
	endless := make(List, 1)
	endless[0] = endless
	var deep Value
	for range maxEncodeDepth {
		deep = NewArray(deep)
	}
	for _, c := range []struct {
		name       string
		value      Value
		amf0, amf3 error
	}{
		{"type", struct{}{}, ErrType, ErrType},
		{"type within", NewObject("a", NewArray(map[string]Value{})), ErrType, ErrType},
		{"long name", NewObject(long, true), ErrTooLong, nil},
		{"long class", &Object{Class: long}, ErrTooLong, nil},
		{"empty name", NewObject("", true), nil, ErrEmptyName},
		{"sealed empty name", &Object{Properties: Properties{{"", true}}, Closed: true}, nil, nil},
		{"slice that holds itself", endless, ErrTooDeep, ErrTooDeep},
		{"deep", deep, nil, nil},
		{"too deep", NewArray(deep), ErrTooDeep, ErrTooDeep},
		{"byte array", []byte{1}, ErrType, nil},
		{"vector", &Vector[int32]{}, ErrType, nil},
		{"dictionary", &Dictionary{}, ErrType, nil},
		{"unknown external class", &External{Class: "org.example.Secret"}, ErrType, ErrType},
	} {
		t.Run(c.name, func(t *testing.T) {
			dst := []byte("head")
			for version, run := range map[string]struct {
				append func([]byte, ...Value) ([]byte, error)
				want   error
			}{"AMF0": {Append, c.amf0}, "AMF3": {Append3, c.amf3}} {
				b, err := run.append(dst, true, c.value)
				if !errors.Is(err, run.want) {
					t.Errorf("%s: error %v, want %v", version, err, run.want)
				}
				if err != nil && !bytes.Equal(b, dst) {
					t.Errorf("%s: returns %q with the error", version, b)
				}
			}
		})
	}
}

// Beyond 65,535 the u16 of AMF0 cannot refer to an object.
func TestAppendReferenceOutOfReach(t *testing.T) {
	l := make(List, math.MaxUint16+2)
	for i := range l {
		l[i] = NewObject()
	}
	last := len(l) - 1
	if _, err := Append(nil, append(l[:last:last], l[last-1])...); err != nil {
		t.Errorf("reference %d: %v", last-1, err)
	}
	if _, err := Append(nil, append(l, l[last])...); !errors.Is(err, ErrTooLong) {
		t.Errorf("reference %d: %v, want %v", last, err, ErrTooLong)
	}
}
