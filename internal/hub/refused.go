package hub

import (
	"slices"
	"sync"
)

const (
	maxRefused      = 10    // of one stream
	maxRefusedNames = 1_000 // the one that was added to longest ago goes
)

// refusals keeps the last tries on each stream that were not let in, for its
// owner to see. It outlives the streams: most tries fail when nothing is on
// air.
type refusals struct {
	mu    sync.Mutex
	tries map[string][]Refused
	order []string // of names, the one added to last at the end
}

func (r *refusals) add(why *Refusal, e Event) {
	if why.Stream == "" {
		return // the name is not known to be a stream's, it may be a key
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tries == nil {
		r.tries = make(map[string][]Refused)
	}
	if i := slices.Index(r.order, why.Stream); i >= 0 {
		r.order = slices.Delete(r.order, i, i+1)
	} else if len(r.order) >= maxRefusedNames {
		delete(r.tries, r.order[0])
		r.order = slices.Delete(r.order, 0, 1)
	}
	r.order = append(r.order, why.Stream)

	tries := r.tries[why.Stream]
	if len(tries) == maxRefused {
		tries = tries[1:]
	}
	r.tries[why.Stream] = append(tries, Refused{
		Time: e.Time, Code: why.Code, Reason: why.Reason, Protocol: e.Protocol, Software: e.Software, Remote: e.Remote,
	})
}

func (r *refusals) of(name string) []Refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.tries[name])
}
