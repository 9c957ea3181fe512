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
