package cmaf

import (
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// ladder is a stream of many tracks, made by hand: the main picture and sound
// of live, and others beside them.
type ladder struct {
	*live
	set *media.TrackSet
}

func newLadder(t testing.TB) *ladder {
	l := newLive(t)
	return &ladder{l, l.tracks}
}

// announce puts tracks like the default ones into the set.
func (l *ladder) announce(k media.Kind, ids ...uint8) {
	for _, id := range ids {
		t := *l.set.Default(k)
		t.ID = id
		l.tracks = l.tracks.With(&t)
	}
}

// withdraw takes a track out of the set.
func (l *ladder) withdraw(k media.Kind, id uint8) {
	var rest *media.TrackSet
	for _, t := range l.tracks.Tracks {
		if t.Kind != k || t.ID != id {
			rest = rest.With(t)
		}
	}
	l.tracks = rest
}

// rung adds pictures of a track, with a key frame each so often from first on.
func (l *ladder) rung(id uint8, from, to, first, key time.Duration) {
	for at := from; at < to; at += 40 * time.Millisecond {
		class := media.Inter
		if at >= first && (at-first)%key == 0 {
			class = media.Key
		}
		l.add(media.Video, class, at)
		l.frames[len(l.frames)-1].Track = id
	}
}

func (l *ladder) sound(id uint8, from, to time.Duration) {
	for i := 0; from+time.Duration(i)*audioFrame < to; i++ {
		l.add(media.Audio, media.Key, from+time.Duration(i)*audioFrame)
		l.frames[len(l.frames)-1].Track = id
	}
}

// sort puts what was added since n into the order of a hub.
func (l *ladder) sort(n int) {
	set := l.tracks
	for _, f := range l.frames[n:] {
		f.Tracks = set
	}
	slices.SortStableFunc(l.frames[n:], func(a, b *media.Frame) int { return int(a.DTS - b.DTS) })
}

// cut is where a segment begins and how long it is, in tenths of a second.
type cut struct{ at, length int }

// cutsOf lists the segments of a track by period.
func cutsOf(segments []*Segment, k media.Kind, id uint8) [][]cut {
	var out [][]cut
	var last *Period
	for _, s := range segments {
		if s.Kind != k || s.Header.Track.ID != id {
			continue
		}
		if s.Period != last {
			out, last = append(out, nil), s.Period
		}
		tenths := func(d time.Duration) int { return int((d + 50*time.Millisecond) / (100 * time.Millisecond)) }
		begin := time.Duration(nanoseconds(s.Start, s.Header.Timescale))
		out[len(out)-1] = append(out[len(out)-1], cut{tenths(begin), tenths(s.Length())})
	}
	return out
}

func TestLanes(t *testing.T) {
	const sec = time.Second
	type of struct {
		kind media.Kind
		id   uint8
		want [][]cut
	}
	for _, c := range []struct {
		name string
		make func(l *ladder)
		want []of
		lost int
	}{
		{"a ladder of one encoder", func(l *ladder) {
			l.announce(media.Video, 1, 2)
			l.announce(media.Audio, 1)
			l.run(0, 7*sec, true, true)
			l.rung(1, 0, 7*sec, 0, 2*sec)
			l.rung(2, 0, 7*sec, 0, sec)
			l.sound(1, 0, 7*sec)
			l.sort(0)
		}, []of{
			{media.Video, 0, [][]cut{{{0, 20}, {20, 20}, {40, 20}, {60, 10}}}},
			{media.Video, 1, [][]cut{{{0, 20}, {20, 20}, {40, 20}, {60, 10}}}},
			{media.Video, 2, [][]cut{{{0, 20}, {20, 20}, {40, 20}, {60, 10}}}},
			{media.Audio, 0, [][]cut{{{0, 20}, {20, 20}, {40, 20}, {60, 10}}}},
			{media.Audio, 1, [][]cut{{{0, 20}, {20, 20}, {40, 20}, {60, 10}}}},
		}, 0},
		{"keys a little before and behind the main track's", func(l *ladder) {
			l.announce(media.Video, 1, 2)
			l.run(0, 7*sec, true, true)
			l.rung(1, 0, 7*sec, 0, 2*sec-40*time.Millisecond)
			l.rung(2, 0, 7*sec, 0, 2*sec+40*time.Millisecond)
			l.sort(0)
		}, []of{
			{media.Video, 0, [][]cut{{{0, 20}, {20, 20}, {40, 20}, {60, 10}}}},
			{media.Video, 1, [][]cut{{{0, 20}, {20, 20}, {39, 20}, {59, 11}}}},
			{media.Video, 2, [][]cut{{{0, 20}, {20, 20}, {41, 20}, {61, 9}}}},
		}, 0},
		{"keys of their own", func(l *ladder) {
			l.announce(media.Video, 1, 2)
			l.run(0, 9*sec, true, true)
			l.rung(1, 0, 9*sec, sec, 2*sec) // half way between
			l.rung(2, 0, 9*sec, 0, 6*sec)   // far apart
			l.sort(0)
		}, []of{
			{media.Video, 0, [][]cut{{{0, 20}, {20, 20}, {40, 20}, {60, 20}, {80, 10}}}},
			{media.Video, 1, [][]cut{{{10, 20}, {30, 20}, {50, 20}, {70, 20}}}},
			{media.Video, 2, [][]cut{{{0, 60}, {60, 30}}}},
		}, 25},
		{"a track without keys after the first", func(l *ladder) {
			l.announce(media.Video, 1)
			l.run(0, 44*sec, true, true)
			l.rung(1, 0, 44*sec, 0, time.Hour)
			l.sort(0)
		}, []of{{media.Video, 1, [][]cut{{{0, 200}, {200, 200}, {400, 40}}}}}, 0},
		{"a track comes", func(l *ladder) {
			l.run(0, 5*sec, true, true)
			n := len(l.frames)
			l.announce(media.Video, 1)
			l.run(5*sec, 9*sec, true, true) // with a key at 5 s
			l.rung(1, 5*sec, 9*sec, 6*sec, 2*sec)
			l.sort(n)
		}, []of{
			{media.Video, 0, [][]cut{{{0, 20}, {20, 20}}, {{40, 30}, {70, 20}}}},
			{media.Video, 1, [][]cut{{{60, 20}, {80, 10}}}},
		}, 25},
		{"a track comes before there is a segment", func(l *ladder) {
			l.run(0, sec, true, true)
			l.announce(media.Audio, 1)
			n := len(l.frames)
			l.key = time.Hour
			l.add(media.Video, media.Inter, sec)
			l.sound(0, sec, 3*sec)
			l.sound(1, sec, 3*sec)
			l.sort(n)
		}, []of{
			{media.Video, 0, [][]cut{{{0, 10}}}},
			{media.Audio, 0, [][]cut{{{0, 30}}}},
			{media.Audio, 1, [][]cut{{{10, 20}}}},
		}, 0},
		{"a track goes", func(l *ladder) {
			l.announce(media.Video, 1)
			l.run(0, 5*sec, true, true)
			l.rung(1, 0, 5*sec, 0, 2*sec)
			l.sort(0)
			n := len(l.frames)
			l.withdraw(media.Video, 1)
			l.key = time.Hour
			l.run(5*sec, 7*sec, true, true)
			l.sort(n)
			l.frames[n].Class = media.Inter
		}, []of{
			// The pictures of the open segment, which begins with a key, go along.
			{media.Video, 0, [][]cut{{{0, 20}, {20, 20}}, {{40, 30}}}},
			{media.Video, 1, [][]cut{{{0, 20}, {20, 20}, {40, 10}}}},
			{media.Audio, 0, [][]cut{{{0, 20}, {20, 20}, {40, 10}}, {{50, 20}}}},
		}, 0},
		{"a track goes before there is a segment", func(l *ladder) {
			l.announce(media.Audio, 1)
			l.run(0, sec, true, true)
			l.sound(1, 0, sec)
			l.sort(0)
			n := len(l.frames)
			l.withdraw(media.Audio, 1)
			l.key = time.Hour
			l.run(sec, 3*sec, true, true)
			l.sort(n)
			l.frames[n].Class = media.Inter
		}, []of{
			{media.Video, 0, [][]cut{{{0, 30}}}},
			{media.Audio, 0, [][]cut{{{0, 30}}}},
			{media.Audio, 1, nil},
		}, 44},
		{"a track that is only announced is waited for, and not for ever", func(l *ladder) {
			l.announce(media.Video, 1)
			l.announce(media.Audio, 1)
			l.run(0, 5*sec, true, true)
		}, []of{
			{media.Video, 0, [][]cut{{{0, 20}, {20, 20}, {40, 10}}}},
			{media.Audio, 0, [][]cut{{{0, 20}, {20, 20}, {40, 10}}}},
		}, 0},
		{"two sounds alone", func(l *ladder) {
			l.withdraw(media.Video, 0)
			l.announce(media.Audio, 1)
			l.run(0, 5*sec, false, true)
			l.sound(1, 0, 5*sec)
			l.sort(0)
		}, []of{
			{media.Audio, 0, [][]cut{{{0, 20}, {20, 20}, {40, 10}}}},
			{media.Audio, 1, [][]cut{{{0, 20}, {20, 20}, {40, 10}}}},
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLadder(t)
			c.make(l)
			segments := pack(l.frames)
			out := 0
			for _, s := range segments {
				out += s.Samples
				if !slices.Contains(s.Period.Tracks, s.Header) {
					t.Errorf("a segment of a track that its period has not")
				}
			}
			if out != len(l.frames)-c.lost {
				t.Errorf("%d of %d frames came out", out, len(l.frames))
			}
			for _, o := range c.want {
				got := cutsOf(segments, o.kind, o.id)
				if !slices.EqualFunc(got, o.want, slices.Equal) {
					t.Errorf("%v %d: got %v, want %v", o.kind, o.id, got, o.want)
				}
			}
			checkPeriods(t, segments)
		})
	}
}

// checkPeriods holds every period to its word: each of its tracks has a segment.
func checkPeriods(t testing.TB, segments []*Segment) {
	t.Helper()
	has := make(map[*Period]map[*Header]bool)
	for _, s := range segments {
		if has[s.Period] == nil {
			has[s.Period] = make(map[*Header]bool)
		}
		has[s.Period][s.Header] = true
	}
	for p, headers := range has {
		for _, h := range p.Tracks {
			if !headers[h] {
				t.Errorf("period %d has no segment of %v %d", p.Number, h.Track.Kind, h.Track.ID)
			}
		}
	}
}

// The one who asks may leave out what could be packaged.
func TestTakes(t *testing.T) {
	l := newLadder(t)
	l.announce(media.Video, 1)
	l.run(0, 3*time.Second, true, true)
	refusal := &UnsupportedError{Codec: media.H264, Reason: "is not wanted"}
	p := NewPackager(0, func(s *Segment) {
		if s.Kind == media.Video {
			t.Error("a segment of what is not wanted")
		}
	})
	p.Takes = func(t *media.Track) error {
		if t.Kind == media.Video {
			return refusal
		}
		return nil
	}
	for _, f := range l.frames {
		p.Write(f)
	}
	p.End()
	if got := p.Refused(); len(got) != 2 || got[0] != refusal {
		t.Errorf("refused %v", got)
	}
}

// Tracks together are bounded, whatever each of them does.
func TestUncutIsBounded(t *testing.T) {
	l := newLadder(t)
	ids := []uint8{1, 2, 3, 4, 5, 6, 7}
	l.announce(media.Video, ids...)
	l.key = time.Hour
	l.run(0, 15*time.Second, true, false)
	for _, id := range ids {
		l.rung(id, 0, 15*time.Second, 0, time.Hour)
	}
	l.sort(0)
	payload := make([]byte, 40_000)
	p := NewPackager(0, func(*Segment) {})
	for _, f := range l.frames {
		f.Payload = payload
		p.Write(f)
		if p.bytes > largestSum+len(payload) {
			t.Fatalf("%d bytes are held", p.bytes)
		}
	}
	p.End()
	if p.bytes != 0 {
		t.Errorf("%d bytes are counted at the end", p.bytes)
	}
}
