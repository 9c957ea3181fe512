package media

import "testing"

func TestParseVPConfig(t *testing.T) {
	for _, c := range []struct {
		name, record, want string
	}{
		{"whole", "010000000029820202020000", "vp09.00.41.08"},
		{"without version and flags", "0029820202020000", "vp09.00.41.08"},
		{"with initialization data", "0100000000298202020200020102", "vp09.00.41.08"},
		{"PQ", "01000000020aa20910090000", "vp09.02.10.10.01.09.16.09.00"},
	} {
		got, err := ParseVPConfig(VP9, unhex(t, c.record))
		if err != nil || got.CodecString() != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	for name, record := range map[string]string{
		"nothing":       "",
		"cut":           "01000000002982020202",
		"version 0":     "000000000029820202020000",
		"profile 4":     "010000000429820202020000",
		"9 bits":        "010000000029920202020000",
		"subsampling 4": "010000000029880202020000",
	} {
		if got, err := ParseVPConfig(VP9, unhex(t, record)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A name cannot be without a level, a record often is.
func TestVPLevel(t *testing.T) {
	for _, c := range []struct {
		width, height int
		want          string
	}{
		{0, 0, "vp09.00.10.08"},
		{640, 360, "vp09.00.30.08"},
		{1920, 1080, "vp09.00.41.08"},
		{3840, 2160, "vp09.00.51.08"},
		{16384, 16384, "vp09.00.62.08"},
	} {
		f := newVPConfig(VP9)
		f.Width, f.Height = c.width, c.height
		if got := f.CodecString(); got != c.want || f.LevelName() != "" {
			t.Errorf("%dx%d: %s, %q", c.width, c.height, got, f.LevelName())
		}
	}
}

func TestInspectVPKeepsBetweenKeys(t *testing.T) {
	for _, c := range []struct {
		codec      Codec
		key, inter string
	}{
		{VP8, "1067009d012a4201b600", "1167009d012a4201b600"},
		{VP9, "824983420013f00b3606", "86004092f0a125000130"},
		{VP9, "824983420013f00b3606", "8a4983420013f00b3606"}, // a frame shown again
	} {
		f := Inspect(c.codec, nil, unhex(t, c.key))
		if f == nil || f.(*VPConfig).Width < 320 {
			t.Fatalf("%v: %+v", c.codec, f)
		}
		if got := Inspect(c.codec, f, unhex(t, c.inter)); got != f {
			t.Errorf("%v: %+v", c.codec, got)
		}
	}
}
