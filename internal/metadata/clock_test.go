package metadata

import (
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

var arrival = time.Date(2026, 3, 4, 12, 0, 1, 500e6, time.UTC)

func data(t *testing.T, name string, pairs ...amf.Value) *media.Frame {
	t.Helper()
	payload, err := amf.Append(nil, name, amf.NewObject(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return &media.Frame{Kind: media.Data, Arrival: arrival, Payload: payload}
}

func TestReadClockOfFrameInfo(t *testing.T) {
	for _, c := range []struct {
		date, clock string
		want        time.Duration
	}{
		{"04-03-2026", "12:00:00.000", 1500 * time.Millisecond},
		{"03-04-2026", "12:00:00.000", 1500 * time.Millisecond}, // the month first
		{"12-31-2026", "12:00:00.000", 1500 * time.Millisecond}, // or what cannot be anything else
		{"04-03-2026", "13:00:00.000", 1500 * time.Millisecond}, // another zone
		{"03-03-2026", "17:45:00.500", time.Second},             // one of odd quarters, on the day before
		{"04-03-2026", "12:00:02.000", -500 * time.Millisecond}, // a clock that runs ahead
	} {
		got, ok := ReadClock(data(t, "onFI", "sd", c.date, "st", c.clock))
		if want := (Clock{"onFI", c.want}); !ok || got != want {
			t.Errorf("%s %s: %v, %v; want %v", c.date, c.clock, got, ok, want)
		}
	}
}

func TestNoClock(t *testing.T) {
	for what, f := range map[string]*media.Frame{
		"no time":        data(t, "onFI", "sd", "04-03-2026"),
		"words":          data(t, "onFI", "sd", "yesterday", "st", "noon"),
		"something else": data(t, "onTextData", "st", "12:00:00.000"),
		"nothing":        {Kind: media.Data, Arrival: arrival},
		"cut":            {Kind: media.Data, Arrival: arrival, Payload: []byte("\x02\x00\x04onFI\x03\x00\x02st")},
		"no user data":   {Kind: media.Video, Class: media.Key, Tracks: set(t, h264(t)), Payload: []byte{0, 0, 0, 1, 0x65}},
		"no track":       {Kind: media.Video, Class: media.Key, Track: 3, Tracks: set(t, h264(t)), Payload: sei(bpm)},
		"no key":         {Kind: media.Video, Tracks: set(t, h264(t)), Payload: sei(bpm)},
		"not bare":       {Kind: media.Video, Class: media.Key, Header: 5, Tracks: set(t, h264(t)), Payload: sei(bpm)},
		"sound":          {Kind: media.Audio, Class: media.Key, Tracks: set(t, aac(t, stereo44)), Payload: []byte{1, 2, 3}},
		"other forms":    {Kind: media.Video, Class: media.Key, Tracks: set(t, h264(t)), Payload: sei("\x00\x07\x012026-03-04T12:00:00Z\x00")},
		"no end":         {Kind: media.Video, Class: media.Key, Tracks: set(t, h264(t)), Payload: sei("\x00\x01\x012026-03-04T12:00:00Z")},
		"no text":        {Kind: media.Video, Class: media.Key, Tracks: set(t, h264(t)), Payload: sei("\xff\x01\x01soon\x00")},
		"empty":          {Kind: media.Video, Class: media.Key, Tracks: set(t, h264(t)), Payload: sei("")},
	} {
		if got, ok := ReadClock(f); ok {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// bpm is what OBS says of a key frame: asked for, coded, sent; composed first.
const bpm = "\x03" +
	"\x01\x02" + "2026-03-04T12:00:00.750Z\x00" +
	"\x01\x01" + "2026-03-04T12:00:00.700Z\x00" +
	"\x01\x03" + "2026-03-04T12:00:00.780Z\x00" +
	"\x01\x04" + "2026-03-04T12:00:01.100Z\x00"

// sei is a key frame with those timestamps behind its slice.
func sei(body string) []byte {
	message := slices.Concat(timestamps[:], []byte(body))
	nal := append([]byte{6, 5, byte(len(message))}, message...)
	nal = append(nal, 0x80)
	return append([]byte{0, 0, 0, 2, 0x65, 0x88, 0, 0, 0, byte(len(nal))}, nal...)
}

func TestReadClockOfUserData(t *testing.T) {
	f := &media.Frame{Kind: media.Video, Class: media.Key, Arrival: arrival, Tracks: set(t, h264(t)), Payload: sei(bpm)}
	got, ok := ReadClock(f)
	if want := (Clock{"sei", 800 * time.Millisecond}); !ok || got != want {
		t.Errorf("%v, %v; want %v", got, ok, want)
	}
}

func FuzzReadClock(f *testing.F) {
	f.Add(true, sei(bpm))
	f.Add(false, []byte("\x02\x00\x04onFI\x03\x00\x02st\x02\x00\x0812:00:00\x00\x00\x09"))
	f.Fuzz(func(t *testing.T, video bool, payload []byte) {
		frame := &media.Frame{Kind: media.Data, Arrival: arrival, Payload: payload}
		if video {
			frame.Kind, frame.Class, frame.Tracks = media.Video, media.Key, set(t, h264(t))
		}
		if c, ok := ReadClock(frame); ok && c.Source == "onFI" && (c.Delay < -time.Minute || c.Delay >= 14*time.Minute) {
			t.Errorf("%v", c)
		}
	})
}

func BenchmarkReadClock(b *testing.B) {
	f := &media.Frame{Kind: media.Data, Payload: []byte("\x02\x00\x0aonTextData\x05")}
	b.ReportAllocs()
	for b.Loop() {
		ReadClock(f)
	}
}
