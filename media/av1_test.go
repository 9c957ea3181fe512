package media

import (
	"fmt"
	"testing"
)

func TestOBUs(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"sizes", "12000a0211220a0133", " 2:[] 1:[11 22] 1:[33]"},
		{"the last without size", "12000811", " 2:[] 1:[11]"},
		{"an extension", "0e000133", " 1:[33]"},
		{"an extension that is cut", "0c", ""},
		{"a size of two bytes", "0a8100ff", " 1:[ff]"},
		{"an overrun after a good one", "12000a05ff", " 2:[]"},
		{"a size without end", "0affffffffffffffffff", ""},
	} {
		var got string
		for kind, payload := range OBUs(unhex(t, c.in)) {
			got += fmt.Sprintf(" %d:[% x]", kind, payload)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A sequence header with all that encoders leave out: the time of a picture, a
// decoder model, two operating points.
func TestParseAV1SequenceHeaderByHand(t *testing.T) {
	w := (&bitWriter{}).write(0, 3).write(0, 1).write(0, 1)
	w.write(1, 1).write(1001, 32).write(60000, 32).write(1, 1).ue(1) // two ticks a picture
	w.write(1, 1).write(9, 5).write(1, 32).write(0, 10)
	w.write(1, 1).write(1, 5)
	for _, level := range []uint64{13, 5} {
		w.write(0x101, 12).write(level, 5)
		if level > 7 {
			w.write(1, 1)
		}
		w.write(1, 1).write(0, 21).write(1, 1).write(7, 4)
	}
	w.write(10, 4).write(10, 4).write(1919, 11).write(1079, 11)
	w.write(1, 1).write(0, 7).write(0, 3) // frame identifiers
	w.write(0, 4).write(1, 1).write(0, 2).write(0, 1).write(1, 1).write(0, 1).write(0, 1).write(7, 3)
	w.write(0, 3)
	w.write(0, 1).write(0, 1).write(1, 1).write(1, 8).write(13, 8).write(0, 8).write(0, 2)
	h, err := parseAV1SequenceHeader(w.b)
	if err != nil {
		t.Fatal(err)
	}
	if h.level != 13 || !h.high || h.Width != 1920 || h.Height != 1080 || h.ChromaFormat != 3 || !h.Color.FullRange ||
		fmt.Sprintf("%.3f", h.FrameRate) != "29.970" {
		t.Errorf("got %+v", h)
	}
	for n := range len(w.b) - 1 {
		if _, err := parseAV1SequenceHeader(w.b[:n]); err == nil {
			t.Errorf("%d bytes are enough", n)
		}
	}
}

func TestParseAV1ReducedHeader(t *testing.T) {
	w := (&bitWriter{}).write(2, 3).write(1, 1).write(1, 1).write(8, 5).write(5, 4).write(5, 4).write(63, 6).write(47, 6)
	w.write(0, 3).write(0, 3).write(0b11, 2).write(0, 1).write(0, 1).write(1, 1).write(0b10, 2)
	h, err := parseAV1SequenceHeader(w.b)
	if err != nil || h.Width != 64 || h.Height != 48 || h.BitDepth != 12 || h.ChromaFormat != 2 || !h.Color.FullRange {
		t.Errorf("got %+v, %v", h, err)
	}
}

// FFmpeg 7.0 sends an empty av1C when its encoder told none.
func TestAV1WithoutRecord(t *testing.T) {
	for _, e := range encoders(t) {
		if e.codec != AV1 {
			continue
		}
		for name, known := range map[string]*AV1Config{"nothing": nil, "a head": mustAV1(t, e.record[:4])} {
			var f Format
			if known != nil {
				f = known
			}
			got, ok := Inspect(AV1, f, e.frame).(*AV1Config)
			if !ok || got.Width == 0 || got.CodecString() != e.format(t).CodecString() {
				t.Errorf("%s after %s: %+v", e.name, name, got)
			}
		}
	}
}

func mustAV1(t *testing.T, b []byte) *AV1Config {
	t.Helper()
	c, err := ParseAV1Config(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A new size in the frames is another format.
func TestInspectAV1Size(t *testing.T) {
	var small, large *encoded
	for _, e := range encoders(t) {
		switch e.name {
		case "svt":
			small = &e
		case "svt-hdr10":
			large = &e
		}
	}
	first := small.format(t)
	got := Inspect(AV1, first, large.frame).(*AV1Config)
	if got.Width != 1280 || got.Light.MaxCLL != 1000 || got.Light.Mastering == nil {
		t.Errorf("got %+v", got)
	}
	if back := Inspect(AV1, got, small.frame).(*AV1Config); back.Width != 320 {
		t.Errorf("back: %+v", back)
	}
}
