package amf

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// The markers of AMF3 (AMF 3 specification §3.1).
const (
	undefined3    = 0x00
	null3         = 0x01
	false3        = 0x02
	true3         = 0x03
	integer3      = 0x04
	double3       = 0x05
	string3       = 0x06
	xmlDocument3  = 0x07
	date3         = 0x08
	array3        = 0x09
	object3       = 0x0A
	xml3          = 0x0B
	byteArray3    = 0x0C
	vectorInt3    = 0x0D
	vectorUint3   = 0x0E
	vectorDouble3 = 0x0F
	vectorObject3 = 0x10
	dictionary3   = 0x11
)

// traits describe the class of AMF3 objects (§3.12).
type traits struct {
	class    string
	names    []string // sealed members
	dynamic  bool
	external bool
	size     int // bytes of the class's and the members' names
}

// value3 reads one AMF3 value. After a failure it returns the container that
// was begun, or nil.
func (d *Decoder) value3() Value {
	if !d.count() {
		return nil
	}
	marker := d.u8()
	if d.err != nil {
		return nil
	}
	if marker >= xmlDocument3 && marker <= dictionary3 {
		return d.complex3(marker)
	}
	v := d.scalar3(marker)
	if d.err != nil {
		return nil
	}
	return v
}

func (d *Decoder) scalar3(marker byte) Value {
	switch marker {
	case undefined3:
		return Undefined{}
	case null3:
		return nil
	case false3:
		return false
	case true3:
		return true
	case integer3:
		return int(int32(d.u29()<<3) >> 3)
	case double3:
		return d.f64()
	case string3:
		return d.string3()
	}
	d.fail(fmt.Errorf("%w 0x%02x in AMF3", ErrMarker, marker))
	return nil
}

// complex3 reads a value of those that the object table holds: a reference to
// an earlier one, or the value itself.
func (d *Decoder) complex3(marker byte) Value {
	u := d.u29()
	if d.err != nil {
		return nil
	}
	if u&1 == 0 {
		return d.reference3(int(u >> 1))
	}
	n := int(u >> 1)
	switch marker {
	case date3:
		return d.enter3(Date{Milliseconds: d.f64()})
	case xmlDocument3:
		return d.enter3(XMLDocument(d.bytesOf(n)))
	case xml3:
		return d.enter3(XML(d.bytesOf(n)))
	case byteArray3:
		return d.enter3(slices.Clone(d.bytesOf(n)))
	case vectorInt3:
		return d.enter3(vector3(d, n, 4, func(p []byte) int32 { return int32(binary.BigEndian.Uint32(p)) }))
	case vectorUint3:
		return d.enter3(vector3(d, n, 4, binary.BigEndian.Uint32))
	case vectorDouble3:
		return d.enter3(vector3(d, n, 8, func(p []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(p)) }))
	}
	if !d.descend() {
		return nil
	}
	v := d.container3(marker, u)
	d.ascend()
	return v
}

// container3 reads a value that contains others. It has its number in the
// object table before they are read.
func (d *Decoder) container3(marker byte, u uint32) Value {
	n := int(u >> 1)
	switch marker {
	case array3:
		a := &Array{}
		d.objects = append(d.objects, a)
		a.Assoc = d.dynamic3(nil)
		a.Values = d.list(n, (*Decoder).value3)
		return a
	case vectorObject3:
		v := &ObjectVector{Fixed: d.u8() != 0}
		d.objects = append(d.objects, v)
		v.Type = d.string3()
		v.Values = d.list(n, (*Decoder).value3)
		return v
	case dictionary3:
		v := &Dictionary{WeakKeys: d.u8() != 0}
		d.objects = append(d.objects, v)
		v.Entries = d.entries3(n)
		return v
	default:
		return d.object3(u)
	}
}

// enter3 puts a value that cannot contain others into the object table.
func (d *Decoder) enter3(v Value) Value {
	if d.err != nil {
		return nil
	}
	d.objects = append(d.objects, v)
	return v
}

func (d *Decoder) reference3(i int) Value {
	if i >= len(d.objects) {
		d.fail(fmt.Errorf("%w: object %d of %d", ErrReference, i, len(d.objects)))
		return nil
	}
	v := d.objects[i]
	var ok bool
	switch v := v.(type) {
	case XMLDocument:
		ok = d.charge(len(v))
	case XML:
		ok = d.charge(len(v))
	case []byte:
		ok = d.charge(len(v))
	default:
		ok = true
	}
	if !ok {
		return nil
	}
	return v
}

func vector3[T int32 | uint32 | float64](d *Decoder, n, size int, element func([]byte) T) *Vector[T] {
	v := &Vector[T]{Fixed: d.u8() != 0}
	p := d.bytesOf(n * size)
	if d.err != nil {
		return nil
	}
	v.Values = make([]T, n)
	for i := range v.Values {
		v.Values[i] = element(p[i*size:])
	}
	return v
}

func (d *Decoder) entries3(n int) []Entry {
	entries := make([]Entry, 0, d.room(n))
	for i := 0; i < n && d.err == nil; i++ {
		key := d.value3()
		value := d.value3()
		if d.err != nil {
			break
		}
		entries = append(entries, Entry{key, value})
	}
	return entries
}

func (d *Decoder) object3(u uint32) Value {
	t := d.traits3(u)
	if t == nil {
		return nil
	}
	if t.external {
		return d.external3(t)
	}
	o := &Object{Class: t.class, Closed: !t.dynamic}
	d.objects = append(d.objects, o)
	o.Properties = make(Properties, 0, d.room(len(t.names)))
	for _, name := range t.names {
		v := d.value3()
		if v == nil && d.err != nil {
			break
		}
		o.Properties = append(o.Properties, Property{name, v})
	}
	o.Sealed = len(o.Properties)
	if t.dynamic {
		o.Properties = d.dynamic3(o.Properties)
	}
	return o
}

func (d *Decoder) external3(t *traits) Value {
	if !knownExternal(t.class) {
		d.fail(fmt.Errorf("%w %.80q", ErrExternal, t.class))
		return nil
	}
	e := &External{Class: t.class}
	d.objects = append(d.objects, e)
	e.Value = d.value3()
	return e
}

// traits3 reads an object's traits, which begin in the U29 before them, or
// finds those that it refers to.
func (d *Decoder) traits3(u uint32) *traits {
	if u&3 == 1 {
		i := int(u >> 2)
		if i >= len(d.traits) {
			d.fail(fmt.Errorf("%w: traits %d of %d", ErrReference, i, len(d.traits)))
			return nil
		}
		if !d.charge(d.traits[i].size) {
			return nil
		}
		return d.traits[i]
	}
	t := &traits{external: u&7 == 7}
	before := d.bytes
	t.class = d.string3()
	if !t.external {
		t.dynamic = u&8 != 0
		n := int(u >> 4)
		t.names = make([]string, 0, d.room(n))
		for i := 0; i < n && d.count(); i++ {
			t.names = append(t.names, d.string3())
		}
	}
	if d.err != nil {
		return nil
	}
	t.size = d.bytes - before
	d.traits = append(d.traits, t)
	return t
}

// dynamic3 reads named values until the empty name, and appends them to ps.
func (d *Decoder) dynamic3(ps Properties) Properties {
	for d.err == nil {
		name := d.string3()
		if name == "" {
			break
		}
		v := d.value3()
		if v == nil && d.err != nil {
			break
		}
		ps = append(ps, Property{name, v})
	}
	return ps
}

// string3 reads a string without marker (§1.3.2). The empty string has no place
// in the string table.
func (d *Decoder) string3() string {
	u := d.u29()
	if d.err != nil {
		return ""
	}
	n := int(u >> 1)
	if u&1 == 1 {
		s := string(d.bytesOf(n))
		if s != "" {
			d.strings = append(d.strings, s)
		}
		return s
	}
	if n >= len(d.strings) {
		d.fail(fmt.Errorf("%w: string %d of %d", ErrReference, n, len(d.strings)))
		return ""
	}
	if !d.charge(len(d.strings[n])) {
		return ""
	}
	return d.strings[n]
}

// u29 reads a variable-length integer (§1.3.1): seven bits a byte, and eight in
// a fourth.
func (d *Decoder) u29() uint32 {
	var u uint32
	for range 3 {
		c := d.u8()
		u = u<<7 | uint32(c&0x7F)
		if c&0x80 == 0 {
			return u
		}
	}
	return u<<8 | uint32(d.u8())
}
