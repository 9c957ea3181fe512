package amf

import (
	"reflect"
	"testing"
)

func TestListLookups(t *testing.T) {
	l := List{"connect", 1.0, AMF3{NewObject("app", "live")}, true, NewArray("x"), 5}
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"string", l.String(0), "connect"},
		{"number", l.Number(1), 1.0},
		{"object", l.Object(2).String("app"), "live"},
		{"boolean", l.Bool(3), true},
		{"list", l.List(4).String(0), "x"},
		{"integer", l.Number(5), 5.0},
		{"another type", l.String(1), ""},
		{"before the first", l.Get(-1), nil},
		{"after the last", l.Get(6), nil},
		{"string after the last", l.String(6), ""},
		{"number after the last", l.Number(6), 0.0},
		{"boolean after the last", l.Bool(6), false},
		{"object after the last", l.Object(6).String("app"), ""},
		{"list after the last", l.List(6).String(0), ""},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}
