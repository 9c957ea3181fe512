package media

import (
	"math"
	"reflect"
	"testing"
)

func TestParseConfigRefuses(t *testing.T) {
	for _, e := range encoders(t) {
		if e.record == nil {
			if f, err := ParseConfig(e.codec, []byte{1, 2, 3}); err == nil && e.codec != VP8 {
				t.Errorf("%v has no record: %+v", e.codec, f)
			}
			continue
		}
		if f, err := ParseConfig(e.codec, e.record[:3]); err == nil || f != nil {
			t.Errorf("%s cut: %+v", e.name, f)
		}
		damaged := append([]byte{0x55}, e.record[1:]...)
		if f, err := ParseConfig(e.codec, damaged); (err == nil || f != nil) && e.codec != VP9 {
			t.Errorf("%s of another version: %+v", e.name, f)
		}
	}
	if f, err := ParseConfig(Speex, nil); err == nil || f != nil {
		t.Errorf("Speex: %+v", f)
	}
}

// What a frame does not say leaves the format alone.
func TestInspectKeeps(t *testing.T) {
	known := &MP3Config{}
	for _, c := range []Codec{H264, HEVC, AV1, VP8, VP9, AAC, MP3, FLAC, AC3, EAC3, Speex} {
		for _, frame := range [][]byte{nil, {0}, {0xff, 0xff, 0xff, 0xff}, make([]byte, 64)} {
			if f := Inspect(c, nil, frame); f != nil {
				t.Errorf("%v: %x gives %+v", c, frame, f)
			}
		}
	}
	if f := Inspect(MP3, known, []byte{1}); f != known {
		t.Errorf("got %+v", f)
	}
}

func TestInspectOpusWithoutHeader(t *testing.T) {
	f, ok := Inspect(Opus, nil, []byte{0xf8, 1, 2}).(*OpusConfig)
	if !ok || f.Channels != 2 || f.Family != 0 || f.Coupled != 1 {
		t.Fatalf("got %+v", f)
	}
	if Inspect(Opus, f, []byte{0xfc}) != Format(f) {
		t.Error("a second frame changes it")
	}
}

func fuzzSeeds(f *testing.F) {
	for _, e := range encoders(f) {
		f.Add(uint8(e.codec), e.record, e.frame)
	}
	f.Add(uint8(VVC), vvcRecord().b, []byte{})
}

// Whatever comes, what is said of it is within bounds, a strict record says the
// same, and a second look at a frame says nothing new.
func FuzzFormats(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, codec uint8, record, frame []byte) {
		c := Codec(codec)
		known, err := ParseConfig(c, record)
		if err == nil {
			checkRecord(t, c, known)
		}
		said := Inspect(c, known, frame)
		if again := Inspect(c, said, frame); again != said {
			t.Errorf("first %+v\nthen %+v", said, again)
		}
		if said == nil {
			return
		}
		track := &Track{Codec: c, Config: record, Format: said}
		if n := track.Samples(frame); n < 0 || n > 1<<20 {
			t.Errorf("%d samples", n)
		}
		track.ChannelsName()
		track.Light()
		if n, ok := said.(NamedFormat); ok {
			n.ProfileName()
			n.LevelName()
		}
		if p := track.Picture(); p != nil && (p.Width < 0 || p.Height < 0 || p.Width > maxDimension || p.Height > maxDimension ||
			p.SARWidth < 1 || p.SARHeight < 1 || !(p.FrameRate >= 0 && p.FrameRate <= maxFrameRate) || p.BitDepth < 8 ||
			p.BitDepth > 16 || p.ReorderFrames < -1 || p.ReorderFrames > 16 || p.ChromaFormat > 3) {
			t.Errorf("out of bounds: %+v", *p)
		}
		if s := track.Sound(); s != nil && (s.SampleRate < 1 || s.Channels < 1 || s.FrameLength < 0) {
			t.Errorf("out of bounds: %+v", *s)
		}
		if said.CodecString() == "" {
			t.Error("no codec string")
		}
	})
}

func checkRecord(t *testing.T, c Codec, f Format) {
	t.Helper()
	a, ok := f.(interface{ Append([]byte) []byte })
	if !ok {
		return
	}
	record := a.Append(nil)
	again, err := ParseConfig(c, record)
	if err != nil {
		t.Fatalf("%x: %v", record, err)
	}
	if vp, ok := f.(*VPConfig); ok {
		vp.Level = vp.level() // which the record must have
	}
	if !reflect.DeepEqual(f, again) {
		t.Errorf("appended and parsed again\ngot  %+v\nwant %+v", again, f)
	}
}

func TestLight(t *testing.T) {
	said := &ColorInfo{Color: Color{Primaries: 9, Transfer: 18}, Light: Light{MaxCLL: 500, Mastering: &MasteringDisplay{RedX: 0.7}}}
	picture := Picture{BitDepth: 10, Color: Color{Primaries: 1, Transfer: 1, Matrix: 9}, Light: Light{MaxCLL: 100, MaxFALL: 50}}
	track := &Track{Kind: Video, Format: &HEVCConfig{Picture: picture}}
	if got, want := track.Light(), (ColorInfo{Color: picture.Color, BitDepth: 10, Light: Light{MaxCLL: 100, MaxFALL: 50}}); got != want {
		t.Errorf("of the bitstream: %+v, want %+v", got, want)
	}
	track.Color = said
	want := ColorInfo{
		Color: Color{Primaries: 9, Transfer: 18, Matrix: 9}, BitDepth: 10, Light: Light{MaxCLL: 500, Mastering: said.Mastering},
	}
	if got := track.Light(); got != want {
		t.Errorf("of both: %+v, want %+v", got, want)
	}
	if got := (&Track{}).Light(); got.Primaries != Unspecified {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestMasteringDisplayUnits(t *testing.T) {
	m := &MasteringDisplay{
		RedX: 0.68, RedY: 0.32, GreenX: 0.265, GreenY: 0.69, BlueX: 0.15, BlueY: 0.06, WhiteX: 0.3127, WhiteY: 0.329,
		MaxLuminance: 1000, MinLuminance: 0.005,
	}
	points, maximum, minimum := m.Units()
	if want := [4][2]uint16{{13250, 34500}, {7500, 3000}, {34000, 16000}, {15635, 16450}}; points != want ||
		maximum != 10_000_000 || minimum != 50 {
		t.Errorf("%v %d %d", points, maximum, minimum)
	}
	wild := &MasteringDisplay{RedX: math.NaN(), RedY: math.Inf(1), GreenX: -1, MaxLuminance: 1e30}
	points, maximum, minimum = wild.Units()
	if points != [4][2]uint16{2: {0, 65535}} || maximum != math.MaxUint32 || minimum != 0 {
		t.Errorf("%v %d %d", points, maximum, minimum)
	}
	l := Light{MaxCLL: 1e9, MaxFALL: 399.6}
	if cll, fall := l.LightLevels(); cll != 65535 || fall != 400 {
		t.Errorf("%d %d", cll, fall)
	}
}

func TestLayoutName(t *testing.T) {
	for _, c := range []struct {
		layout Layout
		want   string
	}{
		{Layout{Order: NativeOrder, Mask: 0x60f, Count: 6}, "5.1"},
		{Layout{Order: NativeOrder, Mask: 0x2d63f, Count: 12}, "7.1.4"},
		{Layout{Order: NativeOrder, Mask: 0x1003, Count: 3}, "3 channels"},
		{Layout{Count: 2}, "stereo"},
		{Layout{Order: CustomOrder, Channels: []uint8{0, 1, 2, 3, 4, 5, 6, 7}, Count: 8}, "7.1"},
	} {
		if got := (&Track{Layout: &c.layout}).ChannelsName(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.layout, got, c.want)
		}
	}
	if got := (&Track{}).ChannelsName(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestTrackRecord(t *testing.T) {
	bare := unhex(t, "0029820202020000")
	vp9, err := ParseConfig(VP9, bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		track Track
		want  string
	}{
		{"AAC has one form", Track{Config: []byte{0x12, 0x10}, Format: &AACConfig{}}, "\x12\x10"},
		{"MP3 has none", Track{Format: &MP3Config{}}, ""},
		{"as it came", Track{Config: []byte{0x17, 0}}, ""},
		{"a head is made", Track{Config: bare, Format: vp9}, "\x01\x00\x00\x00" + string(bare)},
	} {
		if got := c.track.Record(); string(got) != c.want {
			t.Errorf("%s: %x", c.name, got)
		}
	}
}
