package hub

import (
	"errors"
	"sync"
	"time"
)

// checkEvery is how long somebody may go on whose permit is no longer good.
const checkEvery = 5 * time.Second

// permits has the permits of all sessions looked at as long as there are any: by
// one timer, since a goroutine or a timer each would cost more than the look.
type permits struct {
	check func()

	mu    sync.Mutex
	held  int
	timer *time.Timer
}

func (p *permits) add(held Permit) {
	if held == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held++; p.held > 1 {
		return
	}
	if p.timer == nil {
		p.timer = time.AfterFunc(checkEvery, p.tick)
		return
	}
	p.timer.Reset(checkEvery)
}

func (p *permits) remove(held Permit) {
	if held == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held--; p.held == 0 {
		p.timer.Stop()
	}
}

func (p *permits) tick() {
	p.check()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held > 0 {
		p.timer.Reset(checkEvery)
	}
}

// CheckPermits ends every session whose permit is no longer good. That happens
// every few seconds by itself; after a change it is for those who do not want to
// wait.
func (r *Registry) CheckPermits() {
	r.checking.Lock()
	defer r.checking.Unlock()
	now := time.Now()
	r.roster.each(func(_ uint64, a attendee) {
		p := a.permitted()
		if p == nil {
			return
		}
		if err := p.Check(now); err != nil {
			a.expel(withdrawn(err))
		}
	})
}

func withdrawn(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return &Refusal{Code: Withdrawn, Reason: err.Error()}
}
