package amf

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	maxU29      = 1<<29 - 1
	maxInteger3 = 1<<28 - 1
	minInteger3 = -1 << 28
)

// value3 writes one AMF3 value with its marker.
func (e *encoder) value3(v Value) {
	if e.err != nil {
		return
	}
	switch v := v.(type) {
	case nil:
		e.u8(null3)
	case Undefined, Unsupported:
		e.u8(undefined3)
	case bool:
		if v {
			e.u8(true3)
		} else {
			e.u8(false3)
		}
	case string:
		e.u8(string3)
		e.string3(v)
	case Date:
		e.unshared3(date3, 0)
		e.f64(v.Milliseconds)
	case XMLDocument:
		e.unshared3(xmlDocument3, len(v))
		e.b = append(e.b, v...)
	case XML:
		e.unshared3(xml3, len(v))
		e.b = append(e.b, v...)
	case []byte:
		e.unshared3(byteArray3, len(v))
		e.b = append(e.b, v...)
	case List:
		e.unshared3(array3, len(v))
		e.arrayBody3(v, nil)
	case []Value:
		e.unshared3(array3, len(v))
		e.arrayBody3(v, nil)
	case AMF3:
		if e.descend() {
			e.value3(v.Value)
		}
		e.ascend()
	default:
		if !e.pointer3(v) {
			e.number3(v)
		}
	}
}

// pointer3 writes a value that has identity, and says whether v is one.
func (e *encoder) pointer3(v Value) bool {
	switch v := v.(type) {
	case *Object:
		if e.begin3(object3, v, v == nil) {
			e.object3(v)
		}
	case *External:
		if e.begin3(object3, v, v == nil) {
			e.external3(v)
		}
	case *ECMAArray:
		if e.begin3(array3, v, v == nil) {
			e.length3(0)
			e.arrayBody3(nil, v.Properties)
		}
	case *Array:
		if e.begin3(array3, v, v == nil) {
			e.length3(len(v.Values))
			e.arrayBody3(v.Values, v.Assoc)
		}
	case *Vector[int32]:
		if e.begin3(vectorInt3, v, v == nil) {
			vectorBody3(e, v, func(b []byte, n int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) })
		}
	case *Vector[uint32]:
		if e.begin3(vectorUint3, v, v == nil) {
			vectorBody3(e, v, binary.BigEndian.AppendUint32)
		}
	case *Vector[float64]:
		if e.begin3(vectorDouble3, v, v == nil) {
			vectorBody3(e, v, func(b []byte, f float64) []byte {
				return binary.BigEndian.AppendUint64(b, math.Float64bits(f))
			})
		}
	case *ObjectVector:
		if e.begin3(vectorObject3, v, v == nil) {
			e.length3(len(v.Values))
			e.bool3(v.Fixed)
			e.string3(v.Type)
			e.list3(v.Values)
		}
	case *Dictionary:
		if e.begin3(dictionary3, v, v == nil) {
			e.dictionary3(v)
		}
	default:
		return false
	}
	return true
}

func (e *encoder) number3(v Value) {
	f, integer, ok := number(v)
	switch {
	case !ok:
		e.fail(fmt.Errorf("%w in AMF3: %T", ErrType, v))
	case integer && f >= minInteger3 && f <= maxInteger3:
		e.u8(integer3)
		e.u29(uint32(int32(f)) & maxU29)
	default:
		e.u8(double3)
		e.f64(f)
	}
}

// begin3 writes the marker of a value with identity. It returns true when the
// value itself must follow, false when it is null or a reference says it all.
func (e *encoder) begin3(marker byte, v Value, null bool) bool {
	if null {
		e.u8(null3)
		return false
	}
	e.u8(marker)
	if i, ok := e.objects.find(v); ok {
		e.u29(uint32(i) << 1)
		return false
	}
	if len(e.objects.keys) > maxInteger3 {
		e.fail(fmt.Errorf("%w: more than %d objects", ErrTooLong, maxInteger3))
		return false
	}
	e.objects.add(v)
	return true
}

// unshared3 begins a value that has a number in the object table and no
// identity here: it is written in full each time.
func (e *encoder) unshared3(marker byte, n int) {
	e.u8(marker)
	e.objects.add(nil)
	e.length3(n)
}

func (e *encoder) object3(o *Object) {
	sealed := max(0, min(o.Sealed, len(o.Properties)))
	if o.Closed {
		sealed = len(o.Properties)
	}
	info := uint32(sealed)<<4 | 3
	if !o.Closed {
		info |= 8
	}
	if sealed > maxU29>>4 {
		e.fail(fmt.Errorf("%w: object of %d members", ErrTooLong, sealed))
		return
	}
	e.traits3(info, o.Class, o.Properties[:sealed])
	if e.descend() {
		for i := range o.Properties[:sealed] {
			e.value3(o.Properties[i].Value)
		}
		if !o.Closed {
			e.dynamic3(o.Properties[sealed:])
		}
	}
	e.ascend()
}

func (e *encoder) external3(x *External) {
	if !knownExternal(x.Class) {
		e.fail(fmt.Errorf("%w: external class %.80q", ErrType, x.Class))
		return
	}
	e.traits3(7, x.Class, nil)
	if e.descend() {
		e.value3(x.Value)
	}
	e.ascend()
}

// traits3 writes traits, or a reference to equal ones.
func (e *encoder) traits3(info uint32, class string, members Properties) {
	e.key = binary.AppendUvarint(e.key[:0], uint64(info))
	e.key = append(binary.AppendUvarint(e.key, uint64(len(class))), class...)
	for i := range members {
		e.key = append(binary.AppendUvarint(e.key, uint64(len(members[i].Name))), members[i].Name...)
	}
	key := string(e.key)
	if i, ok := e.traits.find(key); ok {
		e.u29(uint32(i)<<2 | 1)
		return
	}
	e.traits.add(key)
	e.u29(info)
	e.string3(class)
	for i := range members {
		e.string3(members[i].Name)
	}
}

func (e *encoder) arrayBody3(l List, assoc Properties) {
	if e.descend() {
		e.dynamic3(assoc)
		for _, v := range l {
			e.value3(v)
		}
	}
	e.ascend()
}

func (e *encoder) list3(l List) {
	if e.descend() {
		for _, v := range l {
			e.value3(v)
		}
	}
	e.ascend()
}

func (e *encoder) dynamic3(ps Properties) {
	for i := range ps {
		if ps[i].Name == "" {
			e.fail(ErrEmptyName)
			return
		}
		e.string3(ps[i].Name)
		e.value3(ps[i].Value)
	}
	e.string3("")
}

func (e *encoder) dictionary3(d *Dictionary) {
	e.length3(len(d.Entries))
	e.bool3(d.WeakKeys)
	if e.descend() {
		for i := range d.Entries {
			e.value3(d.Entries[i].Key)
			e.value3(d.Entries[i].Value)
		}
	}
	e.ascend()
}

func vectorBody3[T int32 | uint32 | float64](e *encoder, v *Vector[T], element func([]byte, T) []byte) {
	e.length3(len(v.Values))
	e.bool3(v.Fixed)
	for _, n := range v.Values {
		e.b = element(e.b, n)
	}
}

func (e *encoder) bool3(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}

// string3 writes a string without marker, or a reference to an equal one.
func (e *encoder) string3(s string) {
	if s == "" {
		e.length3(0)
		return
	}
	if i, ok := e.strings.find(s); ok {
		e.u29(uint32(i) << 1)
		return
	}
	e.strings.add(s)
	e.length3(len(s))
	e.b = append(e.b, s...)
}

// length3 writes a length as the U29 that says "no reference".
func (e *encoder) length3(n int) {
	if n > maxInteger3 {
		e.fail(fmt.Errorf("%w: length %d", ErrTooLong, n))
		return
	}
	e.u29(uint32(n)<<1 | 1)
}

// u29 writes a variable-length integer in as few bytes as hold it.
func (e *encoder) u29(u uint32) {
	switch {
	case u < 1<<7:
		e.b = append(e.b, byte(u))
	case u < 1<<14:
		e.b = append(e.b, byte(u>>7)|0x80, byte(u)&0x7F)
	case u < 1<<21:
		e.b = append(e.b, byte(u>>14)|0x80, byte(u>>7)|0x80, byte(u)&0x7F)
	default:
		e.b = append(e.b, byte(u>>22)|0x80, byte(u>>15)|0x80, byte(u>>8)|0x80, byte(u))
	}
}
