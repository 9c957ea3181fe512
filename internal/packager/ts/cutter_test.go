package ts

import (
	"bytes"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

func cut(frames []*media.Frame, target time.Duration) (segments []*Segment) {
	c := NewCutter(target, func(s *Segment) { segments = append(segments, s) })
	p := NewPackager(c.Put)
	for _, f := range frames {
		p.Write(f)
	}
	p.End()
	c.End()
	return segments
}

// checkSegments reads segments as a player does: each alone, and all as one stream.
func checkSegments(t *testing.T, segments []*Segment, frames int) {
	t.Helper()
	all := newReader()
	sum := 0
	for i, s := range segments {
		r := newReader()
		if err := r.read(s.Bytes); err != nil {
			t.Fatalf("segment %d: %v", i, err)
		}
		if err := r.end(); err != nil {
			t.Fatalf("segment %d: %v", i, err)
		}
		if s.Bytes[1]&0x1f != 0 || s.Bytes[2] != 0 || len(r.programs) == 0 || len(r.units) != s.Frames {
			t.Errorf("segment %d: it begins with %x, and has %d of %d frames", i, s.Bytes[:4], len(r.units), s.Frames)
		}
		first := r.units[0]
		for _, u := range r.units {
			if u.packet < first.packet {
				first = u
			}
		}
		if first.dts != (s.Start+delay)&stampMask {
			t.Errorf("segment %d: it begins at %d, and says %d", i, first.dts, s.Start+delay)
		}
		if i > 0 && !s.Discontinuous && segments[i-1].Start+segments[i-1].Duration != s.Start {
			t.Errorf("segment %d begins at %d, and the one before ends at %d", i, s.Start, segments[i-1].Start+segments[i-1].Duration)
		}
		sum += s.Frames
		if err := all.read(s.Bytes); err != nil {
			t.Fatalf("segment %d: %v", i, err)
		}
	}
	if err := all.end(); err != nil {
		t.Fatal(err)
	}
	if err := all.clockErrors(); err != nil {
		t.Error(err)
	}
	if sum != frames {
		t.Errorf("%d frames came out of %d", sum, frames)
	}
}

func TestCutter(t *testing.T) {
	type shape struct {
		tenths                     int
		independent, discontinuous bool
	}
	plain, broken := shape{20, true, false}, shape{20, true, true}
	for _, c := range []struct {
		name   string
		target time.Duration
		make   func(l *live)
		want   []shape
	}{
		{"at key frames", 0, func(l *live) { l.pictures(0, 8*time.Second, 25); l.sound(0, 8*time.Second, 0) }, []shape{plain, plain, plain, plain}},
		{"every other key frame", 3 * time.Second, func(l *live) { l.pictures(0, 8*time.Second, 25) }, []shape{{40, true, false}, {40, true, false}}},
		{"key frames a little early", 2200 * time.Millisecond, func(l *live) { l.pictures(0, 6*time.Second, 25) }, []shape{plain, plain, plain}},
		{"sound alone", 0, func(l *live) { l.sound(0, 4*time.Second, 0) }, []shape{{21, true, false}, {19, true, false}}},
		{"no key frames", 0, func(l *live) {
			l.pictures(0, 2*time.Second, 25)
			for at := 2 * time.Second; at < 30*time.Second; at += 40 * time.Millisecond {
				l.add(media.Video, 0, media.Inter, at)
			}
		}, []shape{{200, true, false}, {100, false, false}}},
		{"another epoch", 0, func(l *live) {
			l.pictures(0, 2*time.Second, 25)
			l.epoch++
			l.sound(30*time.Second, 32*time.Second, 0)
			l.pictures(30*time.Second+40*time.Millisecond, 32*time.Second, 25)
		}, []shape{plain, broken}},
		{"another epoch in mid-picture", 0, func(l *live) {
			l.pictures(0, 3*time.Second, 25)
			l.epoch++
			l.add(media.Video, 0, media.Inter, 3*time.Second)
			l.add(media.Video, 0, media.Inter, 3*time.Second+400*time.Millisecond)
			l.pictures(4*time.Second, 6*time.Second, 25)
		}, []shape{plain, {10, true, false}, {30, false, true}}},
		{"a long pause", 0, func(l *live) { l.pictures(0, 2*time.Second, 25); l.pictures(9*time.Second, 11*time.Second, 25) }, []shape{plain, broken}},
		{"another picture", 0, func(l *live) {
			l.pictures(0, 2*time.Second, 25)
			video := *l.tracks.Default(media.Video)
			config := *video.Format.(*media.AVCConfig)
			config.Level++
			video.Format = &config
			l.tracks = l.tracks.With(&video)
			l.pictures(2*time.Second, 4*time.Second, 25)
		}, []shape{plain, broken}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLive(t)
			c.make(l)
			segments := cut(l.frames, c.target)
			checkSegments(t, segments, len(l.frames))
			var got []shape
			for _, s := range segments {
				got = append(got, shape{int((s.Length() + 49*time.Millisecond) / (100 * time.Millisecond)), s.Independent, s.Discontinuous})
			}
			if len(got) != len(c.want) {
				t.Fatalf("segments %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("segment %d is %v, want %v", i, got[i], c.want[i])
				}
			}
		})
	}
}

// Segments, one after another, are the stream that a viewer of bursts gets.
func TestCutterAndPackagerAgree(t *testing.T) {
	frames := readClip(t, clips+"h264-bframes-aac.flv")
	var joined []byte
	for _, s := range cut(frames, time.Second) {
		joined = append(joined, s.Bytes...)
	}
	if !bytes.Equal(joined, pack(frames)) {
		t.Error("they differ")
	}
}

func TestCutterIsBounded(t *testing.T) {
	l := newLive(t)
	for i := range 60 {
		class := media.Inter
		if i == 0 {
			class = media.Key
		}
		f := l.add(media.Video, 0, class, time.Duration(i)*40*time.Millisecond)
		f.Payload = append([]byte{0, 0x10, 0, 0, f.Payload[4]}, bytes.Repeat([]byte{1}, 1<<20)...)[:4+1<<20]
	}
	segments := cut(l.frames, 0)
	checkSegments(t, segments, len(l.frames))
	for i, s := range segments {
		if len(s.Bytes) > largestSegment+11<<20 { // what comes between two tables
			t.Errorf("segment %d has %d bytes", i, len(s.Bytes))
		}
	}
	if len(segments) < 3 {
		t.Errorf("%d segments", len(segments))
	}
}
