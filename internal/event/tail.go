package event

import (
	"context"
	"errors"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

const (
	maxFollowers = 1000
	maxRecent    = 2048 // events that followers share
	page         = 500
)

// ErrFollowers says that as many follow the feed as may.
var ErrFollowers = errors.New("as many follow the events as may at once")

// tail is the end of the queue in the database. It is read once for all who
// follow it, and not at all while nobody does.
type tail struct {
	store Store
	kick  chan struct{}

	mu     sync.Mutex
	count  int
	known  bool             // newest is
	newest int64            // sequence of the last event that was read
	first  int64            // the events after this one are in recent
	recent []database.Event // never changed, only replaced by longer ones or cut
	more   chan struct{}    // closed when there is something new
	closed bool
}

func (t *tail) init(s Store) {
	t.store, t.kick, t.more = s, make(chan struct{}, 1), make(chan struct{})
}

// wake says that the database may have more.
func (t *tail) wake() {
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

// run reads on until ctx ends.
func (t *tail) run(ctx context.Context, look time.Duration) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C: // another node may have written, or the database come back
		case <-t.kick:
		}
		for t.read(ctx) {
		}
	}
}

// read reports whether there may be more.
func (t *tail) read(ctx context.Context) bool {
	t.mu.Lock()
	after, known, idle := t.newest, t.known, t.count == 0
	if idle {
		t.known = false // it falls behind now
	}
	t.mu.Unlock()
	if idle || !known {
		return false
	}
	events, err := t.store.Events(ctx, after, page)
	if err != nil || len(events) == 0 {
		return false // there will be another try
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || !t.known || t.newest != after {
		return !t.closed
	}
	t.recent = append(t.recent, events...)
	if over := len(t.recent) - maxRecent; over > 0 {
		t.first = t.recent[over-1].Sequence
		t.recent = slices.Clone(t.recent[over:])
	}
	t.newest = events[len(events)-1].Sequence
	close(t.more)
	t.more = make(chan struct{})
	return len(events) == page
}

// join counts one more who follows, and returns the sequence of the newest
// event.
func (t *tail) join(ctx context.Context) (int64, error) {
	t.mu.Lock()
	if t.count >= maxFollowers {
		t.mu.Unlock()
		return 0, ErrFollowers
	}
	t.count++
	known, newest := t.known, t.newest
	t.mu.Unlock()
	if known {
		return newest, nil
	}
	newest, err := t.end(ctx, newest)
	if err != nil {
		t.leave()
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		t.known, t.newest, t.first, t.recent = true, newest, newest, nil
	}
	return t.newest, nil
}

func (t *tail) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count--
}

// end finds the sequence of the newest event, which is from or later, by asking
// for the one after some.
func (t *tail) end(ctx context.Context, from int64) (int64, error) {
	var fault error
	last := from
	after := func(n int64) bool { // is there any?
		if fault != nil {
			return false
		}
		events, err := t.store.Events(ctx, n, 1)
		if fault = err; err != nil || len(events) == 0 {
			return false
		}
		last = max(last, events[0].Sequence)
		return true
	}
	step := int64(1)
	for after(last + step - 1) {
		step *= 2
	}
	if fault == nil {
		base := last
		sort.Search(int(step), func(i int) bool { return !after(base + int64(i)) })
	}
	return last, fault
}

// next returns events after a sequence, in order, or when there are none a
// channel that is closed when there may be. A nil one means that it is over.
func (t *tail) next(ctx context.Context, after int64) ([]database.Event, <-chan struct{}, error) {
	t.mu.Lock()
	more, recent, first, closed := t.more, t.recent, t.first, t.closed
	t.mu.Unlock()
	if closed {
		return nil, nil, nil
	}
	if after < first {
		events, err := t.store.Events(ctx, after, page)
		return events, more, err
	}
	i := sort.Search(len(recent), func(i int) bool { return recent[i].Sequence > after })
	return recent[i:], more, nil
}

func (t *tail) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.more)
		t.more = nil
	}
}

func (t *tail) followers() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}
