package media

import "testing"

func TestUnwrapper(t *testing.T) {
	cases := []struct {
		name string
		in   []uint32
		want []int64
	}{
		{"goes on over the wrap", []uint32{0xffffff00, 0x40, 0x80}, []int64{0xffffff00, 0x100000040, 0x100000080}},
		{
			"goes back over the wrap",
			[]uint32{0xffffff00, 0x40, 0xfffffff0, 0x50},
			[]int64{0xffffff00, 0x100000040, 0xfffffff0, 0x100000050},
		},
		{"goes back below zero", []uint32{0, 0xffffffff, 5}, []int64{0, -1, 5}},
		{
			"wraps twice",
			[]uint32{0, 0x7fffffff, 0xfffffffe, 0x7ffffffd, 0xfffffffc, 1},
			[]int64{0, 0x7fffffff, 0xfffffffe, 0x17ffffffd, 0x1fffffffc, 0x200000001},
		},
		{"starts where it is told", []uint32{3000000000, 3000000040}, []int64{3000000000, 3000000040}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var u Unwrapper
			for i, ts := range c.in {
				if got := u.Unwrap(ts); got != c.want[i] {
					t.Errorf("%d: Unwrap(%#x) = %#x, want %#x", i, ts, got, c.want[i])
				}
			}
		})
	}
}
