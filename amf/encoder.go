package amf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// maxEncodeDepth ends what nesting by slices, which have no identity, could
// make endless. Cycles through pointers become references.
const maxEncodeDepth = 256

// Append appends those values to dst in AMF0, as one message or a part of it,
// and returns the extended buffer. On error it returns dst as it was; the
// errors are [ErrType], [ErrTooLong], [ErrTooDeep] and, within an [AMF3] value,
// [ErrEmptyName].
//
// References reach over the values of one call, and not from one call to
// another.
func Append(dst []byte, values ...Value) ([]byte, error) {
	e := encoder{b: dst}
	for _, v := range values {
		e.value0(v)
	}
	return e.result(dst)
}

// Append3 is [Append] in AMF3.
func Append3(dst []byte, values ...Value) ([]byte, error) {
	e := encoder{b: dst}
	for _, v := range values {
		e.value3(v)
	}
	return e.result(dst)
}

type encoder struct {
	b     []byte
	depth int
	err   error // the first

	refs    table[Value] // AMF0
	strings table[string]
	objects table[Value]
	traits  table[string]
	key     []byte // scratch of traits
}

func (e *encoder) result(dst []byte) ([]byte, error) {
	if e.err != nil {
		return dst, fmt.Errorf("amf: encoding: %w", e.err)
	}
	return e.b, nil
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) descend() bool {
	if e.depth++; e.depth > maxEncodeDepth {
		e.fail(ErrTooDeep)
	}
	return e.err == nil
}

func (e *encoder) ascend() { e.depth-- }

func (e *encoder) u8(v byte)     { e.b = append(e.b, v) }
func (e *encoder) u16(v uint16)  { e.b = binary.BigEndian.AppendUint16(e.b, v) }
func (e *encoder) u32(v uint32)  { e.b = binary.BigEndian.AppendUint32(e.b, v) }
func (e *encoder) f64(v float64) { e.b = binary.BigEndian.AppendUint64(e.b, math.Float64bits(v)) }

// number returns v as AMF's number, and whether it is of an integer type.
func number(v Value) (f float64, integer, ok bool) {
	switch v := v.(type) {
	case float64:
		return v, false, true
	case float32:
		return float64(v), false, true
	case int:
		return float64(v), true, true
	case int8:
		return float64(v), true, true
	case int16:
		return float64(v), true, true
	case int32:
		return float64(v), true, true
	case int64:
		return float64(v), true, true
	case uint:
		return float64(v), true, true
	case uint8:
		return float64(v), true, true
	case uint16:
		return float64(v), true, true
	case uint32:
		return float64(v), true, true
	case uint64:
		return float64(v), true, true
	}
	return 0, false, false
}
