package netx

import "time"

// backoff is how long to wait after each failure in a row: 5 ms at first, then
// twice as long, a second at most.
type backoff struct{ last time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, 5*time.Millisecond), time.Second)
	return b.last
}

func (b *backoff) reset() { b.last = 0 }
