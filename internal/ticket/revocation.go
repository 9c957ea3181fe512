package ticket

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"
)

// Revocation takes one permission back.
type Revocation struct {
	ID string `json:"id"` // Claims.ID
	// Until is when the permission ends by itself and need not be remembered any
	// longer. A zero time is never.
	Until time.Time `json:"until,omitzero"`
}

func (r Revocation) past(now time.Time) bool {
	return !r.Until.IsZero() && !now.Before(r.Until.Add(Leeway))
}

// maxRevocations bounds what is kept. Who has to take back more than that has
// lost a key, and should replace it.
const maxRevocations = 100_000

// ErrTooManyRevoked says that no more permissions can be taken back one by one.
var ErrTooManyRevoked = errors.New("too many permissions to watch are revoked: replace the key that signed them")

// revoked is a list of revocations. Its zero value is empty.
type revoked struct {
	mu   sync.RWMutex
	byID map[string]Revocation
}

func (l *revoked) has(id string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	_, ok := l.byID[id]
	return ok
}

func (l *revoked) add(now time.Time, list ...Revocation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = make(map[string]Revocation)
	}
	for _, r := range list {
		if r.ID == "" {
			return errors.New("a revocation does not say what it takes back")
		}
		if r.past(now) {
			continue
		}
		old, known := l.byID[r.ID]
		if !known && len(l.byID) >= maxRevocations {
			if l.prune(now); len(l.byID) >= maxRevocations {
				return ErrTooManyRevoked
			}
		}
		if known && (old.Until.IsZero() || !r.Until.IsZero() && old.Until.After(r.Until)) {
			continue
		}
		l.byID[r.ID] = r
	}
	return nil
}

// prune forgets what has ended by itself. The caller holds the lock.
func (l *revoked) prune(now time.Time) {
	for id, r := range l.byID {
		if r.past(now) {
			delete(l.byID, id)
		}
	}
}

func (l *revoked) list(now time.Time) []Revocation {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prune(now)
	list := make([]Revocation, 0, len(l.byID))
	for _, r := range l.byID {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Revocation) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
