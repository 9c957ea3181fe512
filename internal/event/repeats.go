package event

import (
	"net/netip"
	"sync"
	"time"
)

const (
	repeatTime = time.Minute
	maxRepeats = 4096
)

// repeats keeps those who are refused again and again from filling the feed: of
// what is alike, one a minute is told. The next one says how many were not. The
// zero value is ready.
type repeats struct {
	mu    sync.Mutex
	seen  map[kin]*repeat
	swept time.Time
	total uint64
}

// kin is what makes two refusals alike.
type kin struct {
	t            Type
	stream, code string
	from         netip.Prefix
}

type repeat struct {
	told time.Time
	more int
}

// network is who an address belongs to: with IPv6 that is a /64.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// tell reports whether one is to be told, and how many before it were not.
func (r *repeats) tell(k kin, now time.Time) (before int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = make(map[kin]*repeat)
	}
	s := r.seen[k]
	switch {
	case s == nil && len(r.seen) >= maxRepeats && !r.sweep(now):
		r.total++
		return 0, false
	case s == nil:
		r.seen[k] = &repeat{told: now}
		return 0, true
	case now.Sub(s.told) < repeatTime:
		s.more++
		r.total++
		return 0, false
	}
	before, s.more, s.told = s.more, 0, now
	return before, true
}

// sweep makes room, if there is any to be made. It looks once a second, however
// many are refused.
func (r *repeats) sweep(now time.Time) bool {
	if now.Sub(r.swept) < time.Second {
		return false
	}
	r.swept = now
	for k, s := range r.seen {
		if now.Sub(s.told) >= repeatTime {
			delete(r.seen, k)
		}
	}
	return len(r.seen) < maxRepeats
}

func (r *repeats) withheld() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total
}
