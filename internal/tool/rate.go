package tool

import (
	"fmt"
	"math"
	"time"
)

// Rate measures how much comes in a second, over the last window of a clock
// that the caller keeps. The zero value is ready.
type Rate struct {
	points []point
}

type point struct {
	at    time.Duration
	total uint64
}

const rateWindow = 5 * time.Second

// Add takes note that the total has come to total.
func (r *Rate) Add(at time.Duration, total uint64) {
	const density = 100 * time.Millisecond
	if n := len(r.points); n > 1 && at-r.points[n-2].at < density {
		r.points = r.points[:n-1]
	}
	r.points = append(r.points, point{at, total})
	drop := 0
	for drop+2 < len(r.points) && at-r.points[drop+1].at >= rateWindow {
		drop++
	}
	r.points = r.points[:copy(r.points, r.points[drop:])]
}

// PerSecond is the rate; 0 before there are two points.
func (r *Rate) PerSecond() float64 {
	if len(r.points) < 2 {
		return 0
	}
	first, last := r.points[0], r.points[len(r.points)-1]
	if last.at <= first.at || last.total < first.total {
		return 0
	}
	return float64(last.total-first.total) / (last.at - first.at).Seconds()
}

// Bits writes a rate in bits a second as people do.
func Bits(perSecond float64) string {
	switch {
	case perSecond >= 999_500:
		return fmt.Sprintf("%.1f Mbit/s", perSecond/1e6)
	case perSecond >= 1000:
		return fmt.Sprintf("%.0f kbit/s", perSecond/1e3)
	}
	return fmt.Sprintf("%.0f bit/s", perSecond)
}

// Bytes writes a size as people do.
func Bytes(n uint64) string {
	switch f := float64(n); {
	case f >= 999.5e6:
		return fmt.Sprintf("%.2f GB", f/1e9)
	case f >= 999.5e3:
		return fmt.Sprintf("%.1f MB", f/1e6)
	case f >= 1000:
		return fmt.Sprintf("%.0f kB", f/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// Clock writes a length as h:mm:ss or m:ss.
func Clock(d time.Duration) string {
	s := int64(math.Round(max(d, 0).Seconds()))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
