package amf

import (
	"math"
	"time"
)

// Value is any AMF value; the package documentation lists the Go types.
type Value = any

// Undefined is the undefined value.
type Undefined struct{}

// Unsupported stands for a value that its sender could not write (AMF0 marker
// 0x0D). AMF3 has none: it is written there as undefined.
type Unsupported struct{}

// XMLDocument is the text of an XML document (AMF0 marker 0x0F, AMF3 marker
// 0x07).
type XMLDocument string

// Object is a row of named properties, in the order of the wire.
type Object struct {
	// Class is the name of the object's class; empty for an anonymous object.
	Class string
	Properties
	// Sealed is how many of the Properties, from the first on, are members
	// that the object's AMF3 traits name; the others are dynamic. AMF0 knows
	// no such difference.
	Sealed int
	// Closed says that the object's AMF3 traits allow no dynamic properties:
	// all of them are sealed, whatever Sealed says.
	Closed bool
}

// NewObject returns an anonymous object with the given properties: names and
// values in turns. It panics when a name is not a string or the last value is
// missing.
func NewObject(pairs ...Value) *Object {
	return &Object{Properties: newProperties("amf.NewObject", pairs)}
}

// ECMAArray is AMF0's associative array, the usual form of onMetaData. The
// order of its properties is that of the wire.
type ECMAArray struct {
	// Count is the number of properties as it stands on the wire. Many
	// encoders write a wrong one; it is kept and written, never believed.
	Count uint32
	Properties
}

// NewECMAArray returns an ECMA array with the given properties: names and
// values in turns. It panics when a name is not a string or the last value is
// missing.
func NewECMAArray(pairs ...Value) *ECMAArray {
	ps := newProperties("amf.NewECMAArray", pairs)
	return &ECMAArray{Count: uint32(len(ps)), Properties: ps}
}

// Array is an AMF0 strict array or an AMF3 array.
type Array struct {
	// Values are the elements by index: AMF3's dense part.
	Values List
	// Assoc is the associative part, which AMF3 arrays alone have. In AMF0
	// such an array is written as an ECMA array, with the elements under their
	// indexes.
	Assoc Properties
}

// NewArray returns an array of those values.
func NewArray(values ...Value) *Array {
	return &Array{Values: values}
}

// Date is a point in time.
type Date struct {
	// Milliseconds since 1970-01-01 00:00 UTC. It need not be a number.
	Milliseconds float64
	// Zone is AMF0's time zone field in minutes. It is reserved, should be 0
	// and has no influence on the time. AMF3 has no such field.
	Zone int16
}

// DateOf returns t as a Date. Milliseconds are all that a Date can hold.
func DateOf(t time.Time) Date {
	return Date{Milliseconds: float64(t.UnixMilli())}
}

// Time returns the date in UTC; the zero Time when the date is not a number or
// lies outside ActionScript's range, 100,000,000 days around 1970.
func (d Date) Time() time.Time {
	const days = 100_000_000 * 24 * 60 * 60 * 1000
	if math.IsNaN(d.Milliseconds) || math.Abs(d.Milliseconds) > days {
		return time.Time{}
	}
	ms, part := math.Modf(d.Milliseconds)
	return time.UnixMilli(int64(ms)).Add(time.Duration(part * float64(time.Millisecond))).UTC()
}

// plain sees through the forms in which AMF3 clients wrap what AMF0 clients
// send bare. It takes one step of each kind and no more: an [External] can
// contain itself.
func plain(v Value) Value {
	if a, ok := v.(AMF3); ok {
		v = a.Value
	}
	if e, ok := v.(*External); ok && e != nil {
		v = e.Value
	}
	return v
}
