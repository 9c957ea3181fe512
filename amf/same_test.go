package amf

import (
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same compares two graphs of values: numbers by their bits, pointers by what
// they point at and by how they are shared.
func same(a, b Value) bool { return make(sameness).values(a, b) }

// sameness holds the pairs of pointers that were met.
type sameness map[Value]Value

func (s sameness) values(a, b Value) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && math.Float64bits(a) == math.Float64bits(b)
	case Date:
		b, ok := b.(Date)
		return ok && a.Zone == b.Zone && s.values(a.Milliseconds, b.Milliseconds)
	case []byte:
		b, ok := b.([]byte)
		return ok && slices.Equal(a, b)
	case AMF3:
		b, ok := b.(AMF3)
		return ok && s.values(a.Value, b.Value)
	case *Object:
		b, ok := b.(*Object)
		return ok && s.pair(a, b, func() bool {
			return a.Class == b.Class && a.Closed == b.Closed && a.Sealed == b.Sealed && s.properties(a.Properties, b.Properties)
		})
	case *ECMAArray:
		b, ok := b.(*ECMAArray)
		return ok && s.pair(a, b, func() bool { return a.Count == b.Count && s.properties(a.Properties, b.Properties) })
	case *Array:
		b, ok := b.(*Array)
		return ok && s.pair(a, b, func() bool { return s.lists(a.Values, b.Values) && s.properties(a.Assoc, b.Assoc) })
	case *ObjectVector:
		b, ok := b.(*ObjectVector)
		return ok && s.pair(a, b, func() bool { return a.Fixed == b.Fixed && a.Type == b.Type && s.lists(a.Values, b.Values) })
	case *Vector[int32]:
		b, ok := b.(*Vector[int32])
		return ok && s.pair(a, b, func() bool { return a.Fixed == b.Fixed && slices.Equal(a.Values, b.Values) })
	case *Vector[uint32]:
		b, ok := b.(*Vector[uint32])
		return ok && s.pair(a, b, func() bool { return a.Fixed == b.Fixed && slices.Equal(a.Values, b.Values) })
	case *Vector[float64]:
		b, ok := b.(*Vector[float64])
		return ok && s.pair(a, b, func() bool {
			return a.Fixed == b.Fixed && slices.EqualFunc(a.Values, b.Values, func(x, y float64) bool { return s.values(x, y) })
		})
	case *Dictionary:
		b, ok := b.(*Dictionary)
		return ok && s.pair(a, b, func() bool {
			return a.WeakKeys == b.WeakKeys && slices.EqualFunc(a.Entries, b.Entries, func(x, y Entry) bool {
				return s.values(x.Key, y.Key) && s.values(x.Value, y.Value)
			})
		})
	case *External:
		b, ok := b.(*External)
		return ok && s.pair(a, b, func() bool { return a.Class == b.Class && s.values(a.Value, b.Value) })
	}
	return a == b
}

func (s sameness) pair(a, b Value, content func() bool) bool {
	if met, ok := s[a]; ok {
		return met == b
	}
	s[a] = b
	return content()
}

func (s sameness) lists(a, b List) bool {
	return slices.EqualFunc(a, b, func(x, y Value) bool { return s.values(x, y) })
}

func (s sameness) properties(a, b Properties) bool {
	return slices.EqualFunc(a, b, func(x, y Property) bool { return x.Name == y.Name && s.values(x.Value, y.Value) })
}

func sameLists(a, b List) bool { return make(sameness).lists(a, b) }
