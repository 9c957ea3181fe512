package cmaf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// parted is what a packager gave while its frames came.
type parted struct {
	segments []*Segment
	late     map[*Part]time.Duration // behind the end of the part, by the newest frame's DTS
}

// packParts runs frames through a packager of parts.
func packParts(t testing.TB, aim time.Duration, frames []*media.Frame) *parted {
	t.Helper()
	out := &parted{late: make(map[*Part]time.Duration)}
	open := make(map[*Header]*Segment)
	var now int64
	note := func(s *Segment) {
		before := 0
		if o := open[s.Header]; o != nil {
			before = len(o.Parts)
			if len(s.Parts) <= before || !slices.Equal(s.Parts[:before], o.Parts) || s.Wall != o.Wall || s.Start != o.Start {
				t.Errorf("a segment of %d parts went on with %d", before, len(s.Parts))
			}
		}
		for _, p := range s.Parts[before:] {
			end := nanoseconds(p.Start+p.Duration, p.Header.Timescale)
			out.late[p] = time.Duration(now - end)
		}
	}
	p := NewPackager(0, func(s *Segment) {
		note(s)
		delete(open, s.Header)
		out.segments = append(out.segments, s)
	})
	p.Parts = aim
	p.Open = func(s *Segment) {
		note(s)
		open[s.Header] = s
	}
	for _, f := range frames {
		now = f.DTS
		p.Write(f)
	}
	p.End()
	if len(open) > 0 {
		t.Errorf("%d segments stay open", len(open))
	}
	for _, s := range out.segments {
		checkParts(t, s)
	}
	checkPeriods(t, out.segments)
	return out
}

// checkParts holds a segment to what is true of all.
func checkParts(t testing.TB, s *Segment) {
	t.Helper()
	var file []byte
	at, samples := s.Start, 0
	for i, p := range s.Parts {
		if p.Index != i || p.Start != at || p.Period != s.Period || p.Header != s.Header {
			t.Fatalf("part %d is %+v of %+v", i, p, s)
		}
		target := s.Period.partTarget(s.Header.Track)
		if target > 0 && p.Length() > target && p.Samples > 1 {
			t.Errorf("a part of %d samples is %v long, the target %v", p.Samples, p.Length(), target)
		}
		at += p.Duration
		samples += p.Samples
		file = append(file, p.Bytes...)
		if cap(p.Bytes)-len(p.Bytes) > 32+16*p.Samples {
			t.Errorf("%d bytes are stored for %d", cap(p.Bytes), len(p.Bytes))
		}
	}
	if at != s.Start+s.Duration || samples != s.Samples || len(file) != s.Size || !bytes.Equal(file, s.Append(nil)) ||
		s.Independent != s.Parts[0].Keyed {
		t.Errorf("segment %d+%d of %d samples and %d bytes has parts of %d and %d", s.Start, s.Duration, s.Samples, s.Size, samples, len(file))
	}
}

// paced makes pictures of a rate, stamped in whole milliseconds as RTMP does, and
// sound.
func paced(t testing.TB, num, den int, key, length time.Duration, jitter int) []*media.Frame {
	l := newLive(t)
	random := rand.New(rand.NewPCG(1, 2))
	for i := 0; ; i++ {
		at := time.Duration(i) * time.Second * time.Duration(den) / time.Duration(num)
		if at >= length {
			break
		}
		class := media.Inter
		if every := int(key.Seconds() * float64(num) / float64(den)); i%max(1, every) == 0 {
			class = media.Key
		}
		if jitter > 0 && i > 0 {
			at += time.Duration(random.IntN(2*jitter+1)-jitter) * time.Millisecond
		}
		l.add(media.Video, class, at)
	}
	for i := 0; time.Duration(i)*audioFrame < length; i++ {
		l.add(media.Audio, media.Key, time.Duration(i)*audioFrame)
	}
	slices.SortStableFunc(l.frames, func(a, b *media.Frame) int { return int(a.DTS - b.DTS) })
	return l.frames
}

func TestParts(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name         string
		num, den     int
		key, aim     time.Duration
		jitter       int
		video, sound time.Duration // the part targets
		short        int           // parts that jitter makes too short
	}{
		{"25", 25, 1, 2 * time.Second, 200 * ms, 0, 200 * ms, 209 * ms, 0},
		{"30", 30, 1, 2 * time.Second, 200 * ms, 0, 201 * ms, 209 * ms, 0},
		{"29.97", 30000, 1001, 2 * time.Second, 200 * ms, 0, 201 * ms, 209 * ms, 0},
		{"60", 60, 1, 2 * time.Second, 200 * ms, 0, 202 * ms, 209 * ms, 0},
		{"50", 50, 1, time.Second, 200 * ms, 0, 200 * ms, 209 * ms, 0},
		{"24", 24, 1, 2 * time.Second, 200 * ms, 0, 210 * ms, 209 * ms, 0},
		{"23.976", 24000, 1001, 2 * time.Second, 200 * ms, 0, 210 * ms, 209 * ms, 0},
		{"15", 15, 1, 2 * time.Second, 200 * ms, 0, 201 * ms, 209 * ms, 0},
		{"slides", 1, 1, 4 * time.Second, 200 * ms, 0, 1001 * ms, 209 * ms, 0},
		{"half seconds", 30, 1, 2 * time.Second, 500 * ms, 0, 501 * ms, 511 * ms, 0},
		{"keys in between", 25, 1, 400 * ms, 200 * ms, 0, 200 * ms, 209 * ms, 0},
		{"jitter", 30, 1, 2 * time.Second, 200 * ms, 5, 0, 209 * ms, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			frames := paced(t, c.num, c.den, c.key, 20*time.Second, c.jitter)
			out := packParts(t, c.aim, frames)
			frame := time.Second * time.Duration(c.den) / time.Duration(c.num)
			short := 0
			for _, s := range out.segments {
				target := s.Period.partTarget(s.Header.Track)
				want := c.video
				if s.Kind == media.Audio {
					want = c.sound
				}
				if want > 0 && (target-want).Abs() > 2*time.Millisecond {
					t.Fatalf("the target of %v is %v, want %v", s.Kind, target, want)
				}
				for i, p := range s.Parts {
					if p.Length() > target {
						t.Errorf("a part of %v, the target is %v", p.Length(), target)
					}
					if i < len(s.Parts)-1 && !p.Independent && p.Length() < target*leastPart/100 {
						short++
					}
					if s.Kind == media.Audio && !p.Keyed {
						t.Error("a part of sound is not independent")
					}
					if limit := frame + audioFrame + time.Duration(2*c.jitter+2)*time.Millisecond; out.late[p] > limit && nanoseconds(p.Start, p.Header.Timescale) > int64(leastWait) {
						t.Errorf("a part of %v left %v after its end", s.Kind, out.late[p])
					}
				}
			}
			if short > c.short {
				t.Errorf("%d parts are too short", short)
			}
			video, audio := of(media.Video, out.segments), of(media.Audio, out.segments)
			if len(video) != len(audio) || len(video) < 4 {
				t.Fatalf("%d and %d segments", len(video), len(audio))
			}
			for i, s := range video {
				a := audio[i]
				off := nanoseconds(a.Start, a.Header.Timescale) - nanoseconds(s.Start, s.Header.Timescale)
				if off < -int64(time.Millisecond) || off > int64(audioFrame+time.Millisecond) {
					t.Errorf("segment %d of sound begins %v after the picture's", i, time.Duration(off))
				}
				if !s.Independent {
					t.Errorf("segment %d begins without a key frame", i)
				}
			}
			checkTrack(t, framesOf(media.Video, frames), video, time.Millisecond)
			checkTrack(t, framesOf(media.Audio, frames), audio, 2*time.Millisecond)
		})
	}
}

// With parts, segments are what they are without.
func TestPartsOfPeriods(t *testing.T) {
	l := newLadder(t)
	l.announce(media.Video, 1)
	l.run(0, 6*time.Second, true, true)
	l.rung(1, 0, 6*time.Second, 0, 2*time.Second)
	l.sort(0)
	n := len(l.frames)
	l.epoch++
	l.run(9*time.Second, 15*time.Second, true, true)
	l.rung(1, 9*time.Second, 15*time.Second, 9*time.Second, 2*time.Second)
	l.sort(n)
	out := packParts(t, 200*time.Millisecond, l.frames)
	whole := pack(l.frames)
	if len(out.segments) != len(whole) {
		t.Fatalf("%d segments, without parts %d", len(out.segments), len(whole))
	}
	for _, k := range []media.Kind{media.Video, media.Audio} {
		for id := range uint8(2) {
			if got, want := fmt.Sprint(cutsOf(out.segments, k, id)), fmt.Sprint(cutsOf(whole, k, id)); got != want {
				t.Errorf("%v %d: %s, without parts %s", k, id, got, want)
			}
		}
	}
	if a, b := out.segments[0].Period, out.segments[len(out.segments)-1].Period; a == b || !slices.Equal(a.PartTargets, b.PartTargets) {
		t.Errorf("part targets %v and %v", a.PartTargets, b.PartTargets)
	}
}

// A rung whose key frames come a little before the main track's.
func TestPartsWaitForTheMainKey(t *testing.T) {
	l := newLadder(t)
	l.announce(media.Video, 1)
	l.run(0, 8*time.Second, true, true)
	l.rung(1, 0, 8*time.Second, 0, 2*time.Second)
	for _, f := range l.frames {
		if f.Track == 1 && f.DTS > 0 {
			f.Class = media.Inter
			if at := time.Duration(f.DTS); (at+120*time.Millisecond)%(2*time.Second) == 0 {
				f.Class = media.Key
			}
		}
	}
	l.sort(0)
	out := packParts(t, 200*time.Millisecond, l.frames)
	got := fmt.Sprint(cutsOf(out.segments, media.Video, 1))
	if want := fmt.Sprint([][]cut{{{0, 19}, {19, 20}, {39, 20}, {59, 20}, {79, 1}}}); got != want && got != fmt.Sprint(cutsOf(pack(l.frames), media.Video, 1)) {
		t.Errorf("%s, want %s", got, want)
	}
}

// A track that comes while parts have left waits for the next key frame.
func TestTrackComesBetweenParts(t *testing.T) {
	l := newLive(t)
	whole := l.tracks
	l.tracks = (*media.TrackSet)(nil).With(whole.Default(media.Video))
	l.run(0, 5*time.Second, true, false)
	l.tracks = whole
	n := len(l.frames)
	l.run(5*time.Second, 9*time.Second, true, true)
	for i, f := range l.frames[n:] {
		if f.Kind == media.Video {
			l.frames[n+i].Class = media.Inter
			if f.DTS%int64(2*time.Second) == 0 {
				l.frames[n+i].Class = media.Key
			}
		}
	}
	out := packParts(t, 200*time.Millisecond, l.frames)
	for i, s := range of(media.Video, out.segments) {
		if !s.Independent {
			t.Errorf("segment %d begins without a key frame", i)
		}
	}
	samples := 0
	for _, s := range out.segments {
		samples += s.Samples
	}
	if samples != len(l.frames) {
		t.Errorf("%d samples of %d frames", samples, len(l.frames))
	}
}

func TestLongFrame(t *testing.T) {
	l := newLive(t)
	l.run(0, 3*time.Second, true, true)
	l.run(4*time.Second, 6*time.Second, true, true) // a second is missing
	out := packParts(t, 200*time.Millisecond, l.frames)
	long := 0
	for _, s := range out.segments {
		for _, p := range s.Parts {
			if p.Length() > time.Second {
				long++
			}
		}
	}
	if long != 2 {
		t.Errorf("%d parts are longer than a second, want one of each track", long)
	}
}

func TestProducerTime(t *testing.T) {
	l := newLive(t)
	l.run(0, 5*time.Second, true, true)
	for _, s := range packParts(t, 200*time.Millisecond, l.frames).segments {
		for _, p := range s.Parts {
			prft := walk(t, p.Bytes, 0)[0]
			if prft.kind != "prft" || prft.body[0] != 1 || u32(prft.body, 1) != 1 {
				t.Fatalf("%s %x", prft.kind, prft.body)
			}
			wall := time.Unix(int64(u32(prft.body, 2))-ntpEpoch, int64(u32(prft.body, 3))*second>>32)
			at := int64(u32(prft.body, 4))<<32 | int64(u32(prft.body, 5))
			if at != p.Start || wall.Sub(p.Wall).Abs() > time.Microsecond {
				t.Errorf("%v at %d, the part is of %v at %d", wall, at, p.Wall, p.Start)
			}
			want := clipBegin.Add(time.Duration(nanoseconds(p.Start, p.Header.Timescale)))
			if off := wall.Sub(want); off.Abs() > 25*time.Millisecond {
				t.Errorf("a part is dated %v off its arrival", off)
			}
		}
	}
}

// An encoder's own frames, with pictures that are shown later than decoded.
func TestPartsOfClip(t *testing.T) {
	frames := readClip(t, clip)
	out := packParts(t, 200*time.Millisecond, frames)
	checkTrack(t, framesOf(media.Video, frames), of(media.Video, out.segments), time.Microsecond)
	checkTrack(t, framesOf(media.Audio, frames), of(media.Audio, out.segments), 600*time.Microsecond)
	if n := len(out.segments[0].Parts); n < 9 {
		t.Errorf("%d parts in a segment of 2 s", n)
	}
}
