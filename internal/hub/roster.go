package hub

import (
	"cmp"
	"slices"
	"sync"
)

// roster lists the sessions in the order in which they began, so that one page
// after another can be read while they come and go. Frames do not touch it.
type roster struct {
	mu   sync.Mutex
	last uint64
	list []place // numbers rise
	gone int     // of them
}

// place is a session in the roster; who is nil once it has left.
type place struct {
	number uint64
	who    attendee
}

type attendee interface {
	matches(q *SessionQuery) bool
	session() SessionInfo
	identity() string
	owner() string
	permitted() Permit
	// expel ends the session, and reports whether it did.
	expel(why *Refusal) bool
}

// stride is how many places are looked at before those who come and go get
// their turn: a tenth of a millisecond.
const stride = 4096

func (r *roster) enter(who attendee) (number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	r.list = append(r.list, place{r.last, who})
	return r.last
}

func (r *roster) leave(number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.search(number)
	if i == len(r.list) || r.list[i].number != number {
		return
	}
	r.list[i].who = nil
	if r.gone++; r.gone > stride && r.gone > len(r.list)/2 {
		r.list = slices.DeleteFunc(r.list, func(p place) bool { return p.who == nil })
		r.gone = 0
	}
}

// each calls f, without the lock, for all who are in the roster when their turn
// comes.
func (r *roster) each(f func(number uint64, a attendee)) {
	some := make([]place, 0, 64)
	for from, done := uint64(0), false; !done; {
		some = some[:0]
		r.mu.Lock()
		i := r.search(from)
		end := min(i+stride, len(r.list))
		for _, p := range r.list[i:end] {
			if p.who != nil {
				some = append(some, p)
			}
		}
		if done = end == len(r.list); !done {
			from = r.list[end].number
		}
		r.mu.Unlock()
		for _, p := range some {
			f(p.number, p.who)
		}
		clear(some)
	}
}

// search returns the index of the first place with that number or a higher one.
func (r *roster) search(number uint64) int {
	i, _ := slices.BinarySearchFunc(r.list, number, func(p place, n uint64) int { return cmp.Compare(p.number, n) })
	return i
}

// page returns the first sessions after q.After that match, and whether there
// are more.
func (r *roster) page(q *SessionQuery) (found []place, more bool) {
	for from, done := q.After+1, false; !done; {
		r.mu.Lock()
		i := r.search(from)
		end := min(i+stride, len(r.list))
		for ; i < end && !more; i++ {
			switch p := r.list[i]; {
			case p.who == nil || !p.who.matches(q):
			case len(found) == q.Limit:
				more = true
			default:
				found = append(found, p)
			}
		}
		if done = more || end == len(r.list); !done {
			from = r.list[end].number
		}
		r.mu.Unlock()
	}
	return found, more
}
