package media

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func TestNALUnits(t *testing.T) {
	cases := []struct {
		name, in   string
		lengthSize int
		want       string
	}{
		{"two units", "0000000265880000000141", 4, "[6588 41]"},
		{"lengths of 1", "0265880141", 1, "[6588 41]"},
		{"lengths of 2", "000265880000000141", 2, "[6588 41]"},
		{"an overrun after a good unit", "000000026588000000094100", 4, "[6588]"},
		{"a length that is cut", "0000000265880000", 4, "[6588]"},
		{"a length of 2^32 - 1", "ffffffff65", 4, "[]"},
		{"nothing", "", 4, "[]"},
		{"a length size of 0", "6588", 0, "[]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for nal := range NALUnits(unhex(t, c.in), c.lengthSize) {
				got = append(got, fmt.Sprintf("%x", nal))
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
	t.Run("stops when told", func(t *testing.T) {
		for nal := range NALUnits(unhex(t, "0000000265880000000141"), 4) {
			if NALType(nal) == NALIDR {
				return
			}
			t.Fatal("no IDR first")
		}
	})
}

func TestIsAnnexB(t *testing.T) {
	long := append([]byte{0, 0, 1, 4}, make([]byte, 0x104)...)
	cases := []struct {
		name string
		in   []byte
		want bool
	}{
		{"start codes of 4", unhex(t, "0000000109f0000000016588"), true},
		{"start codes of 3", unhex(t, "00000109f00000016588"), true},
		{"lengths", unhex(t, "0000000265880000000141"), false},
		{"a length of 1", unhex(t, "000000010a"), false},
		{"a length of 260", long, false},
		{"a length of 260 that overruns", long[:200], true},
		{"nothing", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := IsAnnexB(c.in, 4); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestLengthPrefixed(t *testing.T) {
	cases := []struct {
		name, in   string
		lengthSize int
		want       string
	}{
		{"mixed start codes", "0000000109f00000016588000000000141", 4, "0000000209f000000002658800000001" + "41"},
		{"trailing zeros", "00000165880000", 2, "00026588"},
		{"empty units", "000001000001000001" + "41", 1, "0141"},
		{"no start code", "6588", 4, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := LengthPrefixed(unhex(t, c.in), c.lengthSize)
			if err != nil || !bytes.Equal(got, unhex(t, c.want)) {
				t.Errorf("got %x, %v", got, err)
			}
			if cap(got) != len(got) {
				t.Errorf("%d bytes in %d", len(got), cap(got))
			}
		})
	}
	t.Run("too long for its length", func(t *testing.T) {
		in := append([]byte{0, 0, 1}, bytes.Repeat([]byte{0x65}, 256)...)
		if _, err := LengthPrefixed(in, 1); err == nil {
			t.Error("no error")
		}
	})
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"6700000300000301": "670000000001",
		"670000030000":     "6700000000",
		"67000003":         "670000",
		"670003":           "670003",
	} {
		if got := unescape(unhex(t, in)); !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("%s: got %x, want %s", in, got, want)
		}
	}
}

func FuzzNALUnits(f *testing.F) {
	f.Add(unhex(f, "0000000265880000000141"), uint8(4))
	f.Add(unhex(f, "0000000109f00000016588"), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		lengthSize := int(n&3) + 1
		if !IsAnnexB(b, lengthSize) {
			return
		}
		out, err := LengthPrefixed(b, lengthSize)
		if err != nil {
			return
		}
		if !slices.EqualFunc(slices.Collect(NALUnits(out, lengthSize)), slices.Collect(annexBUnits(b)), bytes.Equal) {
			t.Errorf("%x became %x", b, out)
		}
	})
}
