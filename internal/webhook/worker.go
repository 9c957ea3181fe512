package webhook

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

// wary is after how many failures in a row, whatever their subjects, an endpoint
// gets one delivery at a time: it is dead, and a try every now and then shows
// when it no longer is.
const wary = 2 * parallel

// worker delivers to one endpoint.
type worker struct {
	d    *Deliverer
	id   string
	kick chan struct{}
	quit chan struct{}

	mu       sync.Mutex
	endpoint Endpoint
	gone     string // the address that answered 410

	results chan result

	// Owned by run.
	underway int
	waiting  []result // that the database has not been told
	failures int      // in a row
	next     time.Time
}

// result is what came of an attempt.
type result struct {
	delivery database.Delivery
	failure  *failure // nil: delivered
}

func newWorker(d *Deliverer, e Endpoint) *worker {
	return &worker{
		d: d, id: e.ID, endpoint: e, kick: make(chan struct{}, 1), quit: make(chan struct{}), results: make(chan result, parallel),
	}
}

// set takes another address or secret.
func (w *worker) set(e Endpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endpoint = e
}

func (w *worker) target() (Endpoint, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.endpoint, w.endpoint.URL != w.gone
}

// run delivers until the endpoint is no more or the Deliverer is closed, and
// then waits for what is on the way, or till ctx ends.
func (w *worker) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	open := true
	for open || w.underway > 0 || len(w.waiting) > 0 {
		pause := w.d.o.Look
		// What the database can't be told or asked now is tried again after the pause.
		if w.settle(ctx) == nil && open && w.take(ctx) == nil && !w.next.IsZero() {
			pause = min(pause, max(w.next.Sub(w.d.o.Now()), 0))
		}
		timer.Reset(pause)
		if !open {
			// Nobody will wake it.
			timer.Reset(min(pause, 100*time.Millisecond))
		}
		quit, closing := w.quit, w.d.closing
		if !open {
			quit, closing = nil, nil
		}
		select {
		case r := <-w.results:
			w.got(r)
		case <-w.kick:
		case <-timer.C:
			w.next = time.Time{}
		case <-quit:
			open = false
		case <-closing:
			open = false
		case <-ctx.Done():
			return
		}
	}
}

// got takes all results that are there, so that the database hears of them at
// once.
func (w *worker) got(r result) {
	for {
		w.underway--
		w.waiting = append(w.waiting, r)
		select {
		case r = <-w.results:
		default:
			return
		}
	}
}

// settle tells the database what came of deliveries. What it can't be told is
// told later, and nothing is taken till then: it might be the same again.
func (w *worker) settle(ctx context.Context) error {
	var done []int64
	for _, r := range w.waiting {
		if r.failure == nil {
			done = append(done, r.delivery.Event.Sequence)
		}
	}
	if len(done) > 0 {
		if err := w.d.o.Store.Done(ctx, w.id, done...); err != nil {
			return err
		}
		w.failures = 0
		w.d.delivered.Add(uint64(len(done)))
	}
	failed := w.waiting[:0]
	for _, r := range w.waiting {
		if r.failure != nil {
			failed = append(failed, r)
		}
	}
	w.waiting = failed
	for len(w.waiting) > 0 {
		if err := w.fail(ctx, &w.waiting[0]); err != nil {
			return err
		}
		w.waiting = w.waiting[1:]
	}
	return nil
}

func (w *worker) fail(ctx context.Context, r *result) error {
	o, id, e := &w.d.o, w.id, &r.delivery.Event
	now := o.Now()
	if r.failure.status == http.StatusGone {
		return w.leave(ctx, r)
	}
	var err error
	dead := now.Sub(e.Time) >= o.GiveUp
	if dead {
		err = o.Store.Bury(ctx, id, e.Sequence, r.failure.reason)
	} else {
		at := now.Add(max(o.Backoff(r.delivery.Attempts+1), r.failure.wait))
		if w.next.IsZero() || at.Before(w.next) {
			w.next = at
		}
		err = o.Store.Retry(ctx, id, e.Sequence, at, r.failure.reason)
	}
	if err != nil {
		return err
	}
	w.d.failed.Add(1)
	w.failures++
	log := w.d.log.With("webhook", id, "event", e.ID, "stream", e.Subject, "reason", r.failure.reason)
	switch {
	case dead:
		w.d.buried.Add(1)
		log.Error("an event is given up")
	case w.failures == 1:
		log.Warn("a webhook does not take events; they wait")
	}
	return nil
}

// leave ends the deliveries to an endpoint that says that it is gone for good.
// What it has not had stays, should somebody enable it again.
func (w *worker) leave(ctx context.Context, r *result) error {
	o, e := &w.d.o, &r.delivery.Event
	if err := o.Store.Retry(ctx, w.id, e.Sequence, o.Now(), r.failure.reason); err != nil {
		return err
	}
	w.d.failed.Add(1)
	w.mu.Lock()
	told := w.gone == w.endpoint.URL
	w.gone = w.endpoint.URL
	w.mu.Unlock()
	if told {
		return nil
	}
	err := errors.New("nothing can disable it")
	if o.Disable != nil {
		err = o.Disable(ctx, w.id, r.failure.reason)
	}
	if err != nil {
		w.d.log.Warn("a webhook says that it is gone, and gets nothing more until its address changes or the server starts again",
			"webhook", w.id, "error", err)
		return nil
	}
	w.d.log.Warn("a webhook says that it is gone, and is disabled", "webhook", w.id)
	return nil
}

// take asks for what is due and sends it.
func (w *worker) take(ctx context.Context) error {
	e, ok := w.target()
	room := parallel - w.underway
	if w.failures >= wary {
		room = 1 - w.underway
	}
	if !ok || room <= 0 {
		return nil
	}
	o := &w.d.o
	due, err := o.Store.Due(ctx, e.ID, o.Now(), o.Timeout+o.Lease, room)
	if err != nil {
		return err
	}
	for _, d := range due {
		w.underway++
		w.d.underway.Add(1)
		w.d.group.Go(func() {
			l := &letter{endpoint: e, event: d.Event.ID, sequence: d.Event.Sequence, attempt: d.Attempts + 1, body: d.Event.Body}
			_, failure := w.d.post(ctx, l)
			w.d.underway.Add(-1)
			w.results <- result{d, failure} // there is room for all that are on the way
		})
	}
	return nil
}
