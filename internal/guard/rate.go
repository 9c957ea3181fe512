package guard

import (
	"sync"
	"time"
)

// Rate bounds how often each of many may do something: so many times a second, and more for once after a rest (a token
// bucket each). It remembers the last 65,536 of them.
type Rate[K comparable] struct {
	each  time.Duration // for one more
	burst time.Duration // how far ahead one may be
	mu    sync.Mutex
	// full is when the bucket of each is full again. A forgotten one is full.
	full table[K, time.Time]
}

const rated = 65536

// NewRate bounds to perSecond, after a rest burst at once.
func NewRate[K comparable](perSecond, burst float64) *Rate[K] {
	each := time.Duration(float64(time.Second) / perSecond)
	return &Rate[K]{each: each, burst: time.Duration(burst * float64(each)), full: newTable[K, time.Time](rated)}
}

// Take counts one more of k, or says how long it must wait; then nothing is counted.
func (r *Rate[K]) Take(k K) (wait time.Duration, ok bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	full, _ := r.full.get(k)
	if full.Before(now) {
		full = now
	}
	full = full.Add(r.each)
	if wait := full.Sub(now) - r.burst; wait > 0 {
		return wait, false
	}
	r.full.put(k, full)
	return 0, true
}
