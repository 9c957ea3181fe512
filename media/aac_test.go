package media

import "testing"

func TestParseAACConfig(t *testing.T) {
	// A program config element of three front elements (two pairs) and an LFE.
	pce := (&bitWriter{}).write(2, 5).write(3, 4).write(0, 4).write(0, 3).
		write(0, 4).write(1, 2).write(3, 4).
		write(2, 4).write(0, 4).write(1, 4).write(1, 2).write(0, 3).write(0, 4).write(0, 3).
		write(0b00000, 5).write(0b10001, 5).write(0b10010, 5).write(0, 4)
	pce.n = (pce.n + 7) &^ 7
	pce.write(2, 8).write('h', 8).write('i', 8)

	cases := []struct {
		name   string
		config []byte
		want   AACConfig
		codec  string
	}{
		{"LC 44.1 kHz stereo", unhex(t, "1210"), AACConfig{2, Sound{44100, 44100, 2, 1024}, false, false}, "mp4a.40.2"},
		{
			"LC 48 kHz stereo, SBR said to be absent", unhex(t, "119056e500"),
			AACConfig{2, Sound{48000, 48000, 2, 1024}, false, false},
			"mp4a.40.2",
		},
		{"LC 48 kHz mono of 960 samples", unhex(t, "118c"), AACConfig{2, Sound{48000, 48000, 1, 960}, false, false}, "mp4a.40.2"},
		{"LC 48 kHz 7.1", unhex(t, "11b8"), AACConfig{2, Sound{48000, 48000, 8, 1024}, false, false}, "mp4a.40.2"},
		{"LC of 6.1 (configuration 11)", unhex(t, "11d8"), AACConfig{2, Sound{48000, 48000, 7, 1024}, false, false}, "mp4a.40.2"},
		{"Main 32 kHz", unhex(t, "0a90"), AACConfig{1, Sound{32000, 32000, 2, 1024}, false, false}, "mp4a.40.1"},
		{"HE explicit", unhex(t, "2b118800"), AACConfig{2, Sound{24000, 48000, 2, 1024}, true, false}, "mp4a.40.5"},
		{"HE v2 explicit", unhex(t, "eb098800"), AACConfig{2, Sound{24000, 48000, 2, 1024}, true, true}, "mp4a.40.29"},
		{"HE backward compatible", unhex(t, "131056e598"), AACConfig{2, Sound{24000, 48000, 2, 1024}, true, false}, "mp4a.40.5"},
		{
			"HE v2 backward compatible", unhex(t, "130856e59d4880"),
			AACConfig{2, Sound{24000, 48000, 2, 1024}, true, true},
			"mp4a.40.29",
		},
		{
			"rubbish in place of an extension", unhex(t, "1210ffffffff"),
			AACConfig{2, Sound{44100, 44100, 2, 1024}, false, false},
			"mp4a.40.2",
		},
		{"an extension that is cut", unhex(t, "121056e5"), AACConfig{2, Sound{44100, 44100, 2, 1024}, false, false}, "mp4a.40.2"},
		{
			"a reserved extension rate", unhex(t, "121056e5ee"),
			AACConfig{2, Sound{44100, 44100, 2, 1024}, false, false},
			"mp4a.40.2",
		},
		{
			"a rate in full", (&bitWriter{}).write(2, 5).write(15, 4).write(44056, 24).write(2, 4).write(0, 3).b,
			AACConfig{2, Sound{44056, 44056, 2, 1024}, false, false},
			"mp4a.40.2",
		},
		{
			"core coder delay", (&bitWriter{}).write(2, 5).write(4, 4).write(1, 4).write(0b01, 2).write(99, 14).write(0, 1).b,
			AACConfig{2, Sound{44100, 44100, 1, 1024}, false, false},
			"mp4a.40.2",
		},
		{"program config element of 5.1", pce.b, AACConfig{2, Sound{48000, 48000, 6, 1024}, false, false}, "mp4a.40.2"},
		{
			"low delay", (&bitWriter{}).write(23, 5).write(3, 4).write(2, 4).write(0b000, 3).b,
			AACConfig{23, Sound{48000, 48000, 2, 512}, false, false},
			"mp4a.40.23",
		},
		{
			"enhanced low delay", (&bitWriter{}).write(31, 5).write(7, 6).write(3, 4).write(2, 4).write(1, 1).b,
			AACConfig{39, Sound{48000, 48000, 2, 480}, false, false},
			"mp4a.40.39",
		},
		{
			"USAC", (&bitWriter{}).write(31, 5).write(10, 6).write(3, 4).write(2, 4).b,
			AACConfig{42, Sound{48000, 48000, 2, 1024}, false, false},
			"mp4a.40.42",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAACConfig(c.config)
			if err != nil {
				t.Fatal(err)
			}
			if *got != c.want {
				t.Errorf("got  %+v\nwant %+v", *got, c.want)
			}
			if got.CodecString() != c.codec {
				t.Errorf("codec string %q, want %q", got.CodecString(), c.codec)
			}
		})
	}
}

func TestParseAACConfigRefuses(t *testing.T) {
	for name, config := range map[string][]byte{
		"nothing":                   nil,
		"one byte":                  {0x12},
		"object type 0":             {0x02, 0x10},
		"reserved rate":             {0x16, 0x90},
		"rate 0":                    {0x17, 0x80, 0x00, 0x00, 0x10},
		"reserved channels":         {0x12, 0x40},
		"no program config element": {0x12, 0x00},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := ParseAACConfig(config); err == nil {
				t.Errorf("got %+v", *got)
			}
		})
	}
}

func FuzzParseAACConfig(f *testing.F) {
	for _, s := range []string{"1210", "119056e500", "2b118800", "eb098800", "130856e59d4880"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseAACConfig(b)
		if err != nil {
			return
		}
		if c.SampleRate < 1 || c.OutputSampleRate < 1 || c.Channels < 1 || c.Channels > 96 ||
			c.FrameLength < 480 || c.PS && !c.SBR {
			t.Errorf("out of bounds: %+v", *c)
		}
	})
}
