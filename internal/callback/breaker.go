package callback

import (
	"sync"
	"time"
)

const (
	// trip is how many failures one after another open the breaker.
	trip = 5
	// rest is how long nobody is asked then.
	rest = 5 * time.Second
)

// breaker keeps clients from waiting for a back end that does not answer: after some
// failures it answers for it at once, and lets a single request try from time to
// time.
type breaker struct {
	mu       sync.Mutex
	failures int
	until    time.Time // nobody is asked before
	trying   bool      // a single request is under way
}

// admit reports whether a request may go out, and whether it is the one that tries.
// If it may, settle must follow.
func (b *breaker) admit(now time.Time) (ok, try bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < trip {
		return true, false
	}
	if b.trying || now.Before(b.until) {
		return false, false
	}
	b.trying = true
	return true, true
}

// outcome is how a request ended.
type outcome uint8

const (
	answered outcome = iota
	failed
	dropped // the client has gone: that says nothing of the back end
)

// settle takes the outcome of a request that was admitted, and reports whether the
// breaker opened or closed by it.
func (b *breaker) settle(o outcome, try bool, now time.Time) (opened, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.failures >= trip
	if try {
		b.trying = false
	}
	switch o {
	case answered:
		b.failures = 0
		return false, was
	case failed:
		b.failures, b.until = b.failures+1, now.Add(rest)
		return !was && b.failures >= trip, false
	}
	return false, false
}

// open reports whether the back end is held to be away.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= trip
}
