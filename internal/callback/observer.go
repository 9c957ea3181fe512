package callback

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// maxNotices bounds what waits to be told. What comes then is not told.
const maxNotices = 20_000

// ObserverOptions are what an [Observer] is made of.
type ObserverOptions struct {
	// Kick ends a session that the back end says no to while it lasts; it is
	// hub.Registry.Kick.
	Kick   func(session, reason string) bool
	Logger *slog.Logger
}

// Observer knows whom a [Gate] let in, and tells the back ends of their updates and
// ends. It outlives a Gate, whose settings may change. What is told of one
// connection arrives in its order, and is told once: a back end that must not miss
// anything takes webhooks.
type Observer struct {
	o      ObserverOptions
	ctx    context.Context // of what is told
	cancel context.CancelFunc
	// settling is how long a client that has gone may still turn out to have a
	// session: some doors' requests end before it does.
	settling time.Duration

	mu     sync.Mutex
	serial uint64
	conns  map[string]*conn
	closed bool
	queued int           // in all connections
	idle   chan struct{} // closed when closed and nothing is queued

	lost atomic.Uint64
}

// conn is a connection with the streams on it.
type conn struct {
	serial  uint64
	session string
	in, out uint64
	// The rest is guarded by Observer.mu, but for asking and what it guards.
	streams map[streamKey]*admission
	guests  int // admissions that have not ended
	notices []func(context.Context)
	busy    bool // somebody tells them

	asking    sync.Mutex
	connected *service // that let the connection in
	verdict   verdict
}

type streamKey struct {
	role   hub.Role
	stream string
}

// admission is somebody who is let in or may be.
type admission struct {
	o      *Observer
	s      *service
	q      *question
	c      *conn
	key    streamKey
	number uint64 // of its session, 0 before that begins
	began  time.Time
	update *time.Timer
	stop   func() bool // looking at whether the client has gone
	ended  bool
}

// NewObserver returns an Observer of nobody.
func NewObserver(o ObserverOptions) *Observer {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Kick == nil {
		o.Kick = func(string, string) bool { return false }
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Observer{
		o: o, ctx: ctx, cancel: cancel, settling: 2 * time.Second, conns: make(map[string]*conn), idle: make(chan struct{}),
	}
}

// admit begins an admission, which must be entered or left.
func (o *Observer) admit(s *service, q *question) *admission {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.conns[q.session]
	if c == nil {
		o.serial++
		c = &conn{serial: o.serial, session: q.session, streams: make(map[streamKey]*admission)}
		if q.session != "" {
			o.conns[q.session] = c
		}
	}
	c.guests++
	q.serial = c.serial
	return &admission{o: o, s: s, q: q, c: c}
}

// connect asks about the connection, once for all streams on it.
func (in *admission) connect(ctx context.Context) (verdict, error) {
	c := in.c
	if !in.s.tells(OnConnect) {
		return verdict{}, nil
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	if c.connected == in.s {
		return c.verdict, nil
	}
	v, err := in.s.ask(ctx, in.q.with(OnConnect))
	if err == nil && !v.refused && !v.relay {
		c.connected, c.verdict = in.s, v
	}
	return v, err
}

// enter says that the client publishes or plays that stream from now on, at the
// latest until ctx ends without a session.
func (in *admission) enter(ctx context.Context, stream string) {
	o := in.o
	o.mu.Lock()
	in.began, in.key = time.Now(), streamKey{in.q.role, stream}
	before := in.c.streams[in.key]
	in.c.streams[in.key] = in
	in.schedule()
	in.stop = context.AfterFunc(ctx, func() {
		time.AfterFunc(o.settling, func() {
			o.mu.Lock()
			begun := in.number != 0
			o.mu.Unlock()
			if !begun {
				in.end("the client left before it began", 0, 0)
			}
		})
	})
	o.mu.Unlock()
	if before != nil {
		before.end("another one took its place", 0, 0)
	}
}

// leave says that the client was not let in.
func (in *admission) leave() {
	in.o.mu.Lock()
	defer in.o.mu.Unlock()
	if !in.ended {
		in.ended = true
		in.o.release(in)
	}
}

// release takes an admission off its connection. o.mu is held.
func (o *Observer) release(in *admission) {
	c := in.c
	if c.guests--; c.guests > 0 {
		return
	}
	if o.conns[c.session] == c {
		delete(o.conns, c.session)
	}
	q := in.q.with(OnDisconnect)
	q.in, q.out = c.in, c.out
	o.post(c, func(ctx context.Context) {
		c.asking.Lock()
		connected := c.connected
		c.asking.Unlock()
		// The end of one that was not let in is not told, as it had no beginning.
		for _, e := range []Event{OnDisconnect, OnClose} {
			if connected != nil && connected.tells(e) {
				connected.tell(ctx, q.with(e))
			}
		}
	})
}

// end tells that the client publishes or plays no more.
func (in *admission) end(reason string, bytesIn, bytesOut uint64) {
	o := in.o
	o.mu.Lock()
	defer o.mu.Unlock()
	if in.ended {
		return
	}
	in.ended = true
	if in.c.streams[in.key] == in {
		delete(in.c.streams, in.key)
	}
	in.stop()
	if in.update != nil {
		in.update.Stop()
	}
	q := in.q.with("")
	q.age, q.in, q.out, q.reason = time.Since(in.began), bytesIn, bytesOut, reason
	in.c.in += bytesIn
	in.c.out += bytesOut
	ends := []Event{OnPlayDone, OnStop, OnDone}
	if q.role == hub.Publisher {
		ends = []Event{OnPublishDone, OnUnpublish, OnDone}
	}
	for _, e := range ends {
		if in.s.tells(e) {
			o.post(in.c, func(ctx context.Context) { in.s.tell(ctx, q.with(e)) })
		}
	}
	o.release(in)
}

// tell is ask where the answer does not matter.
func (s *service) tell(ctx context.Context, q *question) {
	_, _ = s.ask(ctx, q) // the log has it
}

// schedule has the back end told of an update, the next one after its answer. o.mu is
// held.
func (in *admission) schedule() {
	if in.s.Update < 0 || !in.s.tells(OnUpdate) || in.ended || in.o.closed {
		return
	}
	in.update = time.AfterFunc(in.s.Update, func() {
		in.o.mu.Lock()
		defer in.o.mu.Unlock()
		if !in.ended {
			in.o.post(in.c, in.tellUpdate)
		}
	})
}

func (in *admission) tellUpdate(ctx context.Context) {
	o := in.o
	o.mu.Lock()
	q, ended := in.q.with(OnUpdate), in.ended
	q.age = time.Since(in.began)
	o.mu.Unlock()
	if ended {
		return
	}
	v, err := in.s.ask(ctx, q)
	// Who is on air stays there when the back end is away, unless it is to be strict.
	if no := v.refused || in.s.Strict && (err != nil || v.redirected); no && ctx.Err() == nil {
		reason := v.reason
		if reason == "" {
			reason = "the service that decides about this stream does not let you go on"
		}
		o.o.Kick(in.c.session, reason)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	in.schedule()
}

// post has something told of a connection behind what waits there. o.mu is held.
func (o *Observer) post(c *conn, notice func(context.Context)) {
	if o.queued >= maxNotices {
		o.lost.Add(1)
		return
	}
	o.queued++
	c.notices = append(c.notices, notice)
	if !c.busy {
		c.busy = true
		go o.deliver(c)
	}
}

// deliver tells what waits at a connection.
func (o *Observer) deliver(c *conn) {
	for {
		o.mu.Lock()
		if len(c.notices) == 0 {
			c.busy = false
			o.mu.Unlock()
			return
		}
		next := c.notices[0]
		c.notices = c.notices[1:]
		o.mu.Unlock()
		next(o.ctx)
		o.mu.Lock()
		o.queued--
		o.rest()
		o.mu.Unlock()
	}
}

// rest lets Close go on when nothing is left to be told. o.mu is held.
func (o *Observer) rest() {
	if o.closed && o.queued == 0 {
		select {
		case <-o.idle:
		default:
			close(o.idle)
		}
	}
}

// Session takes what the hub says of sessions: it is for hub.Options.Sessions, and
// does not block.
func (o *Observer) Session(c hub.SessionChange) {
	o.mu.Lock()
	var in *admission
	if at := o.conns[c.ID]; at != nil {
		in = at.streams[streamKey{c.Role, c.Stream}]
	}
	if in != nil && c.Ended.IsZero() {
		in.number = c.Number
	}
	is := in != nil && in.number == c.Number
	o.mu.Unlock()
	if is && !c.Ended.IsZero() {
		in.end(reasonOf(c.Err), c.BytesIn, c.BytesOut)
	}
}

func reasonOf(err error) string {
	var refusal *hub.Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Reason
	}
	for _, known := range []error{hub.ErrTakenOver, hub.ErrSilent, hub.ErrShutdown, hub.ErrSlowReader} {
		if errors.Is(err, known) {
			return known.Error()[len("hub: "):]
		}
	}
	return "the connection was lost"
}

// Event takes what the hub says of streams, of which only refusals matter: who was
// let in here may not have been let in there. It does not block.
func (o *Observer) Event(e hub.Event) {
	role := hub.Publisher
	switch e.Kind {
	case hub.PlayRefused:
		role = hub.Player
	case hub.PublishRefused:
	default:
		return
	}
	o.mu.Lock()
	var waiting []*admission
	if c := o.conns[e.Session]; c != nil {
		for key, in := range c.streams {
			if key.role == role && in.number == 0 {
				waiting = append(waiting, in)
			}
		}
	}
	o.mu.Unlock()
	for _, in := range waiting {
		in.end(e.Reason, 0, 0)
	}
}

// Lost returns how many notices were not told because too many waited.
func (o *Observer) Lost() uint64 { return o.lost.Load() }

// Close waits until what is to be told has been told, or ctx is done. It comes after
// the hub's end, which ends all sessions.
func (o *Observer) Close(ctx context.Context) {
	o.mu.Lock()
	o.closed = true
	for _, c := range o.conns {
		for _, in := range c.streams {
			if in.update != nil {
				in.update.Stop()
			}
		}
	}
	o.rest()
	o.mu.Unlock()
	select {
	case <-o.idle:
	case <-ctx.Done():
	}
	o.cancel()
}
