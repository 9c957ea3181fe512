package amf

import (
	"fmt"
	"math"
)

// The markers of AMF0 (AMF 0 specification §2.1). Movieclip 0x04 and recordset
// 0x0E are reserved and never valid.
const (
	number0      = 0x00
	boolean0     = 0x01
	string0      = 0x02
	object0      = 0x03
	null0        = 0x05
	undefined0   = 0x06
	reference0   = 0x07
	ecmaArray0   = 0x08
	objectEnd0   = 0x09
	strictArray0 = 0x0A
	date0        = 0x0B
	longString0  = 0x0C
	unsupported0 = 0x0D
	xmlDocument0 = 0x0F
	typedObject0 = 0x10
	avmplus0     = 0x11
)

// value0 reads one AMF0 value. After a failure it returns the container that
// was begun, or nil.
func (d *Decoder) value0() Value {
	if !d.count() {
		return nil
	}
	m := d.u8()
	if d.err != nil {
		return nil
	}
	switch m {
	case object0, typedObject0, ecmaArray0, strictArray0:
		if !d.descend() {
			return nil
		}
		v := d.container0(m)
		d.ascend()
		return v
	case avmplus0:
		v := d.value3()
		if v == nil && d.err != nil {
			return nil
		}
		return AMF3{v}
	default:
		v := d.scalar0(m)
		if d.err != nil {
			return nil
		}
		return v
	}
}

func (d *Decoder) scalar0(marker byte) Value {
	switch marker {
	case number0:
		return d.f64()
	case boolean0:
		return d.u8() != 0
	case string0:
		return d.string16()
	case longString0:
		return d.string32()
	case null0:
		return nil
	case undefined0:
		return Undefined{}
	case unsupported0:
		return Unsupported{}
	case xmlDocument0:
		return XMLDocument(d.string32())
	case date0:
		return Date{Milliseconds: d.f64(), Zone: int16(d.u16())}
	case reference0:
		i := int(d.u16())
		if i >= len(d.refs) {
			d.fail(fmt.Errorf("%w: number %d of %d", ErrReference, i, len(d.refs)))
			return nil
		}
		return d.refs[i]
	}
	d.fail(fmt.Errorf("%w 0x%02x", ErrMarker, marker))
	return nil
}

// container0 reads an object or array. It has its number among the references
// before what it contains is read.
func (d *Decoder) container0(marker byte) Value {
	switch marker {
	case ecmaArray0:
		a := &ECMAArray{Count: d.u32()}
		if d.err != nil {
			return nil
		}
		d.refs = append(d.refs, a)
		a.Properties = d.properties0(int(min(a.Count, math.MaxInt32)))
		return a
	case strictArray0:
		n := d.u32()
		if d.err != nil {
			return nil
		}
		a := &Array{}
		d.refs = append(d.refs, a)
		a.Values = d.list(int(min(n, math.MaxInt32)), (*Decoder).value0)
		return a
	default:
		o := &Object{}
		if marker == typedObject0 {
			o.Class = d.string16()
		}
		if d.err != nil {
			return nil
		}
		d.refs = append(d.refs, o)
		o.Properties = d.properties0(8)
		return o
	}
}

// properties0 reads the properties of an object or ECMA array and the end
// marker after them.
func (d *Decoder) properties0(expected int) Properties {
	var ps Properties
	for !d.ended0() {
		name := d.string16()
		v := d.value0()
		if v == nil && d.err != nil {
			break
		}
		if ps == nil {
			ps = make(Properties, 0, d.room(expected)+1)
		}
		ps = append(ps, Property{name, v})
	}
	return ps
}

// ended0 says whether a row of properties ends here, and passes its end marker.
// An empty name is legal, so only the byte after it tells. Some encoders leave
// out the marker, or its last byte, at the end of a message.
func (d *Decoder) ended0() bool {
	if d.err != nil {
		return true
	}
	rest := d.b[d.off:]
	switch {
	case len(rest) == 0:
		return true
	case len(rest) == 2 && rest[0] == 0 && rest[1] == 0:
		d.off += 2
		return true
	case len(rest) >= 3 && rest[0] == 0 && rest[1] == 0 && rest[2] == objectEnd0:
		d.off += 3
		return true
	}
	return false
}

// list reads n values, or those before a failure.
func (d *Decoder) list(n int, value func(*Decoder) Value) List {
	l := make(List, 0, d.room(n))
	for i := 0; i < n && d.err == nil; i++ {
		v := value(d)
		if v == nil && d.err != nil {
			break
		}
		l = append(l, v)
	}
	return l
}

func (d *Decoder) string16() string { return string(d.bytesOf(int(d.u16()))) }

func (d *Decoder) string32() string { return string(d.bytesOf(int(d.u32()))) }
