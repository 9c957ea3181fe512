package rtmpt

import (
	"sync"
	"time"
)

// alarm wakes who waits on cond when a time has come. Its methods are called
// with the lock of cond held.
type alarm struct {
	cond   *sync.Cond
	passed bool
	at     time.Time // zero if nothing is set
	timer  *time.Timer
}

func (a *alarm) set(t time.Time) {
	a.passed, a.at = false, time.Time{}
	if t.IsZero() {
		if a.timer != nil {
			a.timer.Stop()
		}
		return
	}
	a.after(time.Until(t))
}

func (a *alarm) after(wait time.Duration) {
	a.passed = wait <= 0
	if a.passed {
		a.cond.Broadcast()
		return
	}
	a.at = time.Now().Add(wait)
	if a.timer == nil {
		a.timer = time.AfterFunc(wait, a.ring)
		return
	}
	a.timer.Reset(wait)
}

// ring may come late, when the alarm is set to another time already.
func (a *alarm) ring() {
	a.cond.L.Lock()
	defer a.cond.L.Unlock()
	if !a.at.IsZero() && !time.Now().Before(a.at) {
		a.passed = true
		a.cond.Broadcast()
	}
}
