package bench

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets that are three per cent wide at most,
// from a microsecond to an hour. Any number of goroutines may add. The zero
// value is ready.
type histogram struct {
	buckets [buckets]atomic.Uint64
	most    atomic.Int64
}

const (
	// Buckets are linear between powers of two: 32 of them.
	fine    = 5
	buckets = (32 - fine + 1) << fine
)

func (h *histogram) add(d time.Duration) {
	h.buckets[bucket(d)].Add(1)
	for {
		most := h.most.Load()
		if int64(d) <= most || h.most.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

func bucket(d time.Duration) int {
	us := uint32(min(max(d.Microseconds(), 0), math.MaxUint32))
	over := max(bits.Len32(us)-fine-1, 0)
	return over<<fine + int(us>>over)
}

// upper is the end of a bucket.
func upper(i int) time.Duration {
	over := max(i>>fine-1, 0)
	return time.Duration(uint64(i-over<<fine+1)<<over) * time.Microsecond
}

// Spread is how durations are spread, in milliseconds.
type Spread struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// spread sums up; nil if nothing was added.
func (h *histogram) spread() *Spread {
	var s Spread
	for i := range h.buckets {
		s.Count += h.buckets[i].Load()
	}
	if s.Count == 0 {
		return nil
	}
	most := time.Duration(h.most.Load())
	s.P50, s.P99 = milliseconds(min(h.quantile(s.Count, 0.50), most)), milliseconds(min(h.quantile(s.Count, 0.99), most))
	s.Max = milliseconds(most)
	return &s
}

func (h *histogram) quantile(count uint64, q float64) time.Duration {
	rank, seen := uint64(math.Ceil(q*float64(count))), uint64(0)
	for i := range h.buckets {
		if seen += h.buckets[i].Load(); seen >= rank {
			return upper(i)
		}
	}
	return upper(buckets - 1)
}

func milliseconds(d time.Duration) float64 { return math.Round(float64(d)/1e4) / 100 }
