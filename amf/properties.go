package amf

import (
	"fmt"
	"math"
	"slices"
)

// Property is a named value. The name can be empty, and need not be UTF-8.
type Property struct {
	Name  string
	Value Value
}

// Properties is a row of named values, in the order of the wire. Where a name
// stands twice, the last one counts. The lookups work on a nil row.
type Properties []Property

// PropertiesOf returns the properties of an object, of an ECMA array or of the
// associative part of an AMF3 array, or nil for any other value.
func PropertiesOf(v Value) Properties {
	switch v := plain(v).(type) {
	case *Object:
		if v != nil {
			return v.Properties
		}
	case *ECMAArray:
		if v != nil {
			return v.Properties
		}
	case *Array:
		if v != nil {
			return v.Assoc
		}
	}
	return nil
}

// Lookup returns the value of that name just as it was decoded, and whether
// there is one.
func (ps Properties) Lookup(name string) (Value, bool) {
	for _, p := range slices.Backward(ps) {
		if p.Name == name {
			return p.Value, true
		}
	}
	return nil, false
}

// Get returns the value of that name, out of its [AMF3] wrapping, or nil.
func (ps Properties) Get(name string) Value {
	v, _ := ps.Lookup(name)
	return plain(v)
}

// String returns the string of that name, or "".
func (ps Properties) String(name string) string { return toString(ps.Get(name)) }

// Number returns the number of that name, or 0. It can be NaN or infinite.
func (ps Properties) Number(name string) float64 { return toNumber(ps.Get(name)) }

// Integer returns the number of that name if it is an integer that float64
// holds exactly (2^53), and whether it is.
func (ps Properties) Integer(name string) (int64, bool) { return toInteger(ps.Get(name)) }

// Bool returns the boolean of that name, or false.
func (ps Properties) Bool(name string) bool { return toBool(ps.Get(name)) }

// Object returns the properties of the object or ECMA array of that name, or
// nil.
func (ps Properties) Object(name string) Properties { return PropertiesOf(ps.Get(name)) }

// List returns the elements of the array of that name, or nil.
func (ps Properties) List(name string) List { return ListOf(ps.Get(name)) }

// Set gives v to the last property of that name, or to a new one at the end.
func (ps *Properties) Set(name string, v Value) {
	for i := len(*ps) - 1; i >= 0; i-- {
		if (*ps)[i].Name == name {
			(*ps)[i].Value = v
			return
		}
	}
	*ps = append(*ps, Property{name, v})
}

func newProperties(caller string, pairs []Value) Properties {
	if len(pairs)%2 != 0 {
		panic(caller + ": the last name has no value")
	}
	ps := make(Properties, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			panic(fmt.Sprintf("%s: argument %d is a %T where a name belongs", caller, i, pairs[i]))
		}
		ps = append(ps, Property{name, pairs[i+1]})
	}
	return ps
}

func toString(v Value) string {
	s, _ := v.(string)
	return s
}

func toBool(v Value) bool {
	b, _ := v.(bool)
	return b
}

func toNumber(v Value) float64 {
	f, _, _ := number(v)
	return f
}

func toInteger(v Value) (int64, bool) {
	const exact = 1 << 53
	f, _, ok := number(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) > exact {
		return 0, false
	}
	return int64(f), true
}
