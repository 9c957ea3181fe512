package hls

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
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
	p      *presentation
	period *cmaf.Period
	at     time.Duration
}

var feedBegin = time.Date(2026, 11, 21, 6, 47, 40, 826e6, time.UTC)

func newFeed(tracks ...*media.Track) *feed {
	f := &feed{}
	f.change(tracks...)
	f.p = newPresentation(f.period, 2*time.Second)
	f.p.id = someID
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

// addOne adds a segment of one track: pictures of 4 Mbit/s, each further track
// of half the rate of the one before, and sound of 256 kbit/s.
func (f *feed) addOne(h *cmaf.Header, d time.Duration) {
	size := 500_000 >> h.Track.ID
	if h.Track.Kind == media.Audio {
		size = 32_000
	}
	f.p.add(&cmaf.Segment{
		Kind: h.Track.Kind, Period: f.period, Header: h, Independent: true,
		Duration: int64(d.Seconds() * float64(h.Timescale)), Wall: feedBegin.Add(f.at),
		Samples: int(d.Seconds() * 25), Bytes: make([]byte, int(float64(size)*d.Seconds())),
	}, feedBegin.Add(f.at))
}

func TestPlaylists(t *testing.T) {
	const two = 2 * time.Second
	for name, fill := range map[string]func() *feed{
		"live": func() *feed {
			f := newFeed(videoTrack(), audioTrack())
			f.add(two, 2040*time.Millisecond, two)
			return f
		},
		"sliding": func() *feed {
			f := newFeed(videoTrack(), audioTrack())
			f.add(two, two, two, two, two, two, two, two, two)
			return f
		},
		"discontinuities": func() *feed {
			f := newFeed(videoTrack(), audioTrack())
			f.add(two)
			f.change(videoTrack(), audioTrack()) // slides out
			f.add(two, two)
			old := f.period
			f.period = &cmaf.Period{Tracks: old.Tracks} // the same headers
			f.at += 5 * time.Second
			f.add(two, two, two)
			f.change(videoTrack(), audioTrack())
			f.add(two, two)
			return f
		},
		"discontinuity at the head": func() *feed {
			f := newFeed(videoTrack(), audioTrack())
			f.add(two, two)
			f.change(videoTrack(), audioTrack())
			f.add(two, two, two, two, two, two)
			return f
		},
		"long": func() *feed {
			f := newFeed(videoTrack(), audioTrack())
			f.add(two, two, two, two, two, two, 8500*time.Millisecond, two)
			return f
		},
		"ended": func() *feed {
			f := newFeed(videoTrack(), audioTrack())
			f.add(two, 40*time.Millisecond)
			f.p.end()
			return f
		},
		"sound": func() *feed {
			f := newFeed(audioTrack())
			f.add(two, two)
			return f
		},
		"picture": func() *feed {
			hdr := videoTrack()
			c := *hdr.Format.(*media.AVCConfig)
			c.Color.Transfer, c.FrameRate = 16, 0
			hdr.Format = &c
			f := newFeed(hdr)
			f.add(two, two)
			return f
		},
		"ladder": func() *feed {
			f := newFeed(videoTrack(), smaller(videoTrack(), 1), smaller(videoTrack(), 2),
				audioTrack(), named(audioTrack(), 1, "Commentary", "en"), named(audioTrack(), 4, "Commentary", "de-CH"))
			f.add(two, two)
			return f
		},
		"sounds": func() *feed {
			f := newFeed(audioTrack(), named(audioTrack(), 1, "\"Quoted\"\n", ""))
			f.add(two, two)
			return f
		},
		"a track without segments": func() *feed {
			f := newFeed(videoTrack(), smaller(videoTrack(), 1), audioTrack())
			for range patience {
				f.addOne(f.period.Tracks[0], two)
				f.addOne(f.period.Tracks[2], two)
				f.at += two
			}
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := fill().p
			out := string(p.index.plain)
			for _, r := range p.renditions {
				if len(r.items) == 0 {
					continue
				}
				out += "\n" + string(r.playlist.plain)
				parsePlaylist(t, string(r.playlist.plain))
			}
			golden(t, "testdata/"+name+".golden", out)
		})
	}
}

func TestIndependence(t *testing.T) {
	f := newFeed(videoTrack())
	f.add(time.Second, time.Second)
	if !f.p.independent() {
		t.Error("segments that begin with key frames are not independent")
	}
	f.p.renditions[0].items[1].Segment = &cmaf.Segment{Header: f.period.Tracks[0]}
	if f.p.independent() {
		t.Error("a segment without a key frame is independent")
	}
}

// smaller returns a track of half the size for each identifier.
func smaller(t *media.Track, id uint8) *media.Track {
	c := *t.Format.(*media.AVCConfig)
	c.Width, c.Height = c.Width>>id, c.Height>>id
	t.Format, t.ID = &c, id
	return t
}

func named(t *media.Track, id uint8, name, language string) *media.Track {
	t.ID, t.Name, t.Language = id, name, language
	return t
}
