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

// feed adds segments of both tracks, or of those that the period has.
type feed struct {
	p      *presentation
	period *cmaf.Period
	at     time.Duration
}

var feedBegin = time.Date(2026, 11, 21, 6, 47, 40, 826e6, time.UTC)

func newFeed(video, audio *media.Track) *feed {
	f := &feed{}
	f.change(video, audio)
	f.p = newPresentation(f.period, 2*time.Second)
	f.p.id = someID
	return f
}

// change begins another period.
func (f *feed) change(video, audio *media.Track) {
	f.period = &cmaf.Period{}
	if video != nil {
		f.period.Video = &cmaf.Header{Track: video, Timescale: 90000, Bytes: []byte("video")}
	}
	if audio != nil {
		f.period.Audio = &cmaf.Header{Track: audio, Timescale: 44100, Bytes: []byte("audio")}
	}
}

func (f *feed) add(lengths ...time.Duration) {
	for _, d := range lengths {
		for _, track := range []struct {
			kind   media.Kind
			header *cmaf.Header
			size   int
		}{{media.Video, f.period.Video, 500_000}, {media.Audio, f.period.Audio, 32_000}} {
			if track.header == nil {
				continue
			}
			f.p.add(&cmaf.Segment{
				Kind: track.kind, Period: f.period, Header: track.header, Independent: true,
				Duration: int64(d.Seconds() * float64(track.header.Timescale)), Wall: feedBegin.Add(f.at),
				Samples: int(d.Seconds() * 25), Bytes: make([]byte, int(float64(track.size)*d.Seconds())),
			}, feedBegin.Add(f.at))
		}
		f.at += d
	}
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
			f.change(nil, nil)
			*f.period = cmaf.Period{Video: old.Video, Audio: old.Audio} // the same headers
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
			f := newFeed(nil, audioTrack())
			f.add(two, two)
			return f
		},
		"picture": func() *feed {
			hdr := videoTrack()
			c := *hdr.Format.(*media.AVCConfig)
			c.Color.Transfer, c.FrameRate = 16, 0
			hdr.Format = &c
			f := newFeed(hdr, nil)
			f.add(two, two)
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := fill().p
			out := string(p.index.plain)
			for _, r := range p.renditions() {
				out += "\n" + string(r.playlist.plain)
				parsePlaylist(t, string(r.playlist.plain))
			}
			golden(t, "testdata/"+name+".golden", out)
		})
	}
}

func TestIndependence(t *testing.T) {
	f := newFeed(videoTrack(), nil)
	f.add(time.Second, time.Second)
	if !f.p.independent() {
		t.Error("segments that begin with key frames are not independent")
	}
	f.p.video.items[1].Segment = &cmaf.Segment{Header: f.period.Video}
	if f.p.independent() {
		t.Error("a segment without a key frame is independent")
	}
}
