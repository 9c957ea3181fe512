package cmaf

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// live makes the frames of a stream by hand: 25 pictures a second, and sound
// at 44.1 kHz stamped in whole milliseconds.
type live struct {
	frames []*media.Frame
	tracks *media.TrackSet
	epoch  uint32
	key    time.Duration // distance of key frames
	late   time.Duration // arrival after the frame was due
}

func newLive(t testing.TB) *live { return &live{tracks: clipTracks(t), key: 2 * time.Second} }

func (l *live) add(kind media.Kind, class media.Class, at time.Duration) {
	at = at.Truncate(time.Millisecond)
	l.frames = append(l.frames, &media.Frame{
		Kind: kind, Class: class, DTS: int64(at), PTS: int64(at), Epoch: l.epoch, Tracks: l.tracks,
		Arrival: clipBegin.Add(at + l.late), Payload: binary.BigEndian.AppendUint32(nil, uint32(len(l.frames))),
	})
}

const audioFrame = time.Second * 1024 / 44100

// run adds sound and picture from one time to another, in order.
func (l *live) run(from, to time.Duration, video, audio bool) {
	start := len(l.frames)
	if video {
		for i := 0; from+time.Duration(i)*40*time.Millisecond < to; i++ {
			at := from + time.Duration(i)*40*time.Millisecond
			class := media.Inter
			if l.key > 0 && (at-from)%l.key == 0 {
				class = media.Key
			}
			l.add(media.Video, class, at)
		}
	}
	if audio {
		for i := 0; from+time.Duration(i)*audioFrame < to; i++ {
			l.add(media.Audio, media.Key, from+time.Duration(i)*audioFrame)
		}
	}
	slices.SortStableFunc(l.frames[start:], func(a, b *media.Frame) int { return int(a.DTS - b.DTS) })
}

// shapeOfPeriods tells what came out: of each period its tracks and the
// lengths of their segments in tenths of a second, rounded.
type periodShape struct{ video, audio []int }

func shapes(segments []*Segment) []periodShape {
	var out []periodShape
	last := -1
	for _, s := range segments {
		if s.Period.Number != last {
			out = append(out, periodShape{})
			last = s.Period.Number
		}
		p := &out[len(out)-1]
		tenths := int((s.Length() + 50*time.Millisecond) / (100 * time.Millisecond))
		if s.Kind == media.Video {
			p.video = append(p.video, tenths)
		} else {
			p.audio = append(p.audio, tenths)
		}
	}
	return out
}

func TestPeriods(t *testing.T) {
	other := func(l *live) *media.TrackSet {
		video := *l.tracks.Default(media.Video)
		config := *video.Format.(*media.AVCConfig)
		config.Width *= 2
		video.Format = &config
		return l.tracks.With(&video)
	}
	same := func(l *live) *media.TrackSet {
		video := *l.tracks.Default(media.Video)
		return l.tracks.With(&video)
	}
	alone := func(l *live, k media.Kind) *media.TrackSet {
		return (*media.TrackSet)(nil).With(l.tracks.Default(k))
	}
	for _, c := range []struct {
		name string
		make func(l *live)
		want []periodShape
		lost int // frames that may not come out
	}{
		{"both", func(l *live) {
			l.run(0, 7*time.Second, true, true)
		}, []periodShape{{[]int{20, 20, 20, 10}, []int{20, 20, 20, 10}}}, 0},
		{"picture only", func(l *live) {
			l.tracks = alone(l, media.Video)
			l.run(0, 5*time.Second, true, false)
		}, []periodShape{{video: []int{20, 20, 10}}}, 0},
		{"sound only", func(l *live) {
			l.tracks = alone(l, media.Audio)
			l.run(0, 5*time.Second, false, true)
		}, []periodShape{{audio: []int{20, 20, 10}}}, 0},
		{"announced picture never comes", func(l *live) {
			l.run(0, 5*time.Second, false, true)
		}, []periodShape{{audio: []int{20, 20, 10}}}, 0},
		{"shorter than the wait for tracks", func(l *live) {
			l.tracks = alone(l, media.Video)
			l.run(0, 400*time.Millisecond, true, false)
		}, []periodShape{{video: []int{4}}}, 0},
		{"one frame", func(l *live) {
			l.run(0, time.Millisecond, true, false)
		}, []periodShape{{video: []int{0}}}, 0},
		{"sound begins late", func(l *live) {
			l.tracks = alone(l, media.Video)
			l.run(0, 4*time.Second, true, false)
			l.tracks = clipTracks(t)
			l.run(4*time.Second, 8*time.Second, true, true)
		}, []periodShape{{video: []int{20, 20}}, {[]int{20, 20}, []int{20, 20}}}, 0},
		{"picture begins late, between two keys", func(l *live) {
			whole := l.tracks
			l.tracks = alone(l, media.Audio)
			l.run(0, 4*time.Second, false, true)
			l.tracks = whole
			l.run(4*time.Second, 8*time.Second, true, true)
			l.frames = slices.DeleteFunc(l.frames, func(f *media.Frame) bool {
				return f.IsKey() && f.DTS == int64(4*time.Second)
			})
		}, []periodShape{{audio: []int{20, 20, 20}}, {[]int{20}, []int{20}}}, 49},
		{"keys far apart", func(l *live) {
			l.key = 6 * time.Second
			l.run(0, 12*time.Second, true, true)
		}, []periodShape{{[]int{60, 60}, []int{60, 60}}}, 0},
		{"keys close together", func(l *live) {
			l.key = 400 * time.Millisecond
			l.run(0, 5*time.Second, true, true)
		}, []periodShape{{[]int{20, 20, 10}, []int{20, 20, 10}}}, 0},
		{"no keys after the first", func(l *live) {
			l.key = time.Hour
			l.run(0, 45*time.Second, true, true)
		}, []periodShape{{[]int{200, 200, 50}, []int{100, 100, 100, 100, 50}}}, 0},
		{"publisher comes back", func(l *live) {
			l.run(0, 3*time.Second, true, true)
			l.epoch++
			l.run(9*time.Second, 12*time.Second, true, true)
		}, []periodShape{{[]int{20, 10}, []int{20, 10}}, {[]int{20, 10}, []int{20, 10}}}, 0},
		{"clock jumps between keys", func(l *live) {
			l.run(0, 3*time.Second, true, true)
			l.epoch++
			l.key = 0
			l.run(3040*time.Millisecond, 4*time.Second, true, true)
			l.key = 2 * time.Second
			l.run(4*time.Second, 5*time.Second, true, true)
		}, []periodShape{{[]int{20, 10}, []int{20, 10}}, {[]int{20}, []int{20}}}, 0},
		{"configuration changes", func(l *live) {
			l.run(0, 2*time.Second, true, true)
			l.tracks = other(l)
			l.run(2*time.Second, 5*time.Second, true, true)
		}, []periodShape{{[]int{20}, []int{20}}, {[]int{20, 10}, []int{20, 10}}}, 0},
		{"configuration is repeated", func(l *live) {
			l.run(0, 2*time.Second, true, true)
			l.tracks = same(l)
			l.run(2*time.Second, 5*time.Second, true, true)
		}, []periodShape{{[]int{20, 20, 10}, []int{20, 20, 10}}}, 0},
		{"pause", func(l *live) {
			l.run(0, 3*time.Second, true, true)
			l.run(33*time.Second, 36*time.Second, true, true)
		}, []periodShape{{[]int{20, 10}, []int{20, 10}}, {[]int{20, 10}, []int{20, 10}}}, 0},
		{"picture stops", func(l *live) {
			l.run(0, 4*time.Second, true, true)
			l.run(4*time.Second, 20*time.Second, false, true)
		}, []periodShape{{[]int{20, 20}, []int{20, 100, 20}}, {audio: []int{20, 20, 20}}}, 0},
		{"sound has its own idea of time", func(l *live) {
			l.run(0, 8*time.Second, true, true)
			for _, f := range framesOf(media.Audio, l.frames) {
				f.PTS += int64(30 * time.Second)
				f.DTS = f.PTS
			}
		}, []periodShape{{[]int{20, 20, 20, 20}, nil}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLive(t)
			c.make(l)
			segments := pack(l.frames)
			got := shapes(segments)
			if c.want[0].audio == nil && len(got) == 1 {
				got[0].audio = nil
			}
			if !slices.EqualFunc(got, c.want, func(a, b periodShape) bool {
				return slices.Equal(a.video, b.video) && slices.Equal(a.audio, b.audio)
			}) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
			out := 0
			for _, s := range segments {
				out += s.Samples
			}
			if out != len(l.frames)-c.lost {
				t.Errorf("%d of %d frames came out", out, len(l.frames))
			}
		})
	}
}

func TestHeadersAreShared(t *testing.T) {
	l := newLive(t)
	l.run(0, 3*time.Second, true, true)
	l.epoch++
	l.run(4*time.Second, 6*time.Second, true, true)
	headers := make(map[*Header]bool)
	for _, s := range pack(l.frames) {
		headers[s.Header] = true
	}
	if len(headers) != 2 {
		t.Errorf("%d headers for two tracks of one configuration", len(headers))
	}
}

func TestRefusedTracks(t *testing.T) {
	l := newLive(t)
	hevc := &media.Track{Kind: media.Video, Codec: media.HEVC}
	l.tracks = l.tracks.With(hevc)
	l.run(0, 3*time.Second, true, true)
	var kinds []media.Kind
	p := NewPackager(0, func(s *Segment) { kinds = append(kinds, s.Kind) })
	for _, f := range l.frames {
		p.Write(f)
	}
	p.End()
	if !p.Packages() || len(p.Refused()) != 1 || slices.Contains(kinds, media.Video) || len(kinds) == 0 {
		t.Errorf("packages %v, refused %v, segments of %v", p.Packages(), p.Refused(), kinds)
	}

	p = NewPackager(0, func(*Segment) { t.Error("a segment of nothing") })
	p.Write(&media.Frame{Kind: media.Video, Header: 5, Tracks: (&media.TrackSet{}).With(hevc), Payload: []byte{1}})
	p.Write(&media.Frame{Kind: media.Data, Payload: []byte{1}})
	p.End()
	if p.Packages() || len(p.Refused()) != 1 {
		t.Errorf("packages %v, refused %v", p.Packages(), p.Refused())
	}
}
