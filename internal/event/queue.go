package event

import (
	"sync"
	"time"
)

// maxQueue is how many events wait for the database; those of broadcasts come
// on top.
const maxQueue = 20_000

// rank is how dear an event is to those who wait for it.
type rank uint8

const (
	cheap  rank = iota // one of many: viewers, sessions; what comes later makes up for it
	plain              // worth knowing
	dear               // live and idle are never dropped
	nRanks int  = iota
)

func rankOf(t Type) rank {
	switch t {
	case StreamLive, StreamIdle:
		return dear
	case Viewers, SessionOpened, SessionClosed:
		return cheap
	}
	return plain
}

// item is an event before it is written out. What it says of the stream is what
// was true when it happened.
type item struct {
	id        string
	t         Type
	subject   string
	at        time.Time
	data      any
	broadcast *broadcast // of live and idle
	number    uint64
}

// queue holds events in their order until the database takes them. A full one
// drops the oldest of the lowest rank that it has.
type queue struct {
	mu      sync.Mutex
	lanes   [nRanks][]item // numbers rise
	number  uint64
	limit   int
	dropped [nRanks]uint64
	filled  chan struct{} // has a token when there is something
}

func newQueue(limit int) *queue { return &queue{limit: limit, filled: make(chan struct{}, 1)} }

func (q *queue) push(i item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := rankOf(i.t)
	if r != dear && len(q.lanes[cheap])+len(q.lanes[plain]) >= q.limit && !q.makeRoom(r) {
		q.dropped[r]++
		return
	}
	q.number++
	i.number = q.number
	q.lanes[r] = append(q.lanes[r], i)
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// makeRoom drops one that is no dearer than r.
func (q *queue) makeRoom(r rank) bool {
	for low := cheap; low <= r; low++ {
		if len(q.lanes[low]) > 0 {
			q.pop(low)
			q.dropped[low]++
			return true
		}
	}
	return false
}

func (q *queue) pop(r rank) item {
	i := q.lanes[r][0]
	q.lanes[r][0] = item{} // for the collector
	if q.lanes[r] = q.lanes[r][1:]; len(q.lanes[r]) == 0 {
		q.lanes[r] = nil
	}
	return i
}

// take returns the oldest events, at most so many.
func (q *queue) take(most int) []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	var taken []item
	for len(taken) < most {
		first := -1
		for r, lane := range q.lanes {
			if len(lane) > 0 && (first < 0 || lane[0].number < q.lanes[first][0].number) {
				first = r
			}
		}
		if first < 0 {
			break
		}
		taken = append(taken, q.pop(rank(first)))
	}
	return taken
}

func (q *queue) size() (waiting int, dropped [nRanks]uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, lane := range q.lanes {
		waiting += len(lane)
	}
	return waiting, q.dropped
}
