package amf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// The limits of a new decoder.
const (
	DefaultDepth  = 32
	DefaultValues = 10_000
	DefaultBytes  = 256 << 10
)

// Limits bound what a decoder takes from one message.
type Limits struct {
	// Depth is how far containers may be nested. What is deeper than 256 cannot
	// be written again.
	Depth int
	// Values is how many values the message may hold at all depths. References
	// count, and so do the member names of AMF3 traits.
	Values int
	// Bytes is how many bytes the message's names, strings, XML, byte arrays
	// and vectors of numbers may have together. One that AMF3 refers to counts
	// each time: written to a peer that has AMF0 only, it would be repeated.
	Bytes int
}

// Decoder reads the values of one message. References reach from a value to the
// ones before it, so a message needs a decoder of its own.
//
// What it returns shares no memory with the message.
type Decoder struct {
	// Limits can be changed before the first Decode.
	Limits Limits

	b     []byte
	off   int
	done  int // end of the last whole value
	three bool
	err   error // the first; nothing is read after it

	depth, values, bytes int

	refs    []Value // AMF0: objects and arrays in the order of their markers
	strings []string
	objects []Value
	traits  []*traits
}

// NewDecoder returns a decoder of an AMF0 message.
func NewDecoder(b []byte) *Decoder {
	return &Decoder{b: b, Limits: Limits{Depth: DefaultDepth, Values: DefaultValues, Bytes: DefaultBytes}}
}

// NewDecoder3 returns a decoder of a message that is AMF3 from its first byte.
// RTMP has none: its "AMF3" messages are a zero byte and then AMF0, whose
// values may switch to AMF3.
func NewDecoder3(b []byte) *Decoder {
	d := NewDecoder(b)
	d.three = true
	return d
}

// Decode returns the next value, or io.EOF after the last one. Any other error
// is an [*Error] and final; an object or array that it ended comes with it and
// holds what was read.
func (d *Decoder) Decode() (Value, error) {
	if d.err != nil {
		return nil, d.err
	}
	if d.off == len(d.b) {
		return nil, io.EOF
	}
	var v Value
	if d.three {
		v = d.value3()
	} else {
		v = d.value0()
	}
	if d.err == nil {
		d.done = d.off
	}
	return v, d.err
}

// All returns the values up to the end of the message. With an error come the
// values that were read before it, the last of which may be an object or array
// that holds only its beginning: what a command needs often stands before the
// bytes that cannot be read.
func (d *Decoder) All() (List, error) {
	var l List
	for {
		v, err := d.Decode()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err == nil || v != nil {
			l = append(l, v)
		}
		if err != nil {
			return l, err
		}
	}
}

// More says whether there are bytes after the last value and no error has
// ended the decoding.
func (d *Decoder) More() bool { return d.err == nil && d.off < len(d.b) }

// Rest returns the bytes after the last value that was read whole: a part of
// the message that was given to the decoder.
func (d *Decoder) Rest() []byte { return d.b[d.done:] }

// Decode returns the values of an AMF0 message, within the default limits. As
// with [Decoder.All], an error comes with what was read before it.
func Decode(b []byte) (List, error) { return NewDecoder(b).All() }

// Decode3 is [Decode] for a message that is AMF3 from its first byte.
func Decode3(b []byte) (List, error) { return NewDecoder3(b).All() }

func (d *Decoder) fail(err error) {
	if d.err == nil {
		d.err = &Error{Offset: d.off, Err: err}
	}
}

// count takes one value from the budget.
func (d *Decoder) count() bool {
	if d.values++; d.values > d.Limits.Values {
		d.fail(fmt.Errorf("%w: more than %d values", ErrLimit, d.Limits.Values))
	}
	return d.err == nil
}

// charge takes n bytes of text or numbers from the budget.
func (d *Decoder) charge(n int) bool {
	if n > d.Limits.Bytes-d.bytes {
		d.fail(fmt.Errorf("%w: more than %d bytes of strings", ErrLimit, d.Limits.Bytes))
		return false
	}
	d.bytes += n
	return d.err == nil
}

// descend enters a container; ascend leaves it.
func (d *Decoder) descend() bool {
	if d.depth++; d.depth > d.Limits.Depth {
		d.fail(fmt.Errorf("%w: nested deeper than %d", ErrLimit, d.Limits.Depth))
	}
	return d.err == nil
}

func (d *Decoder) ascend() { d.depth-- }

// take returns the next n bytes of the message, or nil.
func (d *Decoder) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if n < 0 || n > len(d.b)-d.off {
		d.fail(ErrTruncated)
		return nil
	}
	p := d.b[d.off : d.off+n : d.off+n]
	d.off += n
	return p
}

func (d *Decoder) u8() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *Decoder) u16() uint16 {
	if p := d.take(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (d *Decoder) u32() uint32 {
	if p := d.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (d *Decoder) f64() float64 {
	if p := d.take(8); p != nil {
		return math.Float64frombits(binary.BigEndian.Uint64(p))
	}
	return 0
}

// bytesOf returns n bytes that have been charged to the budget.
func (d *Decoder) bytesOf(n int) []byte {
	p := d.take(n)
	if p == nil || !d.charge(n) {
		return nil
	}
	return p
}

// room is how many elements to allocate at once for a declared number of them:
// what can be there at one byte each, and no more than a handful on trust. 64
// here let 64 KiB of lying ECMA arrays take 10 MB.
func (d *Decoder) room(declared int) int {
	return max(0, min(declared, len(d.b)-d.off, 16))
}
