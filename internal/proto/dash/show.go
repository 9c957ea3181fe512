package dash

import (
	"slices"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/internal/window"
)

// show is what DASH keeps with a presentation of the window: what its manifest
// must not change while it is on air, and the newest manifest.
type show struct {
	*window.Presentation
	// id is the manifest's, and begun its availabilityStartTime: both are those of
	// the first presentation of a broadcast for all that follow in it.
	id    string
	begun time.Time

	mu     sync.Mutex
	starts map[*cmaf.Period]time.Duration
	// views are what the windows held when listed was made of them.
	views  []*window.View
	listed []*span
	newest *edition
	// spans are the manifests of spans that were asked for.
	spans deliver.Recent[*edition]
}

type valueKey struct{}

// show returns what DASH keeps with a presentation of a stream, which is or was
// playable; nil if nothing is left of it.
func (h *Handler) show(s *window.Stream, p *window.Presentation) *show {
	segments := p.Tracks()[0].View().Segments
	if len(segments) == 0 {
		return nil
	}
	return p.Value(valueKey{}, func() any {
		made := &show{Presentation: p, id: p.ID(), begun: zero(segments[0]), starts: make(map[*cmaf.Period]time.Duration)}
		if former := h.former(s, p); len(former) > 0 {
			last := former[len(former)-1]
			made.id, made.begun = last.id, last.begun
			last.mu.Lock()
			if last.newest != nil {
				made.newest = &edition{publish: last.newest.publish}
			}
			last.mu.Unlock()
		}
		return made
	}).(*show)
}

// former are the presentations of a broadcast that were before one and are still to be
// had, oldest first.
func (h *Handler) former(s *window.Stream, p *window.Presentation) (former []*show) {
	if p.Broadcast() == "" {
		return nil
	}
	for _, other := range s.Presentations(p.Broadcast()) {
		if other == p {
			break
		}
		if f := h.show(s, other); f != nil {
			former = append(former, f)
		}
	}
	return former
}

// zero is when, by the clock of this server, media time was or would have been 0.
func zero(s *window.Segment) time.Time { return s.Wall.Add(-start(s)).Truncate(time.Millisecond) }

// start is the media time of a segment.
func start(s *window.Segment) time.Duration { return mediaTime(s.Start, s.Header.Timescale) }

func end(s *window.Segment) time.Duration { return mediaTime(s.Start+s.Duration, s.Header.Timescale) }

// mediaTime and ticks convert between time and ticks of a timescale. Whole seconds
// and the rest go apart, since times start anywhere.
func mediaTime(t int64, timescale uint32) time.Duration {
	s, rest := t/int64(timescale), t%int64(timescale)
	return time.Duration(s)*time.Second + time.Duration(rest)*time.Second/time.Duration(timescale)
}

func ticks(d time.Duration, timescale uint32) int64 {
	s, rest := int64(d/time.Second), int64(d%time.Second)
	return s*int64(timescale) + (rest*int64(timescale)+int64(time.Second)/2)/int64(time.Second)
}

// span is what is listed of one period of a presentation.
type span struct {
	show   *show
	period *cmaf.Period
	start  time.Duration
	tracks []*listing
}

// listing is what is listed of one track in one period: at least one segment. The
// last may be open.
type listing struct {
	track    *window.Track
	segments []*window.Segment
	// open is set when the last segment is being made; then length is how long it
	// is expected to be, in ticks.
	open   bool
	length int64
}

// duration is that of the i-th segment, in ticks.
func (l *listing) duration(i int) int64 {
	if l.open && i == len(l.segments)-1 {
		return l.length
	}
	return l.segments[i].Duration
}

func (l *listing) first() *window.Segment { return l.segments[0] }

func (l *listing) last() *window.Segment { return l.segments[len(l.segments)-1] }

// end is when the listed media ends.
func (l *listing) end() time.Duration {
	last := l.last()
	return mediaTime(last.Start+l.duration(len(l.segments)-1), last.Header.Timescale)
}

// header is that of all segments.
func (l *listing) header() *cmaf.Header { return l.first().Header }

// patience is how many segments of the main track a period waits for another
// track's first: one whose key frames are very far apart.
const patience = 3

// window returns where the newest segment of the main track starts, and how long
// its window is, if there is something in it.
func (s *show) window() (edge, depth time.Duration, there bool) {
	v := s.Tracks()[0].View()
	if len(v.Segments) == 0 {
		return 0, 0, false
	}
	edge = start(v.Last())
	return edge, edge - start(v.Segments[0]), true
}

// list returns the periods that are listed of a presentation, oldest first, as far as
// they reach beyond a time: of each all tracks have a segment, for players take a
// period's tracks to be all there are. s.mu is held.
func (s *show) list(from time.Duration) []*span {
	var all []*span
	for _, track := range s.Tracks() {
		v := track.View()
		for _, seg := range v.Segments {
			if end(seg) > from {
				all = place(all, track, seg)
			}
		}
		if v.Open != nil {
			all = place(all, track, v.Open)
			of := find(all, v.Open.Period)
			l := of.tracks[len(of.tracks)-1]
			l.open, l.length = true, expected(l, s.Target())
		}
	}
	slices.SortFunc(all, func(a, b *span) int { return a.period.Number - b.period.Number })
	all = slices.DeleteFunc(all, func(of *span) bool {
		complete := len(of.tracks) == len(of.period.Tracks)
		main := of.tracks[0]
		return !complete && (main.track != s.Tracks()[0] || len(main.segments) < patience)
	})
	listed := make(map[*cmaf.Period]time.Duration, len(all))
	for _, of := range all {
		of.show, of.start = s, s.startOf(of)
		listed[of.period] = of.start
	}
	s.starts = listed
	return all
}

// startOf is when a period starts, in whole milliseconds: where its media did when
// it was listed first, and then for ever.
func (s *show) startOf(of *span) time.Duration {
	if start, known := s.starts[of.period]; known {
		return start
	}
	return of.begins()
}

// begins is where the media of a period does, in whole milliseconds.
func (of *span) begins() time.Duration {
	earliest := start(of.tracks[0].first())
	for _, l := range of.tracks[1:] {
		earliest = min(earliest, start(l.first()))
	}
	return earliest.Truncate(time.Millisecond)
}

// find returns that of a period, nil if there is none.
func find(all []*span, period *cmaf.Period) *span {
	for _, of := range slices.Backward(all) {
		if of.period == period {
			return of
		}
	}
	return nil
}

// place adds a segment to the span of its period.
func place(all []*span, track *window.Track, s *window.Segment) []*span {
	of := find(all, s.Period)
	if of == nil {
		of = &span{period: s.Period}
		all = append(all, of)
	}
	if n := len(of.tracks); n == 0 || of.tracks[n-1].track != track {
		of.tracks = append(of.tracks, &listing{track: track})
	}
	l := of.tracks[len(of.tracks)-1]
	l.segments = append(l.segments, s)
	return all
}

// alike is the part of a length by which others may differ and be the same.
const alike = 20

// expected is how long an open segment, the last of l, will be, as far as can be
// told: as long as the one before, for encoders keep to their key frames, and
// longer than it is. Of those that are nearly alike, since milliseconds jitter and
// sound has whole access units, the longest is the measure: Shaka takes a segment
// that turns out to be longer than it was told for another one.
func expected(l *listing, target time.Duration) int64 {
	open := l.last()
	length := ticks(target, open.Header.Timescale)
	if n := len(l.segments); n > 1 {
		length = l.segments[n-2].Duration
		for _, s := range l.segments[:n-1] {
			if s.Duration > length && s.Duration-length < length/alike {
				length = s.Duration
			}
		}
	}
	if step := max(1, length/4); open.Duration > length {
		length += (open.Duration - length + step - 1) / step * step
	}
	return length
}
