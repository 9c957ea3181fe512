package window

import (
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
)

// meter measures the bit rate of one rendition over its segments.
type meter struct {
	bytes    int64
	duration time.Duration
	peak     int64 // bits a second
	last     time.Duration
	lastSize int64
}

// add takes the next segment. Segments shorter than half the target duration
// are joined with the one before for the peak: §4.4.6.2 takes it over half to
// one and a half target durations.
func (m *meter) add(s *cmaf.Segment, target time.Duration) {
	length, size := s.Length(), int64(s.Size)
	m.bytes += size
	m.duration += length
	over, of := length, size
	if length < target/2 {
		over, of = over+m.last, of+m.lastSize
	}
	m.last, m.lastSize = length, size
	if over >= target/2 {
		m.peak = max(m.peak, Bitrate(of, over))
	}
}

func (m *meter) average() int64 { return Bitrate(m.bytes, m.duration) }

// highest is the peak, or the average as long as there was nothing to take a
// peak over.
func (m *meter) highest() int64 { return max(m.peak, m.average()) }

// Bitrate is in bits a second; 0 over no time.
func Bitrate(bytes int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(bytes*8) / d.Seconds())
}
