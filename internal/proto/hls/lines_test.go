package hls

import (
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// Whoever writes a playlist of an older window, while others write newer ones, has the
// lines of that window.
func TestLines(t *testing.T) {
	f := newFeed(hubtest.Video(0))
	f.add(2 * time.Second)
	shown := newPresentation(f.p)
	r := shown.rendition(window.TrackName{Kind: media.Video, ID: 0})
	var segments []*window.Segment
	for i := range uint64(300) {
		segments = append(segments, &window.Segment{Segment: f.segment(f.period.Tracks[0], 2*time.Second), Number: i})
		f.at += 2 * time.Second
	}
	var viewers sync.WaitGroup
	for viewer := range 8 {
		viewers.Go(func() {
			for i := range 200 {
				from := max(0, i-viewer*3) // some are behind
				v := &window.View{Segments: segments[from : from+100]}
				s := all(v)
				s.segments = s.segments[viewer:]
				lines := r.lines.of(shown, r, s)
				for j, of := range s.segments {
					if want := string(line(shown, r, of)); string(lines[j]) != want {
						t.Errorf("segment %d has the line %q, want %q", of.Number, lines[j], want)
						return
					}
				}
			}
		})
	}
	viewers.Wait()
	if n := len(r.lines.all); n > 150 {
		t.Errorf("%d lines are kept of a window of 100 segments", n)
	}
}
