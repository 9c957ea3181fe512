package metadata

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// said is a frame of onMetaData with those names and values.
func said(t *testing.T, tracks *media.TrackSet, pairs ...amf.Value) *media.Frame {
	t.Helper()
	payload, err := amf.Append(nil, "onMetaData", amf.NewECMAArray(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return &media.Frame{Kind: media.Data, Class: media.Key, Tracks: tracks, Payload: payload}
}

func properties(t *testing.T, f *media.Frame) amf.Properties {
	t.Helper()
	values, err := amf.Decode(f.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return amf.PropertiesOf(values[1])
}

// set makes tracks of formats that are read from real records.
func set(t *testing.T, tracks ...*media.Track) *media.TrackSet {
	t.Helper()
	var s *media.TrackSet
	for _, track := range tracks {
		s = s.With(track)
	}
	return s
}

func h264(t *testing.T) *media.Track {
	t.Helper()
	// 640x360, 30 frames a second.
	f, err := media.ParseConfig(media.H264, []byte("\x01\xf4\x00\x1e\xff\xe1\x00\x1b\x67\xf4\x00\x1e\x91\x9b\x28\x14\x05\xff\x13\x80\x88\x00\x00"+
		"\x03\x00\x08\x00\x00\x03\x01\xe0\x78\xb1\x6c\xb0\x01\x00\x06\x68\xeb\xe3\xc4\x48\x44\xff\xf8\xf8\x00"))
	if err != nil {
		t.Fatal(err)
	}
	return &media.Track{Kind: media.Video, Codec: media.H264, Format: f}
}

func aac(t *testing.T, config string) *media.Track {
	t.Helper()
	f, err := media.ParseConfig(media.AAC, []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	return &media.Track{Kind: media.Audio, Codec: media.AAC, Format: f}
}

const (
	stereo44 = "\x12\x10"
	mono22   = "\x13\x88"
)

func TestWhatIsTrueStays(t *testing.T) {
	tracks := set(t, h264(t), aac(t, stereo44))
	for what, pairs := range map[string][]amf.Value{
		"numbers":         {"width", 640, "height", 360, "framerate", 30, "videocodecid", 7, "audiocodecid", 10, "audiosamplerate", 44100, "stereo", true},
		"words":           {"videocodecid", "avc1", "audiocodecid", "mp4a"},
		"other words":     {"videocodecid", "H.264", "audiocodecid", "aac"},
		"FourCCs":         {"videocodecid", 1635148593, "audiocodecid", 1836069985},
		"29.97 or 30":     {"framerate", 29.97},
		"fields":          {"framerate", 60},
		"nothing":         {"encoder", "x"},
		"not of a stream": {"duration", 0, "width ", 3},
	} {
		f := said(t, tracks, pairs...)
		before := bytes.Clone(f.Payload)
		var k Keeper
		more, err := k.Take(f)
		if err != nil || more != nil || !bytes.Equal(f.Payload, before) {
			t.Errorf("%s: %v, %v: %v", what, more, err, properties(t, f))
		}
	}
}

func TestWhatIsNotTrueIsCorrected(t *testing.T) {
	tracks := set(t, h264(t), aac(t, stereo44))
	f := said(t, tracks, "width", 0, "encoder", "x", "height", 368.0, "framerate", 25, "videocodecid", 12, "audiocodecid", "opus",
		"audiosamplerate", 48000, "audiochannels", 1, "stereo", false)
	var k Keeper
	if more, err := k.Take(f); err != nil || more != nil {
		t.Fatalf("%v, %v", more, err)
	}
	want := amf.Properties{
		{Name: "width", Value: 640.0},
		{Name: "encoder", Value: "x"},
		{Name: "height", Value: 360.0},
		{Name: "framerate", Value: 30.0},
		{Name: "videocodecid", Value: 7.0},
		{Name: "audiocodecid", Value: 10.0},
		{Name: "audiosamplerate", Value: 44100.0},
		{Name: "audiochannels", Value: 2.0},
		{Name: "stereo", Value: true},
	}
	if got := properties(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

// AAC of a low rate may have twice the rate and the channels that its
// configuration states.
func TestImplicitReplicationIsNoLie(t *testing.T) {
	f := said(t, set(t, aac(t, mono22)), "audiosamplerate", 44100, "stereo", true, "audiochannels", 2)
	before := bytes.Clone(f.Payload)
	if _, err := new(Keeper).Take(f); err != nil || !bytes.Equal(f.Payload, before) {
		t.Errorf("%v, %v", properties(t, f), err)
	}
}

func TestCorrectionComesWithTheTracks(t *testing.T) {
	var k Keeper
	meta := said(t, nil, "width", 1, "height", 360, "audiosamplerate", 1)
	before := bytes.Clone(meta.Payload)
	if more, err := k.Take(meta); more != nil || err != nil || !bytes.Equal(meta.Payload, before) {
		t.Fatalf("%v, %v", more, err)
	}
	picture := set(t, h264(t))
	both := set(t, h264(t), aac(t, stereo44))
	steps := []struct {
		tracks      *media.TrackSet
		width, rate float64 // 0: nothing is said
	}{{picture, 640, 1}, {picture, 0, 0}, {both, 640, 44100}, {both, 0, 0}, {set(t, h264(t), aac(t, stereo44)), 0, 0}}
	for i, s := range steps {
		more, err := k.Take(&media.Frame{Kind: media.Video, Tracks: s.tracks, DTS: 7, PTS: 9})
		if err != nil || (more != nil) != (s.width != 0) {
			t.Fatalf("step %d: %v, %v", i, more, err)
		}
		if more == nil {
			continue
		}
		p := properties(t, more)
		if p.Number("width") != s.width || p.Number("height") != 360 || p.Number("audiosamplerate") != s.rate {
			t.Errorf("step %d: %v", i, p)
		}
		if more.Kind != media.Data || more.Class != media.Key || more.DTS != 7 || more.PTS != 7 || more.Tracks != s.tracks {
			t.Errorf("step %d: %+v", i, more)
		}
	}
}

func TestMendsTheEncoding(t *testing.T) {
	whole := said(t, nil, "width", 5)
	cut := said(t, nil, "width", 5)
	cut.Payload = cut.Payload[:len(cut.Payload)-3] // without the array's end
	if _, err := new(Keeper).Take(cut); err != nil || !bytes.Equal(cut.Payload, whole.Payload) {
		t.Errorf("%x, %v", cut.Payload, err)
	}
	broken := said(t, nil, "width", 5)
	broken.Payload = broken.Payload[:len(broken.Payload)-6]
	if _, err := new(Keeper).Take(broken); err == nil {
		t.Error("taken though it cannot be read")
	}
}

func TestClearedMetadataIsNotCorrected(t *testing.T) {
	var k Keeper
	for _, f := range []*media.Frame{
		said(t, nil, "width", 5),
		{Kind: media.Data, Class: media.Key},
		{Kind: media.Video, Tracks: set(t, h264(t))},
	} {
		if more, err := k.Take(f); more != nil || err != nil {
			t.Errorf("%v, %v", more, err)
		}
	}
}

func TestEveryForm(t *testing.T) {
	tracks := set(t, h264(t))
	for _, v := range []amf.Value{
		amf.NewObject("width", 1), amf.NewECMAArray("width", 1), amf.AMF3{Value: amf.NewObject("width", 1)},
	} {
		payload, err := amf.Append(nil, "onMetaData", v)
		if err != nil {
			t.Fatal(err)
		}
		f := &media.Frame{Kind: media.Data, Class: media.Key, Tracks: tracks, Payload: payload}
		if _, err := new(Keeper).Take(f); err != nil || properties(t, f).Number("width") != 640 {
			t.Errorf("%T: %v, %v", v, properties(t, f), err)
		}
	}
	for _, v := range []amf.Value{nil, "text", amf.NewArray(1.0)} {
		payload, err := amf.Append(nil, "onMetaData", v)
		if err != nil {
			t.Fatal(err)
		}
		f := &media.Frame{Kind: media.Data, Class: media.Key, Tracks: tracks, Payload: payload}
		var k Keeper
		if _, err := k.Take(f); err != nil || !bytes.Equal(f.Payload, payload) {
			t.Errorf("%T: %x, %v", v, f.Payload, err)
		}
		if more, err := k.Take(&media.Frame{Kind: media.Video, Tracks: set(t, h264(t))}); more != nil || err != nil {
			t.Errorf("%T: %v, %v", v, more, err)
		}
	}
}

func TestCodecID(t *testing.T) {
	for codec, want := range map[media.Codec]float64{
		media.H264: 7, media.AAC: 10, media.MP3: 2, media.Speex: 11, media.H263: 2, media.PCM: 3,
		// Enhanced RTMP v2, "Enhancing onMetaData".
		media.HEVC: 1752589105, media.AV1: 1635135537, media.VP9: 1987063865, media.Opus: 1332770163, media.Unknown: 0,
	} {
		if got := CodecID(codec); got != want {
			t.Errorf("%v: %v", codec, got)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	var k Keeper
	f := &media.Frame{Kind: media.Video, Tracks: &media.TrackSet{}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Take(f); err != nil {
			b.Fatal(err)
		}
	}
}
