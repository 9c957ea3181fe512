package cmaf

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// dates returns by how much each segment is dated after it was due.
func dates(segments []*Segment) []time.Duration {
	var off []time.Duration
	for _, s := range segments {
		due := clipBegin.Add(time.Duration(nanoseconds(s.Start, s.Header.Timescale)))
		off = append(off, s.Wall.Sub(due))
	}
	return off
}

func TestDatesAreArrivals(t *testing.T) {
	l := newLive(t)
	l.late = 300 * time.Millisecond
	l.run(0, 10*time.Second, true, true)
	for i, off := range dates(pack(l.frames)) {
		if d := off - l.late; d.Abs() > time.Millisecond {
			t.Errorf("segment %d is dated %v after it was due, want %v", i, off, l.late)
		}
	}
}

func TestDatesIgnoreJitter(t *testing.T) {
	l := newLive(t)
	l.run(0, 20*time.Second, true, true)
	for i, f := range l.frames {
		f.Arrival = f.Arrival.Add(time.Duration(i*7919%90) * time.Millisecond)
		// A stall of a second: whole segments come in one burst.
		if at := time.Duration(f.DTS); at > 5*time.Second && at < 6*time.Second {
			f.Arrival = clipBegin.Add(6 * time.Second)
		}
	}
	for i, off := range dates(pack(l.frames)) {
		if off.Abs() > 3*time.Millisecond {
			t.Errorf("segment %d is dated %v off", i, off)
		}
	}
}

// An encoder's clock that loses one part in a thousand: the dates follow, in
// steps of at most 1 %.
func TestDatesFollowDrift(t *testing.T) {
	l := newLive(t)
	l.run(0, 20*time.Minute, true, true)
	for _, f := range l.frames {
		f.Arrival = f.Arrival.Add(time.Duration(f.DTS) / 1000)
	}
	segments := of(media.Video, pack(l.frames))
	for i, off := range dates(segments) {
		want := time.Duration(nanoseconds(segments[i].Start, videoTimescale)) / 1000
		if d := off - want; d.Abs() > wallSlack+5*time.Millisecond {
			t.Fatalf("segment %d is dated %v off its arrival", i, d)
		}
		if i == 0 {
			continue
		}
		before := segments[i-1]
		step := segments[i].Wall.Sub(before.Wall) - before.Length()
		if step.Abs() > before.Length()/wallSlew {
			t.Fatalf("between segments %d and %d the date moved by %v", i-1, i, step)
		}
	}
}

func TestTracksShareOneLine(t *testing.T) {
	l := newLive(t)
	l.run(0, 30*time.Second, true, true)
	for _, f := range l.frames {
		f.Arrival = f.Arrival.Add(time.Duration(f.DTS) / 100)
	}
	segments := pack(l.frames)
	video, audio := dates(of(media.Video, segments)), dates(of(media.Audio, segments))
	for i := range video {
		if d := video[i] - audio[i]; d.Abs() > time.Millisecond {
			t.Errorf("segments %d: picture and sound are %v apart", i, d)
		}
	}
}
