package media

import "testing"

func TestOpusSamples(t *testing.T) {
	track := &Track{Codec: Opus, Format: &OpusConfig{}}
	for packet, want := range map[string]int{
		"":         0,
		"08":       960,  // SILK, 20 ms
		"1800":     2880, // SILK, 60 ms
		"60":       480,  // hybrid, 10 ms
		"68":       960,
		"80":       120, // CELT, 2.5 ms
		"f8":       960,
		"f9":       1920, // two frames
		"fa":       1920,
		"fb03":     2880,
		"fb":       0,
		"fb3f":     0, // longer than there may be
		"8330":     5760,
		"7b0122ff": 960,
	} {
		if got := track.Samples(unhex(t, packet)); got != want {
			t.Errorf("%s: %d, want %d", packet, got, want)
		}
	}
}

func TestNewOpusConfig(t *testing.T) {
	for _, e := range encoders(t) {
		if e.codec != Opus {
			continue
		}
		told := e.format(t).(*OpusConfig)
		assumed, err := NewOpusConfig(told.Channels)
		if err != nil {
			t.Fatal(err)
		}
		assumed.InputSampleRate = told.InputSampleRate
		if got := assumed.Append(nil); string(got) != string(e.record) {
			t.Errorf("%s: %x, want %x", e.name, got, e.record)
		}
	}
	for _, n := range []int{-1, 0, 9} {
		if c, err := NewOpusConfig(n); err == nil {
			t.Errorf("%d channels: %+v", n, c)
		}
	}
}

func TestParseOpusConfigRefuses(t *testing.T) {
	const magic = "4f70757348656164"
	for name, head := range map[string]string{
		"another version":            magic + "10023801" + "80bb0000000000",
		"no channels":                magic + "01003801" + "80bb0000000000",
		"three channels of family 0": magic + "01033801" + "80bb0000000000",
		"no mapping":                 magic + "01063801" + "80bb0000000001",
		"more coupled than streams":  magic + "01033801" + "80bb00000000010103000102",
	} {
		if c, err := ParseOpusConfig(unhex(t, head)); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestFLACSamples(t *testing.T) {
	track := &Track{Codec: FLAC, Format: &FLACConfig{}}
	for frame, want := range map[string]int{
		"":                      0,
		"fff81908004e":          192,
		"fff85908004e":          4608,
		"fff8c908004e":          4096,
		"fff86908004e00":        79,   // a byte behind the number
		"fff8690800034e":        4,    // the same, of 3
		"fff87908000fff":        4096, // two bytes
		"fff979 08c28003ff00":   1024, // behind a number of two bytes
		"fff8790800":            0,
		"fff80908004e":          0,
		"000000000000":          0,
		"fff879 08fe8080808080": 0,
	} {
		hex := ""
		for _, r := range frame {
			if r != ' ' {
				hex += string(r)
			}
		}
		if got := track.Samples(unhex(t, hex)); got != want {
			t.Errorf("%s: %d, want %d", frame, got, want)
		}
	}
}

func TestParseFLACConfigIsLenient(t *testing.T) {
	const block = "00000022" + "10001000" + "000000000000" + "0bb802f000000000" + "00000000000000000000000000000000"
	for name, record := range map[string]string{
		"with the mark, other blocks follow": "664c6143" + block + "04000000",
		"without":                            block,
	} {
		c, err := ParseFLACConfig(unhex(t, record))
		if err != nil || c.SampleRate != 48000 || c.Channels != 2 || c.BitDepth != 16 {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	for name, record := range map[string]string{
		"another block":   "664c614304000022" + block[8:],
		"no sample rate":  "664c614300000022" + "10001000000000000000" + "000002f0" + "0000000000000000000000000000000000000000",
		"cut STREAMINFO":  "664c6143" + block[:70],
		"a size of three": "664c614300000003" + block[8:],
	} {
		if c, err := ParseFLACConfig(unhex(t, record)); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestReadMP3(t *testing.T) {
	for frame, want := range map[string]MP3Config{
		"fffb9064": {Sound{44100, 44100, 2, 1152}, 3, false},
		"fffb94c4": {Sound{48000, 48000, 1, 1152}, 3, false},
		"fff384c4": {Sound{24000, 24000, 1, 576}, 3, true},
		"ffe388c4": {Sound{8000, 8000, 1, 576}, 3, true},
		"fffd9004": {Sound{44100, 44100, 2, 1152}, 2, false},
		"ffff9004": {Sound{44100, 44100, 2, 384}, 1, false},
	} {
		if got, ok := readMP3(unhex(t, frame)); !ok || got != want {
			t.Errorf("%s: %+v, %t", frame, got, ok)
		}
	}
	for name, frame := range map[string]string{
		"reserved version": "ffeb9064", "reserved layer": "fff99064", "bit rate 15": "fffbf064", "rate 3": "fffb9c64", "cut": "fffb90",
		"no sync": "00fb9064",
	} {
		if got, ok := readMP3(unhex(t, frame)); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for layer, want := range map[uint8]string{1: "mp4a.40.32", 2: "mp4a.40.33", 3: "mp4a.40.34"} {
		if got := (&MP3Config{Layer: layer}).CodecString(); got != want {
			t.Errorf("layer %d: %s", layer, got)
		}
	}
}
