package webhook

import (
	"math/rand/v2"
	"time"
)

const (
	firstWait = time.Second
	lastWait  = time.Hour
	// giveUp is how old an event may be that was not delivered yet.
	giveUp = 72 * time.Hour
)

// backoff is how long to wait after so many failures in a row, from 1 on: twice
// as long each time, and by chance up to a fifth more or less, so that what
// failed together does not come back together.
func backoff(failures int) time.Duration {
	wait := lastWait
	if failures < 13 {
		wait = min(firstWait<<(failures-1), lastWait)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // not to be guessed by anybody
}
