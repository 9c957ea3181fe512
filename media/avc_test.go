package media

import (
	"bytes"
	"reflect"
	"testing"
)

const (
	highSPSHex = "6764000bacd9434fe59fff000200031000003e90000bb800f1429960"
	ppsHex     = "68ebe3cb22c0"
)

func TestParseAVCConfig(t *testing.T) {
	full := "0164000bffe1001c" + highSPSHex + "010006" + ppsHex + "fdf8f800"
	sps, pps := unhex(t, highSPSHex), unhex(t, ppsHex)
	one := [][]byte{sps}
	cases := []struct {
		name, avcC string
		lengthSize int
		sps, pps   [][]byte
	}{
		{"whole", full, 4, one, [][]byte{pps}},
		{"without the tail of High", full[:len(full)-8], 4, one, [][]byte{pps}},
		{"with trailing rubbish", full + "deadbeef", 4, one, [][]byte{pps}},
		{"without PPS", "0164000bffe1001c" + highSPSHex, 4, one, nil},
		{"lengths of 2, reserved bits 0", "0164000b0101001c" + highSPSHex + "010006" + ppsHex, 2, one, [][]byte{pps}},
		{"wrong profile bytes", "01000000ffe1001c" + highSPSHex + "010006" + ppsHex, 4, one, [][]byte{pps}},
		{
			"two of each, one empty", "0164000bffe2001c" + highSPSHex + "001c" + highSPSHex + "030006" + ppsHex + "00000006" + ppsHex,
			4,
			[][]byte{sps, sps},
			[][]byte{pps, pps},
		},
		{"Annex B", "00000001" + highSPSHex + "000001" + ppsHex, 4, one, [][]byte{pps}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAVCConfig(unhex(t, c.avcC))
			if err != nil {
				t.Fatal(err)
			}
			if got.LengthSize != c.lengthSize || !reflect.DeepEqual(got.SPS, c.sps) || !reflect.DeepEqual(got.PPS, c.pps) {
				t.Errorf("got %+v", got)
			}
			if got.Width != 200 || got.Height != 100 || got.CodecString() != "avc1.64000b" {
				t.Errorf("got %dx%d, %s", got.Width, got.Height, got.CodecString())
			}
			again, err := ParseAVCConfig(got.Append(nil))
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("appended and parsed again: %+v, %v", again, err)
			}
		})
	}
	t.Run("appends what a strict encoder sends", func(t *testing.T) {
		c, err := ParseAVCConfig(unhex(t, full))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Append([]byte{}); !bytes.Equal(got, unhex(t, full)) {
			t.Errorf("got  %x\nwant %s", got, full)
		}
	})
	t.Run("no tail in Baseline", func(t *testing.T) {
		const record = "0142c00cffe1001d6742c00cd901419f9fff0003000410000003001000000301e0f142a480010006" + ppsHex
		c, err := ParseAVCConfig(unhex(t, record))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Append(nil); !bytes.Equal(got, unhex(t, record)) {
			t.Errorf("got  %x\nwant %s", got, record)
		}
	})
}

func TestParseAVCConfigRefuses(t *testing.T) {
	for name, avcC := range map[string]string{
		"nothing":             "",
		"a head":              "0164000bff",
		"version 2":           "0264000bffe1001c" + highSPSHex,
		"no SPS":              "0164000bffe0010006" + ppsHex,
		"SPS cut":             "0164000bffe1001c6764",
		"PPS cut":             "0164000bffe1001c" + highSPSHex + "01000668",
		"PPS in place of SPS": "0164000bffe10006" + ppsHex,
		"Annex B without SPS": "00000001" + ppsHex,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseAVCConfig(unhex(t, avcC)); err == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("more SPS than can be counted", func(t *testing.T) {
		if got, err := ParseAVCConfig(bytes.Repeat(unhex(t, "00000001"+highSPSHex), 32)); err == nil {
			t.Errorf("got %+v", got)
		}
	})
}

func FuzzParseAVCConfig(f *testing.F) {
	f.Add(unhex(f, "0164000bffe1001c"+highSPSHex+"010006"+ppsHex+"fdf8f800"))
	f.Add(unhex(f, "00000001"+highSPSHex+"000001"+ppsHex))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseAVCConfig(b)
		if err != nil {
			return
		}
		again, err := ParseAVCConfig(c.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, c) {
			t.Errorf("appended and parsed again\ngot  %+v\nwant %+v", again, c)
		}
	})
}
