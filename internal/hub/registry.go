package hub

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options are the settings of a Registry.
type Options struct {
	// Access decides who may publish and play; without it, nobody.
	Access Access
	// Events is told what happens, each stream's events in their order. It must
	// not block, and must not write, publish, play, end or shut down.
	Events func(Event)
	// Sessions is told of each session that begins and ends, in the same order
	// and on the same terms as Events; nil is nobody. Viewers of a packager have
	// none.
	Sessions func(SessionChange)
	// Joined is told how long a player waited from Play to its first key
	// frame. It is called by the reader's Next and must not block.
	Joined func(protocol string, after time.Duration)
	// Delivery is the mode of players that ask for none; Balanced when it is
	// DefaultDelivery.
	Delivery Delivery
	// Grace is how long viewers wait for a publisher that vanished, by default
	// 30 s; negative is not at all.
	Grace time.Duration
	// PlayWait is how long a player waits for a stream that is not on air, by
	// default 30 s; negative is not at all.
	PlayWait time.Duration
	// The bounds: streams in all, names that only players wait for, players
	// and waiting players of one stream and in all. 0 is the default: 10,000,
	// 1,000, 50,000 and 100,000.
	MaxStreams, MaxWaitingNames, MaxStreamPlayers, MaxPlayers int
}

// Registry knows the streams by name. Publish, Play and Still are the only ways
// to them.
type Registry struct {
	opts    Options
	refused refusals
	roster  roster
	plain   plainList
	permits permits

	checking sync.Mutex // one look at all permits at a time

	mu      sync.Mutex
	streams map[string]*stream
	held    map[*stream]struct{} // those whose traffic is not in past
	past    Traffic              // of streams that are over and without players
	idle    map[*stream]bool     // those that nobody has published yet
	players int
	closing bool
	drained chan struct{} // closed when closing and the last player is gone
}

// New returns a Registry without streams.
func New(o Options) *Registry {
	if o.Access == nil {
		o.Access = nobody{}
	}
	if o.Delivery == DefaultDelivery {
		o.Delivery = Balanced
	}
	for _, d := range []struct {
		value *int
		def   int
	}{{&o.MaxStreams, 10_000}, {&o.MaxWaitingNames, 1_000}, {&o.MaxStreamPlayers, 50_000}, {&o.MaxPlayers, 100_000}} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if o.Grace == 0 {
		o.Grace = 30 * time.Second
	}
	if o.PlayWait == 0 {
		o.PlayWait = 30 * time.Second
	}
	r := &Registry{
		opts: o, streams: make(map[string]*stream), held: make(map[*stream]struct{}), past: newTraffic(),
		idle: make(map[*stream]bool), drained: make(chan struct{}),
	}
	r.permits.check = r.CheckPermits
	return r
}

// Publish lets a publisher in, or says why not: a *Refusal, what Access said,
// or the error of ctx. It may wait for up to 3 s to see whether the session
// that publishes the stream now is still alive.
func (r *Registry) Publish(ctx context.Context, req PublishRequest) (*Publication, error) {
	req.Software = clip(req.Software)
	g, err := r.opts.Access.Publish(ctx, &req)
	r.plain.see(&req, g, err)
	switch {
	case err != nil:
	case g.Stream == "":
		err = &Refusal{Code: BadName, Reason: "the stream has no name"}
	case !isName(g.Stream):
		err = &Refusal{Code: BadName, Reason: "the name holds control characters"}
	}
	var p *Publication
	if err == nil {
		p, err = r.publish(ctx, &req, g)
	}
	if err != nil {
		r.refuse(ctx, PublishRefused, who{session: req.Session, protocol: req.Protocol, software: req.Software, remote: req.Remote}, err)
		return nil, err
	}
	return p, nil
}

func (r *Registry) publish(ctx context.Context, req *PublishRequest, g Grant) (*Publication, error) {
	asked := time.Now()
	for {
		s, err := r.stream(g.key(), false)
		if err != nil {
			return nil, err
		}
		p, sign, wait, err := s.publish(req, g, asked)
		switch {
		case p != nil:
			r.published(s)
			return p, nil
		case err == nil:
			if err := sleep(ctx, sign, wait); err != nil {
				return nil, err
			}
		case !errors.Is(err, errGone):
			return nil, err
		}
	}
}

// sleep waits for the sign, the time or the end of ctx; only that is an error.
func sleep(ctx context.Context, sign <-chan struct{}, wait time.Duration) error {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-sign:
	case <-t.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// Play gives a reader of a stream, or says why not: ErrNotFound, a *Refusal,
// what Access said, or the error of ctx. If req.Wait is set it waits for a
// publisher.
func (r *Registry) Play(ctx context.Context, req PlayRequest) (*Reader, error) {
	err := r.allow(ctx, &req)
	id := req.who()
	var reader *Reader
	if err == nil {
		reader, err = r.play(ctx, &req, id)
	}
	if err != nil {
		r.refuse(ctx, PlayRefused, id, err)
		return nil, err
	}
	return reader, nil
}

// allow asks Access whether somebody may play, and completes the stream's name.
func (r *Registry) allow(ctx context.Context, req *PlayRequest) error {
	req.admitted(ctx)
	err := r.opts.Access.Play(ctx, req)
	if req.Stream == "" {
		req.Stream = join(req.App, req.Name)
	}
	switch {
	case err != nil:
	case req.Stream == "":
		err = &Refusal{Code: BadName, Reason: "the stream has no name"}
	case !isName(strings.TrimSuffix(req.Stream, nowhere)):
		err = ErrNotFound
	}
	return err
}

func (r *PlayRequest) who() who {
	return who{r.Session, r.Protocol, r.TLS, clip(r.Software), r.Remote, r.RTT}
}

func (r *Registry) play(ctx context.Context, req *PlayRequest, id who) (*Reader, error) {
	if err := r.acquire(); err != nil {
		return nil, err
	}
	reader, err := r.await(ctx, req, id)
	if err != nil {
		r.release()
	}
	return reader, err
}

func (r *Registry) await(ctx context.Context, req *PlayRequest, id who) (*Reader, error) {
	begun, limit := time.Now(), req.PlayWait
	if limit == 0 {
		limit = r.opts.PlayWait
	}
	for {
		wait := limit - time.Since(begun)
		if !req.Wait || wait <= 0 {
			wait = 0
		}
		s := r.lookup(req.Stream)
		if s == nil && wait > 0 {
			var err error
			if s, err = r.stream(req.Stream, true); err != nil {
				return nil, err
			}
		}
		if s == nil {
			return nil, ErrNotFound
		}
		reader, onAir, err := s.join(req, id, wait > 0)
		switch {
		case errors.Is(err, errGone):
			continue
		case reader != nil || err != nil:
			return reader, err
		case wait == 0:
			return nil, ErrNotFound
		}
		err = sleep(ctx, onAir, wait)
		s.giveUp()
		if err != nil {
			return nil, err
		}
	}
}

// Streams returns a snapshot of every stream, by name.
func (r *Registry) Streams() []StreamInfo {
	var infos []StreamInfo
	for _, s := range r.all() {
		if !s.rehearsed() && !IsNowhere(s.name) {
			infos = append(infos, r.info(s))
		}
	}
	slices.SortFunc(infos, func(a, b StreamInfo) int { return strings.Compare(a.Name, b.Name) })
	return infos
}

// Stream returns a snapshot of the stream of that name, and whether there is
// one. The last refused tries are there even when it is not on air.
func (r *Registry) Stream(name string) (StreamInfo, bool) {
	s := r.lookup(name)
	if s == nil {
		return StreamInfo{Name: name, State: Ended, Refused: r.refused.of(name)}, false
	}
	return r.info(s), true
}

func (r *Registry) info(s *stream) StreamInfo {
	i := s.info()
	i.Refused = r.refused.of(s.name)
	return i
}

// Shutdown ends all publications and streams, and waits until the readers have
// been closed or ctx is done. From then on everybody is refused.
func (r *Registry) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	if !r.closing {
		r.closing = true
		if r.players == 0 {
			close(r.drained)
		}
	}
	r.mu.Unlock()
	for _, s := range r.all() {
		s.shut()
	}
	select {
	case <-r.drained:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *Registry) all() []*stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*stream, 0, len(r.streams))
	for _, s := range r.streams {
		all = append(all, s)
	}
	return all
}

// lookup returns the stream with that key, nil if there is none.
func (r *Registry) lookup(key string) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.streams[key]; s != nil && !s.ended() {
		return s
	}
	return nil
}

// stream returns the stream with that key, made if need be. For a player it is
// idle until it is published.
func (r *Registry) stream(key string, forPlayer bool) (*stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return nil, shuttingDown()
	}
	if s := r.streams[key]; s != nil && !s.ended() {
		return s, nil
	}
	if len(r.streams) >= r.opts.MaxStreams {
		return nil, &Refusal{Code: Limit, Reason: "the server has as many streams as it may have"}
	}
	if forPlayer && len(r.idle) >= r.opts.MaxWaitingNames {
		return nil, &Refusal{Code: Limit, Reason: "too many players wait for streams that are not on air"}
	}
	s := newStream(r, key)
	r.streams[key] = s
	r.held[s] = struct{}{}
	if forPlayer {
		r.idle[s] = true
	}
	return s, nil
}

func (r *Registry) published(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.idle, s)
}

func (r *Registry) remove(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.idle, s)
	if r.streams[s.key] == s {
		delete(r.streams, s.key)
	}
}

func (r *Registry) acquire() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closing:
		return shuttingDown()
	case r.players >= r.opts.MaxPlayers:
		return &Refusal{Code: Limit, Reason: "the server has as many players as it may have"}
	}
	r.players++
	return nil
}

func (r *Registry) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.players--
	if r.closing && r.players == 0 {
		close(r.drained)
	}
}

func shuttingDown() error {
	return &Refusal{Code: ShuttingDown, Reason: "the server shuts down"}
}

func (r *Registry) delivery(d Delivery) Delivery {
	if d == DefaultDelivery || int(d) >= len(holds) {
		return r.opts.Delivery
	}
	return d
}

func (r *Registry) joined(reader *Reader) {
	if r.opts.Joined != nil && !reader.packager {
		r.opts.Joined(reader.id.protocol, time.Since(reader.since))
	}
}

func (r *Registry) emit(e Event) {
	if r.opts.Events != nil {
		r.opts.Events(e)
	}
}

// refuse tells of a try that was not let in. A client that went away by itself
// is none.
func (r *Registry) refuse(ctx context.Context, k EventKind, id who, err error) {
	if ctx.Err() != nil {
		return
	}
	e := id.event(k, "", strings.TrimPrefix(err.Error(), "hub: "), err)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		e.Stream, e.Reason = refusal.Stream, refusal.Reason
		r.refused.add(refusal, e)
	}
	r.emit(e)
}
