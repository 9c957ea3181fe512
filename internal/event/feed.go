package event

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/hub"
)

// Store is what a feed needs of a [database.Store].
type Store interface {
	Load(ctx context.Context, fn func(database.Doc) error) error
	Apply(ctx context.Context, b database.Batch) ([]database.Doc, error)
	Append(ctx context.Context, events ...database.Event) error
	Events(ctx context.Context, after int64, limit int) ([]database.Event, error)
}

// Catalog is what a feed needs of a [catalog.Catalog].
type Catalog interface {
	StreamByPath(path string) (*catalog.Stream, bool)
	Webhooks() []*catalog.Webhook
}

// Options are what a feed works with.
type Options struct {
	Store Store
	// Source says which server tells: its public URL.
	Source string
	// Node tells the servers apart that share a database. It is the same after a
	// restart, or broadcasts that were on air at a kill would never become idle.
	Node string
	// Streams is asked for what is on air every few seconds, for health and
	// viewers. Nil: there is neither.
	Streams func() []hub.StreamInfo
	// Stored is told that there are new deliveries in the database, and to whom;
	// nil means that it may be anybody. It must not block.
	Stored func(endpoints []string)
	Log    *slog.Logger // nil: silence
}

// Feed makes events and keeps them. Its methods may be called from any
// goroutine and never wait for the database, but for Close.
type Feed struct {
	o       Options
	log     *slog.Logger
	catalog atomic.Pointer[Catalog]
	queue   *queue
	tail    tail
	repeats repeats
	hold    holds

	mu    sync.Mutex
	onAir map[string]*broadcast // by stream
	watch watcher               // for poll alone

	started bool
	stop    context.CancelFunc
	closing chan struct{}
	done    sync.WaitGroup

	written, lost atomic.Uint64
	unwritten     atomic.Int64 // when Close gave up
}

// holds are how long things take; tests have shorter ones.
type holds struct {
	linger    time.Duration // for more events to write at once
	again     time.Duration // after the database was away, at first
	poll      time.Duration
	heartbeat time.Duration
	look      time.Duration // for events of other nodes
}

var usual = holds{
	linger: 20 * time.Millisecond, again: 100 * time.Millisecond, poll: 5 * time.Second, heartbeat: 15 * time.Second,
	look: 2 * time.Second,
}

// NewFeed returns a feed that keeps what it is told in memory until Start.
func NewFeed(o Options) *Feed {
	f := &Feed{
		o: o, log: o.Log, queue: newQueue(maxQueue), hold: usual, onAir: make(map[string]*broadcast),
		closing: make(chan struct{}),
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	f.tail.init(o.Store)
	return f
}

// Start begins to write, with the idle events of broadcasts that were on air
// when the server was killed. It is called once.
func (f *Feed) Start(c Catalog) {
	f.catalog.Store(&c)
	ctx, cancel := context.WithCancel(context.Background())
	f.started, f.stop = true, cancel
	f.done.Go(func() { f.write(ctx) })
	f.done.Go(func() { f.tail.run(ctx, f.hold.look) })
	if f.o.Streams != nil {
		f.done.Go(func() { f.observe(ctx) })
	}
}

// Close ends the feed when the database has what it was told, or with an error
// when ctx ends first. Whoever tells it things has stopped before.
func (f *Feed) Close(ctx context.Context) error {
	if !f.started {
		return nil
	}
	close(f.closing)
	over := make(chan struct{})
	go func() {
		f.done.Wait()
		close(over)
	}()
	defer f.stop()
	f.HangUp()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		f.stop()
		<-over
		if n, _ := f.queue.size(); n+int(f.unwritten.Load()) > 0 {
			return fmt.Errorf("%d events are not in the database: %w", n+int(f.unwritten.Load()), context.Cause(ctx))
		}
		return nil
	}
}

// HangUp ends the answers of ServeSSE, which would keep an HTTP server from
// shutting down. Those who follow come back, and have missed nothing.
func (f *Feed) HangUp() { f.tail.close() }

func (f *Feed) observe(ctx context.Context) {
	tick := time.NewTicker(f.hold.poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.closing:
			return
		case now := <-tick.C:
			f.poll(f.o.Streams(), now)
		}
	}
}

// Stats are counters of a feed since it began.
type Stats struct {
	Written uint64 // events that the database took
	Waiting int    // for it
	// Dropped are events that the full queue had no room for, Lost those that the
	// database would not take for a fault of theirs, Withheld repeats that the
	// next event of their kind counts.
	Dropped, Lost, Withheld uint64
	Followers               int
}

// Stats returns the counters as they are now.
func (f *Feed) Stats() Stats {
	waiting, dropped := f.queue.size()
	s := Stats{
		Written: f.written.Load(), Waiting: waiting, Lost: f.lost.Load(), Withheld: f.repeats.withheld(),
		Followers: f.tail.followers(),
	}
	for _, n := range dropped {
		s.Dropped += n
	}
	return s
}

// stream returns what the catalogue says of a stream, or what its name says.
func (f *Feed) stream(name string) *Stream {
	if c := f.catalog.Load(); c != nil && name != "" {
		if s, ok := (*c).StreamByPath(name); ok {
			return streamOf(s)
		}
	}
	return strange(name)
}

func (f *Feed) to(t Type, subject string) []string {
	if c := f.catalog.Load(); c != nil {
		return endpoints((*c).Webhooks(), t, subject)
	}
	return nil
}

func (f *Feed) tell(t Type, stream string, at time.Time, data any) {
	f.queue.push(item{t: t, subject: subjectOf(stream), at: at, data: data})
}
