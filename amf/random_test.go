package amf

import (
	"math"
	"math/rand/v2"
	"testing"
)

// random makes values of one version, every kind of it, some of them shared.
type random struct {
	*rand.Rand
	three bool
	made  []Value // containers
}

func (r *random) value(depth int) Value {
	kinds := 8
	if depth > 0 {
		kinds = 20
	}
	switch r.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return Undefined{}
	case 2:
		return r.IntN(2) == 0
	case 3:
		return math.Float64frombits(r.Uint64())
	case 4, 5:
		return r.string()
	case 6:
		return XMLDocument(r.string())
	case 7:
		if r.three {
			return int(int32(r.Uint32()) >> 3)
		}
		return Date{Milliseconds: r.NormFloat64(), Zone: int16(r.Uint32())}
	case 8, 9, 10:
		o := &Object{Class: r.string()}
		r.made = append(r.made, o)
		o.Properties = r.properties(depth)
		if r.three {
			o.Closed = r.IntN(2) == 0
			o.Sealed = r.IntN(len(o.Properties) + 1)
			if o.Closed {
				o.Sealed = len(o.Properties)
			}
		}
		return o
	case 11, 12:
		a := &Array{}
		r.made = append(r.made, a)
		a.Values = r.list(depth)
		if r.three {
			a.Assoc = r.properties(depth)
		}
		return a
	case 13, 14:
		if len(r.made) > 0 {
			return r.made[r.IntN(len(r.made))]
		}
		return nil
	}
	if !r.three {
		if r.IntN(2) == 0 {
			return AMF3{(&random{Rand: r.Rand, three: true}).value(depth - 1)}
		}
		a := &ECMAArray{Count: r.Uint32()}
		r.made = append(r.made, a)
		a.Properties = r.properties(depth)
		return a
	}
	switch r.IntN(7) {
	case 0:
		return []byte(r.string())
	case 1:
		return &Vector[int32]{Fixed: true, Values: []int32{int32(r.Uint32())}}
	case 2:
		return &Vector[uint32]{Values: []uint32{r.Uint32(), 0}}
	case 3:
		return &Vector[float64]{Values: []float64{r.NormFloat64()}}
	case 4:
		v := &ObjectVector{Type: r.string()}
		r.made = append(r.made, v)
		v.Values = r.list(depth)
		return v
	case 5:
		v := &Dictionary{WeakKeys: r.IntN(2) == 0}
		r.made = append(r.made, v)
		for range r.IntN(3) {
			v.Entries = append(v.Entries, Entry{r.value(depth - 1), r.value(depth - 1)})
		}
		return v
	default:
		v := &External{Class: "flex.messaging.io.ArrayList"}
		r.made = append(r.made, v)
		v.Value = r.value(depth - 1)
		return v
	}
}

// string is never empty, so that it can name a dynamic property of AMF3.
func (r *random) string() string {
	return []string{"a", "b", "duration", "\xFF\x00", "täglich"}[r.IntN(5)]
}

func (r *random) properties(depth int) Properties {
	var ps Properties
	for range r.IntN(4) {
		ps = append(ps, Property{r.string(), r.value(depth - 1)})
	}
	return ps
}

func (r *random) list(depth int) List {
	var l List
	for range r.IntN(4) {
		l = append(l, r.value(depth-1))
	}
	return l
}

// What is written is read back the same, sharing and cycles included.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(5000) {
		r := &random{Rand: rand.New(rand.NewPCG(seed, 0)), three: seed%2 == 1}
		var want List
		for range 4 {
			want = append(want, r.value(5))
		}
		write, read := Append, Decode
		if r.three {
			write, read = Append3, Decode3
		}
		b, err := write(nil, want...)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got, err := read(b)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !sameLists(got, want) {
			t.Fatalf("seed %d: wrote\n%sread\n%s", seed, dump(want), dump(got))
		}
	}
}
