package guard

import (
	"maps"
	"sync"
)

// Stats are what a guard has counted since it was made, for metrics.
type Stats struct {
	Connections, Publishers, Viewers int // that are open now
	// Refused are the refusals by limit, Failed the wrong keys by what they were. Both have few kinds.
	Refused, Failed map[string]uint64
}

// Stats gives the counters as they are now.
func (g *Guard) Stats() Stats {
	all := scope{kind: server}
	s := Stats{
		Connections: g.open(connections, all), Publishers: g.open(publishers, all), Viewers: g.open(viewers, all),
		Refused: g.refused.all(),
	}
	s.Failed = make(map[string]uint64)
	for _, f := range [...]*failures{&g.failures, &g.passwords} {
		f.mu.Lock()
		maps.Copy(s.Failed, f.seen)
		f.mu.Unlock()
	}
	return s
}

// tally counts refusals by limit.
type tally struct {
	mu sync.Mutex
	n  map[string]uint64
}

func (t *tally) add(limit string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = make(map[string]uint64)
	}
	t.n[limit]++
}

func (t *tally) all() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.n)
}

// exceeded counts a refusal.
func (g *Guard) exceeded(e *Exceeded) error {
	g.refused.add(e.Limit)
	return e
}
