package callback

import (
	"sync"
	"time"
)

// maxAnswers is how many answers each of the two generations of the memory has.
const maxAnswers = 8192

// answers remembers what a back end answered, for as long as it said. When the young
// generation is full it becomes the old one, of which only what is asked for again
// stays.
type answers struct {
	mu         sync.Mutex
	young, old map[digest]kept
}

type kept struct {
	verdict
	until time.Time
}

func (a *answers) get(d digest, now time.Time) (verdict, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.young[d]
	if !ok {
		if k, ok = a.old[d]; ok {
			a.store(d, k)
		}
	}
	return k.verdict, ok && now.Before(k.until)
}

func (a *answers) put(d digest, v verdict, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.store(d, kept{v, until})
}

func (a *answers) store(d digest, k kept) {
	if a.young == nil || len(a.young) >= maxAnswers {
		a.old, a.young = a.young, make(map[digest]kept)
	}
	a.young[d] = k
}
