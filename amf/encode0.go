package amf

import (
	"fmt"
	"math"
	"strconv"
)

// value0 writes one AMF0 value with its marker.
func (e *encoder) value0(v Value) {
	if e.err != nil {
		return
	}
	switch v := v.(type) {
	case nil:
		e.u8(null0)
	case bool:
		e.u8(boolean0)
		if v {
			e.u8(1)
		} else {
			e.u8(0)
		}
	case string:
		if len(v) > math.MaxUint16 {
			e.string32(longString0, v)
			return
		}
		e.u8(string0)
		e.string16(v)
	case Undefined:
		e.u8(undefined0)
	case Unsupported:
		e.u8(unsupported0)
	case XMLDocument:
		e.string32(xmlDocument0, string(v))
	case XML:
		e.string32(xmlDocument0, string(v))
	case Date:
		e.u8(date0)
		e.f64(v.Milliseconds)
		e.u16(uint16(v.Zone))
	case *Object:
		e.object0(v)
	case *ECMAArray:
		e.ecmaArray0(v)
	case *Array:
		e.array0(v)
	case List:
		e.strictArray0(v)
	case []Value:
		e.strictArray0(v)
	case AMF3:
		e.u8(avmplus0)
		e.value3(v.Value)
	default:
		f, _, ok := number(v)
		if !ok {
			e.fail(fmt.Errorf("%w in AMF0: %T", ErrType, v))
			return
		}
		e.u8(number0)
		e.f64(f)
	}
}

func (e *encoder) object0(o *Object) {
	switch {
	case o == nil:
		e.u8(null0)
	case e.referred0(o):
	case o.Class == "":
		e.u8(object0)
		e.properties0(o.Properties)
		e.end0()
	default:
		e.u8(typedObject0)
		e.string16(o.Class)
		e.properties0(o.Properties)
		e.end0()
	}
}

func (e *encoder) ecmaArray0(a *ECMAArray) {
	switch {
	case a == nil:
		e.u8(null0)
	case e.referred0(a):
	default:
		e.u8(ecmaArray0)
		e.u32(a.Count)
		e.properties0(a.Properties)
		e.end0()
	}
}

func (e *encoder) array0(a *Array) {
	switch {
	case a == nil:
		e.u8(null0)
	case e.referred0(a):
	case len(a.Assoc) == 0:
		e.elements0(a.Values)
	default:
		e.u8(ecmaArray0)
		e.u32(uint32(len(a.Values)))
		e.properties0(a.Assoc)
		if e.descend() {
			for i, v := range a.Values {
				e.string16(strconv.Itoa(i))
				e.value0(v)
			}
		}
		e.ascend()
		e.end0()
	}
}

// strictArray0 writes a slice, which is never referred to but has its number.
func (e *encoder) strictArray0(l List) {
	e.refs.add(nil)
	e.elements0(l)
}

func (e *encoder) elements0(l List) {
	if uint64(len(l)) > math.MaxUint32 {
		e.fail(fmt.Errorf("%w: array of %d", ErrTooLong, len(l)))
		return
	}
	e.u8(strictArray0)
	e.u32(uint32(len(l)))
	if e.descend() {
		for _, v := range l {
			e.value0(v)
		}
	}
	e.ascend()
}

func (e *encoder) properties0(ps Properties) {
	if e.descend() {
		for i := range ps {
			e.string16(ps[i].Name)
			e.value0(ps[i].Value)
		}
	}
	e.ascend()
}

func (e *encoder) end0() { e.b = append(e.b, 0, 0, objectEnd0) }

// referred0 writes a reference if v was written before, and else gives it the
// next number.
func (e *encoder) referred0(v Value) bool {
	i, ok := e.refs.find(v)
	if !ok {
		e.refs.add(v)
		return false
	}
	if i > math.MaxUint16 {
		e.fail(fmt.Errorf("%w: reference %d", ErrTooLong, i))
		return true
	}
	e.u8(reference0)
	e.u16(uint16(i))
	return true
}

func (e *encoder) string16(s string) {
	if len(s) > math.MaxUint16 {
		e.fail(fmt.Errorf("%w: name of %d bytes", ErrTooLong, len(s)))
		return
	}
	e.u16(uint16(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) string32(marker byte, s string) {
	if uint64(len(s)) > math.MaxUint32 {
		e.fail(fmt.Errorf("%w: string of %d bytes", ErrTooLong, len(s)))
		return
	}
	e.u8(marker)
	e.u32(uint32(len(s)))
	e.b = append(e.b, s...)
}
