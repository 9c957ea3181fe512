package media

import (
	"slices"
	"testing"
)

// eac3 writes a syncframe of that many bytes: bsi up to lfeon and bsid.
func eac3(kind, substream, size, rate, blocks, mode, lfe uint64) *bitWriter {
	w := (&bitWriter{}).write(0x0b77, 16).write(kind, 2).write(substream, 3).write(size/2-1, 11)
	w.write(rate, 2).write(blocks, 2).write(mode, 3).write(lfe, 1).write(16, 5)
	return w.write(27, 5).write(0, 1) // dialnorm, no compr
}

func padded(w *bitWriter, size int) []byte { return append(w.b, make([]byte, size-len(w.b))...) }

func TestReadEAC3(t *testing.T) {
	const size = 64
	main := func(blocks uint64) []byte {
		w := eac3(0, 0, size, 0, blocks, 7, 1).write(0, 1) // no mixing
		w.write(1, 1).write(5, 3).write(0, 2).write(0, 2).write(1, 1).write(0, 8).write(0, 1)
		if blocks != 3 {
			w.write(0, 1) // convsync
		}
		return padded(w.write(0, 1), size)
	}
	// Lrs/Rrs and the vertical pair in a dependent substream.
	dependent := padded(eac3(1, 0, size, 0, 3, 6, 0).write(1, 1).write(0x0210, 16).write(0, 3), size)
	// All the mixing data that there can be, and objects.
	mixing := eac3(0, 0, size, 0, 3, 7, 1).write(1, 1).write(0, 2).write(0, 6).write(0, 6).write(1, 1).write(0, 5)
	mixing.write(1, 1).write(0, 6).write(1, 1).write(0, 6).write(3, 2).write(0, 5).write(0, 16)
	mixing.write(1, 1)
	for range 6 {
		mixing.write(1, 1).write(0, 5)
	}
	mixing.write(0, 1).write(1, 1).write(1, 6).write(1, 8).write(16, 8)
	objects := padded(mixing, size)
	dualMono := eac3(0, 0, size, 3, 2, 0, 0).write(27, 5).write(1, 1).write(9, 8).write(0, 3)

	for _, c := range []struct {
		name              string
		unit              []byte
		channels, samples int
		rate, kbit        int
		first             AC3Substream
		independent       int
		joc               uint8
	}{
		{"5.1 with its mode", main(3), 6, 1536, 48000, 16, AC3Substream{0, 16, 5, 7, true, 0, 0}, 1, 0},
		{
			"7.1.2", slices.Concat(main(3), dependent), 10, 1536, 48000, 32,
			AC3Substream{0, 16, 5, 7, true, 1, 0b0_0100_0010},
			1, 0,
		},
		{
			"six syncframes of a block", slices.Concat(main(0), main(0), main(0), main(0), main(0), main(0)), 6, 1536, 48000, 96,
			AC3Substream{0, 16, 5, 7, true, 0, 0},
			1, 0,
		},
		{"objects behind all of mixing", objects, 6, 1536, 48000, 16, AC3Substream{0, 16, 0, 7, true, 0, 0}, 1, 16},
		{"dual mono at half a rate", padded(dualMono, size), 2, 1536, 16000, 5, AC3Substream{3, 16, 0, 0, false, 0, 0}, 1, 0},
		{
			"two programs", slices.Concat(main(3), padded(eac3(0, 1, size, 0, 3, 2, 0).write(0, 4), size)), 6, 1536, 48000, 32,
			AC3Substream{0, 16, 5, 7, true, 0, 0},
			2, 0,
		},
		{"rubbish behind", slices.Concat(main(3), []byte("rubbish")), 6, 1536, 48000, 16, AC3Substream{0, 16, 5, 7, true, 0, 0}, 1, 0},
	} {
		got, ok := readAC3(c.unit)
		if !ok || !got.Enhanced || got.Channels != c.channels || got.FrameLength != c.samples || got.SampleRate != c.rate ||
			got.DataRate != c.kbit || got.Substreams[0] != c.first || got.Independent != c.independent || got.JOC != c.joc {
			t.Errorf("%s: %+v, %t", c.name, got, ok)
		}
		if n := (&Track{Format: &got}).Samples(c.unit); n != c.samples {
			t.Errorf("%s: %d samples", c.name, n)
		}
	}
	for name, unit := range map[string][]byte{
		"a dependent substream alone": dependent,
		"the second program alone":    padded(eac3(0, 1, size, 0, 3, 2, 0), size),
		"a reserved rate":             padded(eac3(0, 0, size, 3, 3, 2, 0), size),
		"a reserved type":             padded(eac3(3, 0, size, 0, 3, 2, 0), size),
		"a head that is cut":          main(3)[:7],
	} {
		if got, ok := readAC3(unit); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Blu-ray's way to seven channels: AC-3 with the rest in E-AC-3.
func TestReadAC3WithMoreChannels(t *testing.T) {
	core := append(unhex(t, "0b77b50b1e40ebf8403eff99"), make([]byte, 1792-12)...)
	more := padded(eac3(1, 0, 64, 0, 3, 2, 0).write(1, 1).write(0x0200, 16).write(0, 3), 64)
	got, ok := readAC3(append(core, more...))
	if !ok || !got.Enhanced || got.Channels != 8 || got.FrameLength != 1536 || got.DataRate != 464 {
		t.Errorf("%+v, %t", got, ok)
	}
}

// The rate of a frame and the objects that it does not mention change nothing.
func TestInspectEAC3IsSteady(t *testing.T) {
	frame := func(size int) []byte { return padded(eac3(0, 0, uint64(size), 0, 3, 2, 0).write(0, 3), size) }
	f := Inspect(EAC3, nil, frame(64))
	if got := Inspect(EAC3, f, frame(128)); got != f {
		t.Errorf("%+v after %+v", got, f)
	}
}

func TestReadAC3Refuses(t *testing.T) {
	for name, frame := range map[string]string{
		"rate 3":        "0b770000c040436100",
		"frmsizecod 63": "0b7700003f40436100",
		"bsid 17":       "0b77000014884361",
		"no sync word":  "770b000014404361",
		"cut":           "0b77000014",
	} {
		if got, ok := readAC3(unhex(t, frame)); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
