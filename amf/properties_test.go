package amf

import (
	"math"
	"reflect"
	"testing"
)

func TestPropertiesLookups(t *testing.T) {
	ps := NewObject(
		"app", "first", "fpad", true, "objectEncoding", 3, "rate", 29.97, "bad", math.NaN(),
		"ex", NewECMAArray("code", 302.0), "codes", NewArray("av01", "hvc1"),
		"wrapped", AMF3{NewObject("a", "b")}, "proxy", &External{Class: "flex.messaging.io.ObjectProxy", Value: NewObject("c", 1)},
		"null", nil, "app", "live",
	).Properties
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"string, last of two", ps.String("app"), "live"},
		{"number", ps.Number("rate"), 29.97},
		{"number of an integer", ps.Number("objectEncoding"), 3.0},
		{"boolean", ps.Bool("fpad"), true},
		{"object", ps.Object("ex").Number("code"), 302.0},
		{"list", ps.List("codes").String(1), "hvc1"},
		{"through AMF3", ps.Object("wrapped").String("a"), "b"},
		{"through a proxy", ps.Object("proxy").Number("c"), 1.0},
		{"value", ps.Get("fpad"), any(true)},
		{"absent value", ps.Get("none"), nil},
		{"absent string", ps.String("none"), ""},
		{"absent number", ps.Number("none"), 0.0},
		{"absent boolean", ps.Bool("none"), false},
		{"absent object", ps.Object("none").Object("none").String("none"), ""},
		{"absent list", ps.List("none").String(0), ""},
		{"another type", ps.String("fpad"), ""},
		{"nil properties", Properties(nil).String("app"), ""},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if v, ok := ps.Lookup("null"); v != nil || !ok {
		t.Errorf("null: %v, %t", v, ok)
	}
	if v, ok := ps.Lookup("none"); v != nil || ok {
		t.Errorf("absent: %v, %t", v, ok)
	}
	if v, ok := ps.Lookup("wrapped"); !ok || !same(v, AMF3{NewObject("a", "b")}) {
		t.Errorf("wrapped: %v, %t", v, ok)
	}
}

func TestInteger(t *testing.T) {
	for _, c := range []struct {
		value Value
		want  int64
		ok    bool
	}{
		{1920.0, 1920, true},
		{-2.0, -2, true},
		{7, 7, true},
		{float64(1 << 53), 1 << 53, true},
		{math.Copysign(0, -1), 0, true},
		{0.5, 0, false},
		{1e300, 0, false},
		{math.NaN(), 0, false},
		{math.Inf(1), 0, false},
		{"1", 0, false},
		{nil, 0, false},
	} {
		if got, ok := (List{c.value}).Integer(0); got != c.want || ok != c.ok {
			t.Errorf("%v: %d, %t, want %d, %t", c.value, got, ok, c.want, c.ok)
		}
		if got, ok := NewObject("n", c.value).Integer("n"); got != c.want || ok != c.ok {
			t.Errorf("%v: %d, %t, want %d, %t", c.value, got, ok, c.want, c.ok)
		}
	}
}

func TestSet(t *testing.T) {
	o := NewObject("a", 1, "b", 2, "a", 3)
	o.Set("a", 4)
	o.Set("c", 5)
	if want := NewObject("a", 1, "b", 2, "a", 4, "c", 5); !same(o, want) {
		t.Errorf("got %s", dump(List{o}))
	}
}

func TestNewObjectPanics(t *testing.T) {
	for name, pairs := range map[string][]Value{
		"name without value":      {"a", 1, "b"},
		"name that is not string": {"a", 1, 2, 3},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			NewObject(pairs...)
		}()
	}
}

// A value of any kind has properties and elements, or none.
func TestPropertiesAndListOf(t *testing.T) {
	ps, l := Properties{{"a", true}}, List{true}
	for _, c := range []struct {
		name  string
		value Value
		ps    Properties
		l     List
	}{
		{"object", &Object{Properties: ps}, ps, nil},
		{"ECMA array", &ECMAArray{Properties: ps}, ps, nil},
		{"array", &Array{Values: l, Assoc: ps}, ps, l},
		{"list", l, nil, l},
		{"slice", []Value(l), nil, l},
		{"vector", &ObjectVector{Values: l}, nil, l},
		{"collection", AMF3{&External{Value: NewArray(l...)}}, nil, l},
		{"nil object", (*Object)(nil), nil, nil},
		{"nil ECMA array", (*ECMAArray)(nil), nil, nil},
		{"nil array", (*Array)(nil), nil, nil},
		{"nil vector", (*ObjectVector)(nil), nil, nil},
		{"nil external", (*External)(nil), nil, nil},
		{"null", nil, nil, nil},
		{"string", "a", nil, nil},
	} {
		if got := PropertiesOf(c.value); !reflect.DeepEqual(got, c.ps) {
			t.Errorf("%s: properties %v", c.name, got)
		}
		if got := ListOf(c.value); !reflect.DeepEqual(got, c.l) {
			t.Errorf("%s: list %v", c.name, got)
		}
	}
}

// A wrapping that contains itself must not hold up a lookup.
func TestLookupThroughCycle(t *testing.T) {
	e := &External{Class: "flex.messaging.io.ObjectProxy"}
	e.Value = e
	if got := (List{AMF3{e}}).Object(0); got != nil {
		t.Errorf("got %v", got)
	}
}
