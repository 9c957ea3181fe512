package media

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"
)

func hevcRecord(t *testing.T, name string) []byte {
	t.Helper()
	for _, e := range encoders(t) {
		if e.name == name {
			return e.record
		}
	}
	t.Fatalf("no %s", name)
	return nil
}

// Records that encoders get wrong say what the right one says.
func TestParseHEVCConfigIsLenient(t *testing.T) {
	record := hevcRecord(t, "x265-hdr10")
	want, err := ParseHEVCConfig(record)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.VPS) != 1 || len(want.SPS) != 1 || len(want.PPS) != 1 || len(want.SEI) == 0 {
		t.Fatalf("%d VPS, %d SPS, %d PPS, %d SEI", len(want.VPS), len(want.SPS), len(want.PPS), len(want.SEI))
	}
	var annexB []byte
	wrongTypes := append(bytes.Clone(record[:22]), 1, 0x20, 0, 0)
	for _, list := range [][][]byte{want.VPS, want.SPS, want.PPS, want.SEI} {
		for _, nal := range list {
			annexB = append(append(annexB, 0, 0, 0, 1), nal...)
			wrongTypes = append(binary.BigEndian.AppendUint16(wrongTypes, uint16(len(nal))), nal...)
			wrongTypes[25]++
		}
	}
	wrongHead := append(append([]byte{0}, make([]byte, 20)...), record[21:]...)
	for name, b := range map[string][]byte{
		"Annex B":                          annexB,
		"all in one array":                 wrongTypes,
		"version 0, nothing else in front": wrongHead,
		"with trailing rubbish":            append(bytes.Clone(record), 1, 2, 3),
	} {
		got, err := ParseHEVCConfig(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
		if !bytes.Equal(got.Append(nil), record) {
			t.Errorf("%s: appended %x", name, got.Append(nil))
		}
	}
}

func TestParseHEVCConfigRefuses(t *testing.T) {
	record := hevcRecord(t, "x265-1080")
	c, err := ParseHEVCConfig(record)
	if err != nil {
		t.Fatal(err)
	}
	noSPS := *c
	noSPS.SPS = nil
	badSPS := *c
	badSPS.SPS = [][]byte{c.SPS[0][:8]}
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"a head":              record[:23],
		"cut in an array":     record[:60],
		"version 2":           append([]byte{2}, record[1:]...),
		"no SPS":              noSPS.Append(nil),
		"an SPS that is cut":  badSPS.Append(nil),
		"Annex B of H.264":    unhex(t, "00000001"+highSPSHex+"000001"+ppsHex),
		"an avcC":             unhex(t, "0164000bffe1001c"+highSPSHex+"010006"+ppsHex),
		"65 SPS":              bytes.Repeat(append([]byte{0, 0, 1}, c.SPS[0]...), 65),
		"a huge SEI in front": append(append([]byte{0, 0, 1, 0x4e, 1}, bytes.Repeat([]byte{5}, 0x10000)...), 0, 0, 1),
	} {
		if got, err := ParseHEVCConfig(b); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got, err := ParseAVCConfig(record); err == nil {
		t.Errorf("hvcC as avcC: %+v", got)
	}
}

// hevcSPSHead begins an SPS up to what follows the bit depths: two sub-layers of
// which one states its level, and 4:2:0 of 64 by 48.
func hevcSPSHead() *bitWriter {
	w := (&bitWriter{}).write(0x4201, 16).write(0, 4).write(1, 3).write(1, 1)
	w.write(0, 2).write(0, 1).write(1, 5).write(0x60000000, 32).write(0x9000, 16).write(0, 32).write(93, 8)
	w.write(0b01, 2).write(0, 14).write(90, 8)
	return w.ue(0, 1, 64, 48).write(0, 1).ue(0, 0)
}

func TestParseHEVCSPSByHand(t *testing.T) {
	tail := func(w *bitWriter) *bitWriter { // from log2_max_pic_order_cnt_lsb_minus4 to the scaling lists
		return w.ue(4).write(1, 1).ue(4, 1, 0, 5, 3, 0).ue(0, 3, 0, 3, 0, 0)
	}
	scaling := tail(hevcSPSHead()).write(0b11, 2)
	for range 20 {
		scaling.write(0, 1).ue(0) // predicted from the default
	}
	lists := tail(hevcSPSHead()).write(0b11, 2)
	for size := range 4 {
		n := 6
		if size == 3 {
			n = 2
		}
		for range n {
			lists.write(1, 1)
			if size > 1 {
				lists.ue(0)
			}
			lists.ue(make([]uint64, min(64, 16<<(2*size)))...)
		}
	}
	// Behind the scaling lists: PCM, two reference sets of which the second is
	// told by the first, long-term pictures, and a VUI with timing.
	rest := func(w *bitWriter) []byte {
		w.write(0b111, 3).write(0x77, 8).ue(0, 0).write(0, 1)
		w.ue(2).ue(2, 1).ue(0).write(1, 1).ue(0).write(1, 1).ue(0).write(1, 1)
		w.write(1, 1).write(0, 1).ue(0).write(0b1, 1).write(0b01, 2).write(0b00, 2).write(0b1, 1)
		w.write(1, 1).ue(2).write(0x1ff, 9).write(0, 9)
		w.write(0, 2).write(1, 1)
		w.write(1, 1).write(1, 8).write(0b11, 2) // aspect ratio 1:1, overscan
		w.write(1, 1).write(0, 3).write(1, 1).write(1, 1).write(9, 8).write(18, 8).write(9, 8)
		w.write(0, 1).write(0b000, 3).write(1, 1).ue(0, 0, 0, 0)
		return w.write(1, 1).write(1, 32).write(50, 32).write(1, 1).b
	}
	for name, nal := range map[string][]byte{
		"no scaling lists":         rest(tail(hevcSPSHead()).write(0, 1)),
		"predicted scaling lists":  rest(scaling),
		"scaling lists as a whole": rest(lists),
	} {
		s, err := parseHEVCSPS(nal)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Width != 64 || s.Height != 48 || s.ReorderFrames != 3 || s.FrameRate != 50 || s.Level != 93 || s.layers != 2 ||
			s.Color != (Color{9, 18, 9, true}) {
			t.Errorf("%s: %+v", name, *s)
		}
	}
	if s, err := parseHEVCSPS(hevcSPSHead().b); err != nil || s.Width != 64 || s.FrameRate != 0 {
		t.Errorf("cut behind the depths: %+v, %v", s, err)
	}
}

func TestParseHEVCSPSRefuses(t *testing.T) {
	head := func() *bitWriter {
		return (&bitWriter{}).write(0x4201, 16).write(1, 8).write(1, 8).write(0, 32).write(0, 32).write(0, 16).write(93, 8).ue(0)
	}
	for name, w := range map[string]*bitWriter{
		"chroma format 4": head().ue(4).write(0, 64),
		"no width":        head().ue(1, 0, 48).write(0, 1).ue(0, 0),
		"cropped away":    head().ue(1, 64, 48).write(1, 1).ue(16, 16, 0, 0).ue(0, 0),
		"17 bits":         head().ue(1, 64, 48).write(0, 1).ue(9, 0),
		"a VPS":           (&bitWriter{}).write(0x4001, 16),
	} {
		if s, err := parseHEVCSPS(w.b); err == nil {
			t.Errorf("%s: %+v", name, *s)
		}
	}
}

func TestHEVCNames(t *testing.T) {
	c := &HEVCConfig{HEVCProfile: HEVCProfile{Space: 1, Profile: 3, Compat: 0x70000000, Level: 186, High: true}}
	if got := c.CodecString(); got != "hvc1.A3.E.H186" {
		t.Errorf("codec string %q", got)
	}
	if c.ProfileName() != "Main Still Picture" || c.LevelName() != "6.2" {
		t.Errorf("%s %s", c.ProfileName(), c.LevelName())
	}
}
