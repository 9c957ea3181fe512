package dash

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// feed adds segments of all tracks of a period.
type feed struct {
	p      *window.Presentation
	period *cmaf.Period
	at     time.Duration
	parts  []time.Duration
}

var feedBegin = time.Date(2026, 11, 21, 6, 47, 40, 826e6, time.UTC)

func newFeed(part time.Duration, tracks ...*media.Track) *feed {
	f := &feed{at: 90 * time.Minute}
	if part > 0 {
		for range tracks {
			f.parts = append(f.parts, part)
		}
	}
	f.change(tracks...)
	f.p = window.NewPresentation(f.period, 2*time.Second)
	return f
}

// change begins another period.
func (f *feed) change(tracks ...*media.Track) {
	number := 0
	if f.period != nil {
		number = f.period.Number + 1
	}
	f.period = &cmaf.Period{Number: number, PartTargets: f.parts}
	for _, t := range tracks {
		h := &cmaf.Header{Track: t, Timescale: 90000, Bytes: []byte("header")}
		if t.Kind == media.Audio {
			h.Timescale = uint32(t.Sound().SampleRate)
		}
		f.period.Tracks = append(f.period.Tracks, h)
	}
}

func (f *feed) segment(h *cmaf.Header, d time.Duration) *cmaf.Segment {
	size := 500_000 >> h.Track.ID
	if h.Track.Kind == media.Audio {
		size = 32_000
	}
	from := ticks(f.at, h.Timescale)
	return &cmaf.Segment{
		Kind: h.Track.Kind, Period: f.period, Header: h, Independent: true, Start: from,
		Duration: ticks(f.at+d, h.Timescale) - from, Wall: feedBegin.Add(f.at),
		Samples: int(d.Seconds() * 25), Size: int(float64(size) * d.Seconds()),
	}
}

func (f *feed) add(lengths ...time.Duration) {
	for _, d := range lengths {
		for _, h := range f.period.Tracks {
			f.p.Add(f.segment(h, d), feedBegin.Add(f.at))
		}
		f.at += d
	}
}

// open begins a segment of each track, of which there is d.
func (f *feed) open(d time.Duration) {
	for _, h := range f.period.Tracks {
		f.p.Grow(f.segment(h, d))
	}
}

func TestManifests(t *testing.T) {
	const two, part = 2 * time.Second, 200 * time.Millisecond
	for name, fill := range map[string]func() *feed{
		"live": func() *feed {
			f := newFeed(part, hubtest.Video(0), hubtest.Audio())
			f.add(two, 2040*time.Millisecond, two)
			f.open(part)
			return f
		},
		"sliding": func() *feed {
			f := newFeed(part, hubtest.Video(0), hubtest.Audio())
			f.add(two, two, two, two, two, two, two, two, two, two, two)
			return f
		},
		"longer than expected": func() *feed {
			f := newFeed(part, hubtest.Video(0))
			f.add(two, two)
			f.open(2300 * time.Millisecond)
			return f
		},
		"without parts": func() *feed {
			f := newFeed(0, hubtest.Video(0), hubtest.Audio())
			f.add(two, two, two)
			return f
		},
		"periods": func() *feed {
			f := newFeed(part, hubtest.Video(0), hubtest.Audio())
			f.add(two)
			old := f.period
			f.period = &cmaf.Period{Number: 1, Tracks: old.Tracks, PartTargets: f.parts} // the same headers
			f.at += 5 * time.Second
			f.add(two)
			f.change(hubtest.Video(0), hubtest.Audio())
			f.add(two, two)
			return f
		},
		"a period that begins": func() *feed { // with one of its tracks as yet
			f := newFeed(part, hubtest.Video(0), hubtest.Audio())
			f.add(two, two)
			f.change(hubtest.Video(0), hubtest.Audio())
			f.p.Grow(f.segment(f.period.Tracks[0], part))
			return f
		},
		"ended": func() *feed {
			f := newFeed(part, hubtest.Video(0), hubtest.Audio())
			f.add(two, two, 400*time.Millisecond)
			f.p.End()
			return f
		},
		"ladder": func() *feed {
			small := *hubtest.Video(0)
			small.ID = 1
			light := *hubtest.Video(0)
			light.ID = 2
			light.Color = &media.ColorInfo{Color: media.Color{Primaries: 9, Transfer: 16, Matrix: 9}}
			f := newFeed(part, hubtest.Video(0), &small, &light, hubtest.Audio())
			f.add(two, two)
			return f
		},
		"sounds": func() *feed {
			english, german := *hubtest.Audio(), *hubtest.Audio()
			english.Language, english.Name = "en", "<English>"
			german.ID, german.Language = 1, "de"
			f := newFeed(part, &english, &german)
			f.add(two, two)
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := fill().p
			s := &show{
				Presentation: p, id: "BROADCAST", begun: zero(p.Tracks()[0].View().Segments[0]),
				starts: make(map[*cmaf.Period]time.Duration), newest: &edition{publish: feedBegin.AddDate(1000, 0, 0)},
			}
			ended := p.Tracks()[0].View().Ended
			doc, err := s.manifest(past{}, ended, deliver.Span{})
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(doc.String(), p.ID(), "PRESENTATION")
			check(t, text)
			golden(t, "testdata/"+name+".mpd", text)
			again, err := s.manifest(past{}, ended, deliver.Span{})
			if err != nil || again != doc {
				t.Errorf("the same manifest is rendered twice: %v", err)
			}
		})
	}
}

func TestFrameRates(t *testing.T) {
	for rate, want := range map[float64]string{
		0: "", -1: "", 25: "25", 24.998: "25", 29.97: "30000/1001", 30: "30", 59.94: "60000/1001", 23.976: "24000/1001",
		12.5: "12500/1000", 0.0001: "1/1000", 1e9: "",
	} {
		if got := frameRate(rate); got != want {
			t.Errorf("frameRate(%v) is %q, want %q", rate, got, want)
		}
	}
}

func TestChannels(t *testing.T) {
	for _, c := range []struct {
		codec media.Codec
		n     int
		want  string
	}{
		{media.AAC, 1, "1"},
		{media.AAC, 2, "2"},
		{media.AAC, 6, "6"},
		{media.Opus, 8, "12"},
		{media.FLAC, 7, "11"},
		{media.AC3, 2, "A000"},
		{media.EAC3, 6, "F801"},
		{media.AC3, 4, "4"},
		{media.AAC, 0, ""},
		{media.AAC, 24, ""},
	} {
		got := ""
		if d := channels(&media.Track{Codec: c.codec}, c.n); d != nil {
			got = d.Value
		}
		if got != c.want {
			t.Errorf("%d channels of %v are %q, want %q", c.n, c.codec, got, c.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	for tag, want := range map[string]string{"": "", "und": "", "de": "de", "de-AT": "de-AT", "a b": "", "german-": "", "x\"": ""} {
		if got := language(tag); got != want {
			t.Errorf("language(%q) is %q", tag, got)
		}
	}
}
