package window

import (
	"log/slog"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// longTrack is of a presentation whose window has n segments of two seconds.
func longTrack(n int) (*Presentation, *Track, func() *cmaf.Segment) {
	header := &cmaf.Header{Track: &media.Track{Kind: media.Video}, Timescale: 1000}
	period := &cmaf.Period{Tracks: []*cmaf.Header{header}}
	p := NewPresentation(period, 2*time.Second)
	p.shift = Shift{Window: time.Duration(n) * 2 * time.Second, Bytes: enough}
	p.shelf = (&Store{log: slog.New(slog.DiscardHandler)}).newShelf(&Stream{})
	next := func() *cmaf.Segment {
		parts := make([]*cmaf.Part, 10)
		return &cmaf.Segment{Kind: media.Video, Period: period, Header: header, Duration: 2000, Parts: parts, Size: 1000}
	}
	t := p.tracks[0]
	for range n + 10 {
		p.Add(next(), time.Time{})
		p.file(t.unfiled())
	}
	return p, t, next
}

// A view stays as it was, whatever happens to the track after it.
func TestViewsDoNotChange(t *testing.T) {
	p, track, next := longTrack(100)
	v := track.View()
	segments := append([]*Segment{}, v.Segments...)
	at := time.Now()
	for range 300 {
		p.Add(next(), at)
		p.file(track.unfiled())
		at = at.Add(2 * time.Second)
	}
	for i, s := range v.Segments {
		if s != segments[i] || s.Number != segments[0].Number+uint64(i) {
			t.Fatalf("segment %d of the view is another", i)
		}
	}
	if track.View().Segments[0].Number <= v.Last().Number {
		t.Error("the window has not moved")
	}
}

// A part costs the same in a window of hours as in a short one.
func BenchmarkPartInLongWindow(b *testing.B) {
	p, _, next := longTrack(7200)
	open := next()
	b.ReportAllocs()
	for b.Loop() {
		p.Grow(open)
	}
}

func BenchmarkSegmentInLongWindow(b *testing.B) {
	p, t, next := longTrack(7200)
	at := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		p.Add(next(), at)
		p.file(t.unfiled())
		at = at.Add(2 * time.Second)
	}
}
