package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
)

const (
	// parallel is how many deliveries to one endpoint are on the way at once, each
	// of another subject.
	parallel = 16
	timeout  = 10 * time.Second
	// lease is how much longer than a delivery the database waits to be told what
	// came of it.
	lease = 20 * time.Second
	look  = 5 * time.Second
)

// Store is what a Deliverer needs of a [database.Store].
type Store interface {
	Due(ctx context.Context, endpoint string, now time.Time, lease time.Duration, limit int) ([]database.Delivery, error)
	Done(ctx context.Context, endpoint string, sequences ...int64) error
	Retry(ctx context.Context, endpoint string, sequence int64, at time.Time, problem string) error
	Bury(ctx context.Context, endpoint string, sequence int64, problem string) error
	Dead(ctx context.Context, endpoint string, after int64, limit int) ([]database.Delivery, error)
	Replay(ctx context.Context, endpoint string, sequences ...int64) (int, error)
	Forget(ctx context.Context, endpoint string) error
	Backlogs(ctx context.Context) ([]database.Backlog, error)
	Events(ctx context.Context, after int64, limit int) ([]database.Event, error)
}

// Endpoint is where events go.
type Endpoint struct {
	ID     string
	URL    string
	Secret config.Secret // signs
}

// Options are what a Deliverer works with.
type Options struct {
	Store Store
	// Endpoints lists those that are not disabled. It is asked often, and must be
	// quick.
	Endpoints func() []Endpoint
	// Known reports whether an endpoint exists, be it disabled. What is to be
	// delivered to one that does not is removed after a while. Nil: nothing is.
	Known func(id string) bool
	// Disable is called for an endpoint that answers 410 Gone. If it fails, as it
	// does when the config file declares the endpoint, nothing is sent to it until
	// its address changes or the server starts again.
	Disable func(ctx context.Context, id, reason string) error
	// Source is that of the events that Test sends.
	Source string
	Log    *slog.Logger // nil: silence

	// What follows has good values by default. Backoff is the wait after so many
	// failures in a row, GiveUp the age at which an event is given up.
	Transport http.RoundTripper
	Now       func() time.Time
	Backoff   func(failures int) time.Duration
	GiveUp    time.Duration
	Timeout   time.Duration // of one attempt
	Lease     time.Duration // after it
	Look      time.Duration // for what another node has put off or added
}

// Deliverer sends events to endpoints.
type Deliverer struct {
	o      Options
	log    *slog.Logger
	client *http.Client

	mu      sync.Mutex
	workers map[string]*worker
	deleted []string // endpoints whose deliveries are to be removed

	strange map[string]time.Time // endpoints that are not known, and since when; of supervise

	changed chan struct{}
	closing chan struct{} // nothing more is taken
	stop    context.CancelFunc
	group   sync.WaitGroup

	delivered, failed, buried atomic.Uint64
	underway                  atomic.Int64
}

// New returns a Deliverer that does nothing before Start.
func New(o Options) *Deliverer {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&o.GiveUp, giveUp}, {&o.Timeout, timeout}, {&o.Lease, lease}, {&o.Look, look}} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	return &Deliverer{
		o: o, log: o.Log, client: client(o.Transport), workers: make(map[string]*worker), strange: make(map[string]time.Time),
		changed: make(chan struct{}, 1), closing: make(chan struct{}),
	}
}

// Start begins to deliver. It is called once.
func (d *Deliverer) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	d.stop = cancel
	d.group.Go(func() { d.supervise(ctx) })
}

// Close takes nothing more, and waits for what is on the way until ctx ends.
// What is cut off then is delivered anew after the next start.
func (d *Deliverer) Close(ctx context.Context) {
	if d.stop == nil {
		return
	}
	close(d.closing)
	over := make(chan struct{})
	go func() {
		d.group.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
	d.stop()
	<-over
	d.client.CloseIdleConnections()
}

// Wake says that there is something new for some endpoints, or, with none, that
// there may be for any, or that the endpoints have changed. It does not block;
// it fits event.Options.Stored.
func (d *Deliverer) Wake(endpoints []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(endpoints) == 0 {
		wake(d.changed)
		for _, w := range d.workers {
			wake(w.kick)
		}
		return
	}
	for _, id := range endpoints {
		if w := d.workers[id]; w != nil {
			wake(w.kick)
		} else {
			wake(d.changed)
		}
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// supervise keeps a worker for each endpoint.
func (d *Deliverer) supervise(ctx context.Context) {
	tick := time.NewTicker(d.o.Look)
	defer tick.Stop()
	var swept time.Time
	for {
		d.match(ctx)
		d.forget(ctx)
		if now := d.o.Now(); now.Sub(swept) >= sweepTime {
			swept = now
			d.sweep(ctx, now)
		}
		select {
		case <-d.closing:
			return
		case <-ctx.Done():
			return
		case <-d.changed:
		case <-tick.C:
		}
	}
}

// match starts and ends workers, so that they are those of the endpoints.
func (d *Deliverer) match(ctx context.Context) {
	all := d.o.Endpoints()
	d.mu.Lock()
	defer d.mu.Unlock()
	here := make(map[string]bool, len(all))
	for _, e := range all {
		here[e.ID] = true
		w := d.workers[e.ID]
		if w == nil {
			w = newWorker(d, e)
			d.workers[e.ID] = w
			d.group.Go(func() { w.run(ctx) })
			continue
		}
		w.set(e)
	}
	for id, w := range d.workers {
		if !here[id] {
			close(w.quit)
			delete(d.workers, id)
		}
	}
}

const (
	sweepTime = 10 * time.Minute
	// strangeTime is how long another node may know an endpoint before this one.
	strangeTime = time.Hour
)

// sweep removes what is to be delivered to endpoints that are no more.
func (d *Deliverer) sweep(ctx context.Context, now time.Time) {
	if d.o.Known == nil {
		return
	}
	logs, err := d.o.Store.Backlogs(ctx)
	if err != nil {
		return
	}
	for _, l := range logs {
		since, ok := d.strange[l.Endpoint]
		switch {
		case d.o.Known(l.Endpoint):
			delete(d.strange, l.Endpoint)
		case !ok:
			d.strange[l.Endpoint] = now
		case now.Sub(since) >= strangeTime:
			if d.o.Store.Forget(ctx, l.Endpoint) == nil {
				delete(d.strange, l.Endpoint)
			}
		}
	}
}

// Stats are counters of a Deliverer since it began.
type Stats struct {
	Delivered uint64
	Failed    uint64 // attempts
	Buried    uint64 // given up
	Underway  int
}

// Stats returns the counters as they are now. What waits is in the database: see
// [database.Store].Backlogs.
func (d *Deliverer) Stats() Stats {
	return Stats{d.delivered.Load(), d.failed.Load(), d.buried.Load(), int(d.underway.Load())}
}
