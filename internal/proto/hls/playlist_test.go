package hls

import (
	"flag"
	"os"
	"slices"
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
	// dependent makes segments that do not begin with a key frame.
	dependent bool
}

var feedBegin = time.Date(2026, 11, 21, 6, 47, 40, 826e6, time.UTC)

func newFeed(tracks ...*media.Track) *feed {
	f := &feed{}
	f.change(tracks...)
	f.p = window.NewPresentation(f.period, 2*time.Second)
	return f
}

// change begins another period.
func (f *feed) change(tracks ...*media.Track) {
	f.period = &cmaf.Period{}
	for _, t := range tracks {
		h := &cmaf.Header{Track: t, Timescale: 90000, Bytes: []byte("header")}
		if t.Kind == media.Audio {
			h.Timescale = uint32(t.Sound().SampleRate)
		}
		f.period.Tracks = append(f.period.Tracks, h)
	}
}

func (f *feed) add(lengths ...time.Duration) {
	for _, d := range lengths {
		for _, h := range f.period.Tracks {
			f.addOne(h, d)
		}
		f.at += d
	}
}

// part begins anew, with segments in parts of these targets.
func (f *feed) part(targets ...time.Duration) {
	f.period.PartTargets = targets
	f.p = window.NewPresentation(f.period, 2*time.Second)
}

// grow shows the first n parts of the next segment of each track.
func (f *feed) grow(n int) {
	for i, h := range f.period.Tracks {
		f.p.Grow(f.segment(h, time.Duration(n)*f.period.PartTargets[i]))
	}
}

// addOne adds a segment of one track: pictures of 4 Mbit/s, each further track
// of half the rate of the one before, and sound of 256 kbit/s.
func (f *feed) addOne(h *cmaf.Header, d time.Duration) {
	f.p.Add(f.segment(h, d), feedBegin.Add(f.at))
}

func (f *feed) segment(h *cmaf.Header, d time.Duration) *cmaf.Segment {
	size := 500_000 >> h.Track.ID
	if h.Track.Kind == media.Audio {
		size = 32_000
	}
	ticks := func(d time.Duration) int64 { return int64(d.Seconds() * float64(h.Timescale)) }
	s := &cmaf.Segment{
		Kind: h.Track.Kind, Period: f.period, Header: h, Independent: !f.dependent,
		Duration: ticks(d), Wall: feedBegin.Add(f.at),
		Samples: int(d.Seconds() * 25), Size: int(float64(size) * d.Seconds()),
	}
	if i := slices.Index(f.period.Tracks, h); len(f.period.PartTargets) > 0 {
		for left := s.Duration; left > 0; left -= s.Parts[len(s.Parts)-1].Duration {
			s.Parts = append(s.Parts, &cmaf.Part{
				Kind: s.Kind, Period: s.Period, Header: h, Index: len(s.Parts),
				Duration:    min(left, ticks(f.period.PartTargets[i])),
				Independent: s.Kind == media.Audio || len(s.Parts) == 0 && s.Independent,
			})
		}
	}
	return s
}

func TestPlaylists(t *testing.T) {
	const two = 2 * time.Second
	for name, fill := range map[string]func() *feed{
		"live": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.add(two, 2040*time.Millisecond, two)
			return f
		},
		"sliding": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.add(two, two, two, two, two, two, two, two, two, two, two)
			return f
		},
		"discontinuities": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.add(two)
			f.change(hubtest.Video(0), hubtest.Audio()) // slides out
			f.add(two, two)
			old := f.period
			f.period = &cmaf.Period{Tracks: old.Tracks} // the same headers
			f.at += 5 * time.Second
			f.add(two, two, two)
			f.change(hubtest.Video(0), hubtest.Audio())
			f.add(two, two, two, two)
			return f
		},
		"discontinuity at the head": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.add(two, two)
			f.change(hubtest.Video(0), hubtest.Audio())
			f.add(two, two, two, two, two, two, two, two)
			return f
		},
		"long": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.add(two, two, two, two, two, two, 8500*time.Millisecond, two)
			return f
		},
		"ended": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.add(two, 40*time.Millisecond)
			f.p.End()
			return f
		},
		"sound": func() *feed {
			f := newFeed(hubtest.Audio())
			f.add(two, two)
			return f
		},
		"picture": func() *feed {
			hdr := hubtest.Video(0)
			c := *hdr.Format.(*media.AVCConfig)
			c.Color.Transfer, c.FrameRate = 16, 0
			hdr.Format = &c
			f := newFeed(hdr)
			f.add(two, two)
			return f
		},
		"ladder": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Video(1), hubtest.Video(2),
				hubtest.Audio(), named(hubtest.Audio(), 1, "Commentary", "en"), named(hubtest.Audio(), 4, "Commentary", "de-CH"))
			f.add(two, two)
			return f
		},
		"sounds": func() *feed {
			f := newFeed(hubtest.Audio(), named(hubtest.Audio(), 1, "\"Quoted\"\n", ""))
			f.add(two, two)
			return f
		},
		"parts": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.part(200*time.Millisecond, 209*time.Millisecond)
			f.add(two, two, two, two, two, two, two)
			f.grow(3)
			return f
		},
		"parts behind a discontinuity": func() *feed {
			f := newFeed(hubtest.Video(0))
			f.part(500 * time.Millisecond)
			f.add(two, two)
			f.change(hubtest.Video(0))
			f.period.PartTargets = []time.Duration{500 * time.Millisecond}
			f.grow(1)
			return f
		},
		"parts, ended": func() *feed {
			f := newFeed(hubtest.Video(0))
			f.part(500 * time.Millisecond)
			f.add(two, time.Second)
			f.p.End()
			return f
		},
		"a track without segments": func() *feed {
			f := newFeed(hubtest.Video(0), hubtest.Video(1), hubtest.Audio())
			for range 3 {
				f.addOne(f.period.Tracks[0], two)
				f.addOne(f.period.Tracks[2], two)
				f.at += two
			}
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPresentation(fill().p)
			out := p.multivariant(deliver.Span{}).String()
			for _, r := range p.renditions {
				list := p.playlist(r, deliver.Span{})
				if list == nil {
					continue
				}
				out += "\n" + list.full().String()
				parsePlaylist(t, list.full().String())
			}
			golden(t, "testdata/"+name+".golden", strings.ReplaceAll(out, p.ID(), someID))
		})
	}
}

func TestIndependence(t *testing.T) {
	f := newFeed(hubtest.Video(0))
	f.add(time.Second, time.Second)
	if !newPresentation(f.p).independent() {
		t.Error("segments that begin with key frames are not independent")
	}
	f.dependent = true
	f.add(time.Second)
	if newPresentation(f.p).independent() {
		t.Error("a segment without a key frame is independent")
	}
}

// smaller returns a track of half the size for each identifier.
func named(t *media.Track, id uint8, name, language string) *media.Track {
	t.ID, t.Name, t.Language = id, name, language
	return t
}
