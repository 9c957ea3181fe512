package amf

// AMF3 is a value that an AMF0 message holds in AMF3 (AMF0 marker 0x11). The
// switch is for this one value. Inside an AMF3 value it has no meaning: the
// value is written bare.
//
// The lookups of [List] and [Properties] see through it.
type AMF3 struct{ Value Value }

// XML is the text of an ActionScript 3 (E4X) XML value (AMF3 marker 0x0B). In
// AMF0 it is written as an [XMLDocument].
type XML string

// Vector is an AMF3 vector of numbers: Vector.<int>, Vector.<uint>,
// Vector.<Number>.
type Vector[T int32 | uint32 | float64] struct {
	Fixed  bool // the length cannot change
	Values []T
}

// ObjectVector is an AMF3 vector of anything else.
type ObjectVector struct {
	Fixed  bool
	Type   string // class name of the elements; empty or "*" for any
	Values List
}

// Dictionary is an AMF3 dictionary: its keys can be of any type. The order of
// its entries is that of the wire.
type Dictionary struct {
	WeakKeys bool
	Entries  []Entry
}

// Entry is a key of a [Dictionary] and its value.
type Entry struct{ Key, Value Value }

// External is an AMF3 object that is written by its class, in a form that only
// the class knows. Those classes are known here that wrap one value:
//
//	flex.messaging.io.ArrayCollection
//	flex.messaging.io.ArrayList
//	flex.messaging.io.ObjectProxy
//
// Any other ends the decoding with [ErrExternal]. The lookups of [List] and
// [Properties] see through an External.
type External struct {
	Class string
	Value Value
}

func knownExternal(class string) bool {
	switch class {
	case "flex.messaging.io.ArrayCollection", "flex.messaging.io.ArrayList", "flex.messaging.io.ObjectProxy":
		return true
	}
	return false
}
