package play

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// feed gives the meter a stream of 25 pictures and 50 pieces of sound a second,
// of 1000 bytes each, with a key each 2 s; edit may change or drop a frame.
func feed(m *meter, length time.Duration, edit func(f *media.Frame) bool) {
	begin := time.Unix(1000, 0)
	for at := time.Duration(0); at < length; at += 20 * time.Millisecond {
		for _, k := range []media.Kind{media.Video, media.Audio} {
			if k == media.Video && at%(40*time.Millisecond) != 0 {
				continue
			}
			f := &media.Frame{
				Kind: k, DTS: int64(at), PTS: int64(at), Arrival: begin.Add(at), Payload: make([]byte, 1000),
			}
			if at%(2*time.Second) == 0 {
				f.Class = media.Key
			}
			if edit == nil || edit(f) {
				m.add(f)
			}
		}
	}
}

func TestMeter(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(f *media.Frame) bool
		want string
	}{
		{"even", nil, "0:10 · video 200 kbit/s 25 fps key 2 s · audio 400 kbit/s · no gaps"},
		{
			"picture alone", func(f *media.Frame) bool { return f.Kind == media.Video },
			"0:10 · video 200 kbit/s 25 fps key 2 s · no gaps",
		},
		{"a second of pictures dropped", func(f *media.Frame) bool {
			return f.Kind == media.Audio || f.DTS < 1e9 || f.DTS >= 2e9
		}, "0:10 · video 200 kbit/s 25 fps key 2 s · audio 400 kbit/s · 1 gap (1.0 s)"},
		{"the network hangs", func(f *media.Frame) bool {
			if f.DTS > 5e9 {
				f.Arrival = f.Arrival.Add(700 * time.Millisecond)
			}
			return true
		}, "0:10 · video 200 kbit/s 25 fps key 2 s · audio 400 kbit/s · no gaps · 0.7 s behind"},
		{"the clock jumps", func(f *media.Frame) bool {
			if f.DTS >= 3e9 {
				f.DTS += 3600e9
			}
			return true
		}, "0:10 · video 200 kbit/s 25 fps key 2 s · audio 400 kbit/s · no gaps · 1 clock jump"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m meter
			feed(&m, 10*time.Second, c.edit)
			if got := m.state(m.newest).String(); got != c.want {
				t.Errorf("state %q\n want %q", got, c.want)
			}
		})
	}
}

func TestMeterDelay(t *testing.T) {
	arrival := time.Date(2026, 3, 4, 12, 0, 1, 500e6, time.UTC)
	for _, c := range []struct {
		date, clock string
		want        string
	}{
		{"04-03-2026", "12:00:00.000", "1.5s"},
		{"04-03-2026", "13:00:00.000", "1.5s"},   // another zone
		{"03-03-2026", "17:45:00.500", "1s"},     // one of odd quarters, on the day before
		{"04-03-2026", "12:00:02.000", "-500ms"}, // a clock that runs ahead
		{"yesterday", "noon", "none"},
	} {
		payload, err := amf.Append(nil, "onFI", amf.NewObject("sd", c.date, "st", c.clock))
		if err != nil {
			t.Fatal(err)
		}
		var m meter
		m.add(&media.Frame{Kind: media.Data, Arrival: arrival, Payload: payload})
		got := "none"
		if m.delay.known {
			got = fmt.Sprint(m.delay.value)
		}
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.date, c.clock, got, c.want)
		}
	}
}

// Every track is measured, the default ones by their names.
func TestMeterOfSeveralTracks(t *testing.T) {
	set := &media.TrackSet{Tracks: []*media.Track{
		{Kind: media.Video, ID: 0, Codec: media.H264},
		{Kind: media.Video, ID: 2, Codec: media.HEVC},
		{Kind: media.Audio, ID: 1, Codec: media.AAC},
		{Kind: media.Audio, ID: 3, Codec: media.Opus},
	}}
	var m meter
	begin := time.Unix(1000, 0)
	for i := range 100 {
		at := time.Duration(i) * 40 * time.Millisecond
		for n, track := range set.Tracks {
			m.add(&media.Frame{
				Kind: track.Kind, Track: track.ID, Tracks: set, DTS: int64(at), Arrival: begin.Add(at), Payload: make([]byte, 1000*(n+1)),
			})
		}
	}
	s := m.state(begin.Add(4 * time.Second))
	if s.Video == nil || s.Audio == nil || len(s.Others) != 2 {
		t.Fatalf("%+v", s)
	}
	for i, want := range []Other{{"video", 2, "HEVC", 400e3, Gaps{}}, {"audio", 3, "Opus", 800e3, Gaps{}}} {
		got := s.Others[i]
		if math.Abs(got.Bitrate-want.Bitrate) > want.Bitrate/10 {
			t.Errorf("%+v", got)
		}
		if got.Bitrate = want.Bitrate; got != want {
			t.Errorf("%+v", got)
		}
	}
	if text := s.String(); !strings.Contains(text, " · 2 more tracks 1.") {
		t.Error(text)
	}
}
