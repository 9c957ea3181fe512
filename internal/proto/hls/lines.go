package hls

import (
	"strconv"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/window"
)

// lines are what playlists say of each whole segment that is in the window, written
// once: it may never change (§6.2.1), and with time shift there are thousands.
type lines struct {
	mu    sync.Mutex
	first uint64 // the number of the first segment of which there is one
	all   [][]byte
}

// dateLine is how long the first line is, EXT-X-PROGRAM-DATE-TIME; what follows is
// EXTINF and the address.
const dateLine = len("#EXT-X-PROGRAM-DATE-TIME:") + len("2006-01-02T15:04:05.000Z") + len("\n")

// of returns the lines of the segments of a stretch.
func (l *lines) of(p *presentation, r *rendition, s *stretch) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := s.view.Segments[0].Number
	if oldest < l.first {
		// The stretch is of a view that is not the newest any more.
		var some [][]byte
		for _, of := range s.segments {
			some = append(some, line(p, r, of))
		}
		return some
	}
	// Nothing is cleared or written over: others read what they were given before.
	l.all, l.first = l.all[min(oldest-l.first, uint64(len(l.all))):], oldest
	for _, of := range s.view.Segments[min(len(l.all), len(s.view.Segments)):] {
		l.all = append(l.all, line(p, r, of))
	}
	from := s.segments[0].Number - l.first
	return l.all[from : from+uint64(len(s.segments))]
}

func line(p *presentation, r *rendition, s *window.Segment) []byte {
	b := appendDate(make([]byte, 0, 128), s)
	b = append(b, "#EXTINF:"...)
	b = strconv.AppendFloat(b, s.Length().Seconds(), 'f', 5, 64)
	b = append(b, ",\n"...)
	b = name{resource: segment, presentation: p.ID(), track: r.name, number: s.Number}.append(b)
	return append(b, '\n')
}

// appendDate writes when a segment, or its parts, arrived (§4.4.4.6).
func appendDate(b []byte, s *window.Segment) []byte {
	b = append(b, "#EXT-X-PROGRAM-DATE-TIME:"...)
	b = s.Wall.In(time.UTC).AppendFormat(b, dateLayout)
	return append(b, '\n')
}
