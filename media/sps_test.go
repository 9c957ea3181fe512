package media

import (
	"encoding/hex"
	"math"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// encoderSPS are parameter sets of x264; what they say was read with ffprobe.
var encoderSPS = []struct {
	name, nal string
	want      SPS
}{
	{"baseline", "6742c00cd901419f9fff0003000410000003001000000301e0f142a480", SPS{0x42, 0xc0, 12, Picture{
		Width: 320, Height: 180, SARWidth: 3, SARHeight: 4, FrameRate: 15, ReorderFrames: 0,
		ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8, Color: Color{2, 2, 2, false},
	}}},
	{
		"cropped 1080 in BT.709", "67640028acd940780227e5ffc000c0011a808080a000007d20001d4c01e30632c0",
		SPS{0x64, 0, 40, Picture{
			Width: 1920, Height: 1080, SARWidth: 3, SARHeight: 4, FrameRate: 30000. / 1001, ReorderFrames: 2,
			ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8, Color: Color{1, 1, 1, false},
		}},
	},
	{"interlaced", "6764001eacd940b424dff80080007d22000003000200000300643e28532c", SPS{0x64, 0, 30, Picture{
		Width: 720, Height: 576, SARWidth: 16, SARHeight: 15, FrameRate: 25, Interlaced: true, ReorderFrames: 2,
		ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8, Color: Color{2, 2, 2, false},
	}}},
	{
		"HRD parameters", "6764001facd940a02ff97ff0003000429400000300040000030191808007a10001e84e4d38078c18cb",
		SPS{0x64, 0, 31, Picture{
			Width: 640, Height: 360, SARWidth: 3, SARHeight: 4, FrameRate: 50, ReorderFrames: 2,
			ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8, Color: Color{2, 2, 2, false},
		}},
	},
	{
		"4:2:2 of 10 bits, full range", "677a000db6cd941519e222fff003400456c80000030008000003018078a14cb0",
		SPS{0x7a, 0, 13, Picture{
			Width: 322, Height: 182, SARWidth: 52, SARHeight: 69, FrameRate: 24, ReorderFrames: 2,
			ChromaFormat: 2, BitDepth: 10, ChromaBitDepth: 10, Color: Color{2, 2, 2, true},
		}},
	},
	{"4:4:4 of odd height", "67f40015919b282a33c7c67fe02d403c62000003000200000300f01e2c5b2c", SPS{0xf4, 0, 21, Picture{
		Width: 322, Height: 181, SARWidth: 362, SARHeight: 483, FrameRate: 60, ReorderFrames: 2,
		ChromaFormat: 3, BitDepth: 8, ChromaBitDepth: 8, Color: Color{2, 2, 2, false},
	}}},
	{"film rate", "6764000bacd9434fe59fff000200031000003e90000bb800f1429960", SPS{0x64, 0, 11, Picture{
		Width: 200, Height: 100, SARWidth: 2, SARHeight: 3, FrameRate: 24000. / 1001, ReorderFrames: 2,
		ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8, Color: Color{2, 2, 2, false},
	}}},
	{"PQ in BT.2020", "676e000ca6cd941013bff000300046a1220128000003000800000301e078a14cb0", SPS{0x6e, 0, 12, Picture{
		Width: 256, Height: 144, SARWidth: 3, SARHeight: 4, FrameRate: 30, ReorderFrames: 2,
		ChromaFormat: 1, BitDepth: 10, ChromaBitDepth: 10, Color: Color{9, 16, 9, false},
	}}},
	{"extended aspect ratio", "67640015acd94160f7afff0040002310000003001000000303c0f162d960", SPS{0x64, 0, 21, Picture{
		Width: 350, Height: 480, SARWidth: 64, SARHeight: 35, FrameRate: 30, ReorderFrames: 2,
		ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8, Color: Color{2, 2, 2, false},
	}}},
	{"monochrome", "6764000af365109b0e6c80000003008000001e078912cb", SPS{0x64, 0, 10, Picture{
		Width: 64, Height: 64, SARWidth: 4, SARHeight: 3, FrameRate: 30, ReorderFrames: 2,
		ChromaFormat: 0, BitDepth: 8, ChromaBitDepth: 8, Color: Color{2, 2, 2, true},
	}}},
}

func TestParseSPS(t *testing.T) {
	for _, c := range encoderSPS {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseSPS(unhex(t, c.nal))
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got.FrameRate-c.want.FrameRate) < 1e-9 {
				got.FrameRate = c.want.FrameRate
			}
			if *got != c.want {
				t.Errorf("got  %+v\nwant %+v", *got, c.want)
			}
		})
	}
}

// The VUI is the last thing in an SPS, and where encoders go wrong.
func TestParseSPSKeepsSizeWhenVUIBreaks(t *testing.T) {
	nal := unhex(t, encoderSPS[1].nal)
	got, err := ParseSPS(nal[:13])
	if err != nil {
		t.Fatal(err)
	}
	if got.Width != 1920 || got.Height != 1080 || got.FrameRate != 0 || got.ReorderFrames != -1 {
		t.Errorf("got %+v", *got)
	}
}

// highSPS begins an SPS of High profile up to its scaling lists.
func highSPS(chroma uint64) *bitWriter {
	w := (&bitWriter{}).write(0x67640028, 32).ue(0, chroma)
	if chroma == 3 {
		w.write(0, 1)
	}
	return w.ue(0, 0).write(0, 1)
}

func TestParseSPSByHand(t *testing.T) {
	size := func(w *bitWriter, mbs, units uint64) *bitWriter {
		return w.ue(1).write(0, 1).ue(mbs-1, units-1).write(0b11, 2).write(0, 1)
	}
	scaling := highSPS(3).write(1, 1)
	for i := range 12 {
		switch i {
		case 0: // a whole list of zero deltas
			scaling.write(1, 1).ue(make([]uint64, 16)...)
		case 6:
			scaling.write(1, 1).ue(make([]uint64, 64)...)
		case 7: // -8 makes the next scale 0: the default list, and no more deltas
			scaling.write(1, 1).ue(16)
		default:
			scaling.write(0, 1)
		}
	}
	cases := []struct {
		name   string
		w      *bitWriter
		width  int
		height int
		order  int
	}{
		{"scaling lists", size(scaling.ue(0, 0, 0), 4, 3).write(0, 1), 64, 48, -1},
		{
			"order count type 1",
			size(highSPS(1).write(0, 1).ue(0, 1).write(1, 1).ue(5, 6, 3, 1, 2, 3), 4, 3).write(0, 1), 64, 48, -1,
		},
		{"order count type 2", size(highSPS(1).write(0, 1).ue(0, 2), 4, 3).write(0, 1), 64, 48, 0},
		{"aspect ratio 0:0 and a clock for a rate", size(highSPS(1).write(0, 1).ue(0, 2), 4, 3).write(1, 1).
			write(1, 1).write(255, 8).write(0, 32).write(0, 3).write(1, 1).write(1, 32).write(180000, 32).write(0, 5), 64, 48, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseSPS(c.w.write(1, 1).b)
			if err != nil {
				t.Fatal(err)
			}
			if got.Width != c.width || got.Height != c.height || got.ReorderFrames != c.order ||
				got.SARWidth != 1 || got.SARHeight != 1 || got.FrameRate != 0 {
				t.Errorf("got %+v", *got)
			}
		})
	}
}

func TestParseSPSRefuses(t *testing.T) {
	tail := func(w *bitWriter) []byte { return w.write(0, 64).b }
	cases := []struct {
		name string
		nal  []byte
	}{
		{"nothing", nil},
		{"a PPS", unhex(t, "68cb83cb20")},
		{"only a header", unhex(t, "67640028")},
		{"no end", unhex(t, encoderSPS[0].nal)[:6]},
		{"chroma format 4", tail((&bitWriter{}).write(0x67640028, 32).ue(0, 4))},
		{"15 bits", tail((&bitWriter{}).write(0x67640028, 32).ue(0, 1, 7))},
		{"order count type 3", tail(highSPS(1).write(0, 1).ue(0, 3))},
		{"a cycle of 256", tail(highSPS(1).write(0, 1).ue(0, 1).write(1, 1).ue(0, 0, 256))},
		{"2^32 macroblocks", tail(highSPS(1).write(0, 1).ue(0, 2, 1).write(0, 1).ue(1<<32-2, 1<<32-2).write(0b110, 3))},
		{
			"more cropped than there is",
			tail(highSPS(1).write(0, 1).ue(0, 2, 1).write(0, 1).ue(3, 3).write(0b111, 3).ue(1<<32-2, 0, 0, 0)),
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParseSPS(c.nal); err == nil {
				t.Errorf("got %+v", *got)
			}
		})
	}
}

func FuzzParseSPS(f *testing.F) {
	for _, c := range encoderSPS {
		f.Add(unhex(f, c.nal))
	}
	f.Fuzz(func(t *testing.T, nal []byte) {
		s, err := ParseSPS(nal)
		if err != nil {
			return
		}
		if s.Width < 1 || s.Height < 1 || s.Width > maxDimension || s.Height > maxDimension ||
			s.SARWidth < 1 || s.SARHeight < 1 || !(s.FrameRate >= 0 && s.FrameRate <= maxFrameRate) ||
			s.ReorderFrames < -1 || s.ReorderFrames > 16 || s.BitDepth < 8 || s.BitDepth > 14 {
			t.Errorf("out of bounds: %+v", *s)
		}
	})
}
