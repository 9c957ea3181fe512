package hub

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	silentAfter = 10 * time.Second // without media a stream is reconnecting
	closeAfter  = 60 * time.Second // and its session is closed

	// maxEarly is how many messages wait for the first sound or picture.
	maxEarly = 16
)

// errGone says that the stream left the registry since it was looked up.
var errGone = errors.New("hub: the stream is gone")

// stream is one broadcast of one name, with the players that wait for it before
// it begins. After its end the name belongs to another stream.
//
//	Waiting -> Live <-> Reconnecting -> Ended
type stream struct {
	reg   *Registry
	key   string    // in the registry
	name  string    // "app/name"
	born  time.Time // the zero of monotonic times
	ring  ring
	gates [3]gate // by Delivery - 1
	state atomic.Uint32

	// broadcast is set when the first publication begins, and read by it and
	// by readers, which come later.
	broadcast string

	delivering sync.Mutex

	mu         sync.Mutex
	todo       todo
	since      time.Time
	onAir      chan struct{} // closed when the state is no longer Waiting
	waiting    int
	pub        *Publication // nil while nobody is connected
	generation uint32
	timeline   timeline
	early      []*media.Frame // data from before the first sound or picture, whose time is the stream's
	rivals     rivals
	challenge  chan struct{} // closed by the next frame: a rival waits for it
	tracks     *media.TrackSet
	meters     []*meter
	in         map[string]Inflow // by protocol, of publications that are over
	out        map[way]*outlet
	lastMedia  time.Time
	keyAt      int64 // DTS of the newest key of the default video track
	keyGap     int64 // to the one before it
	players    int   // readers and those who wait
	lost       time.Time
	grace      time.Duration     // negative: none
	over       map[string]func() // Grant.Over, by owner
	timer      *time.Timer
}

// todo is what was decided under mu and must not be done under it.
type todo struct {
	events []notice
	kick   *Publication
	wake   bool
	gone   bool
	done   bool     // and no player is left
	over   []func() // to be told of the end of the broadcast
}

func newStream(r *Registry, key string) *stream {
	now := time.Now()
	s := &stream{reg: r, key: key, name: nameOf(key), born: now, since: now, onAir: make(chan struct{})}
	s.in, s.out = make(map[string]Inflow), make(map[way]*outlet)
	s.ring.init()
	for d, hold := range holds {
		if d > 0 {
			s.gates[d-1].init(&s.ring, hold)
		}
	}
	s.timer = time.AfterFunc(time.Hour, s.tick)
	s.timer.Stop()
	return s
}

func (s *stream) ended() bool { return State(s.state.Load()) == Ended }

// unlock releases mu and does what was put off till then.
func (s *stream) unlock() {
	t := s.todo
	s.todo = todo{events: t.events}
	s.mu.Unlock()
	if t.gone {
		s.reg.remove(s)
	}
	if t.done {
		s.reg.settle(s)
	}
	if t.wake {
		for i := range s.gates {
			s.gates[i].release()
		}
	}
	if t.kick != nil && t.kick.kick != nil {
		t.kick.kick(t.kick.end)
	}
	for _, over := range t.over {
		over()
	}
	if len(t.events) > 0 {
		s.deliver()
	}
}

// deliver hands out the events that wait, in the order in which they happened.
func (s *stream) deliver() {
	s.delivering.Lock()
	defer s.delivering.Unlock()
	s.mu.Lock()
	events := s.todo.events
	s.todo.events = nil
	s.mu.Unlock()
	for _, n := range events {
		switch {
		case n.session == nil:
			s.reg.emit(n.event)
		default:
			s.reg.opts.Sessions(*n.session)
		}
	}
}

// notice is an event, or the change of a session.
type notice struct {
	event   Event
	session *SessionChange
}

// session tells of the beginning or end of a session.
func (s *stream) session(i SessionInfo, owner string, ended bool, err error) {
	if s.reg.opts.Sessions == nil {
		return
	}
	c := &SessionChange{SessionInfo: i, Owner: owner, Err: err}
	if ended {
		c.Ended = time.Now()
	}
	s.todo.events = append(s.todo.events, notice{session: c})
}

func (s *stream) event(k EventKind, id who, reason string, err error) {
	if s.rehearsed() {
		var told bool
		if k, told = rehearsed(k); !told {
			return
		}
	}
	e := id.event(k, s.name, reason, err)
	e.Broadcast, e.Generation = s.broadcast, s.generation
	s.todo.events = append(s.todo.events, notice{event: e})
}

// set changes the state; readers are told.
func (s *stream) set(to State) {
	if from := State(s.state.Swap(uint32(to))); from == Waiting && to != Waiting {
		close(s.onAir)
	}
	s.todo.wake = true
}

// publish lets a publisher in, refuses it, or returns a channel and a time to
// wait for before it asks again.
func (s *stream) publish(req *PublishRequest, g Grant, asked time.Time) (*Publication, <-chan struct{}, time.Duration, error) {
	s.mu.Lock()
	defer s.unlock()
	if s.ended() {
		return nil, nil, 0, errGone
	}
	now := time.Now()
	id := who{req.Session, req.Protocol, req.TLS, req.Software, req.Remote, req.RTT}
	if old := s.pub; old != nil {
		v := s.judge(old, g, id, asked, now)
		switch {
		case v.refusal != nil:
			if v.alarm && now.Sub(s.rivals.alarm) >= changeTime {
				s.rivals.alarm = now
				s.event(Alarm, id, v.refusal.Reason, v.refusal)
			}
			return nil, nil, 0, v.refusal
		case v.wait > 0:
			if s.challenge == nil {
				s.challenge = make(chan struct{})
			}
			return nil, s.challenge, v.wait, nil
		}
		reason := "it was silent"
		if v.sending {
			reason = "it still sent, and its encoder stays away for a minute"
			s.rivals.gaveWay(encoderOf(old.grant, old.id), now)
		}
		s.event(PublishTakenOver, old.id, fmt.Sprintf("%s publishes now; %s", req.Remote.Addr(), reason), ErrTakenOver)
		s.detach(ErrTakenOver, ErrTakenOver)
		s.todo.kick = old
	}

	s.generation++
	if s.generation == 1 {
		s.since = now
		// 50 bits: enough to tell broadcasts apart, short enough to be read out.
		s.broadcast = strings.ToLower(rand.Text()[:10])
	}
	s.timeline.begin()
	s.ring.state.Store(nil) // the other encoder's
	s.early = nil
	p := &Publication{stream: s, id: id, grant: g, kick: req.Kick, since: now, lastMedia: now}
	p.governor = newGovernor(g.Limits, int64(now.Sub(s.born)))
	p.number = s.reg.roster.enter(p)
	s.reg.permits.add(g.Permit)
	if g.Over != nil {
		if s.over == nil {
			s.over = make(map[string]func())
		}
		s.over[g.Owner] = g.Over
	}
	s.pub, s.grace = p, g.Grace
	switch {
	case s.rehearsed():
		s.grace = -1
	case s.grace == 0:
		s.grace = s.reg.opts.Grace
	}
	resumed := State(s.state.Load()) == Reconnecting
	s.set(Live)
	s.timer.Reset(silentAfter)
	s.event(PublishStarted, id, "", nil)
	s.session(p.info(), g.Owner, false, nil)
	if g.Warning != "" {
		s.event(PublishWarned, id, g.Warning, nil)
	}
	if resumed {
		s.event(StreamResumed, id, "", nil)
	}
	return p, nil, 0, nil
}

// detach parts the stream from its publication, whose Write then returns err. The
// cause is nil of a clean end.
func (s *stream) detach(err, cause error) {
	p := s.pub
	s.session(p.info(), p.grant.Owner, true, cause)
	p.end = err
	s.pub = nil
	in := s.in[p.id.protocol]
	in.add(&Inflow{Bytes: p.bytes, Frames: p.frames})
	s.in[p.id.protocol] = in
	s.reg.roster.leave(p.number)
	s.reg.permits.remove(p.grant.Permit)
	if s.challenge != nil {
		close(s.challenge)
		s.challenge = nil
	}
}

// lose begins the grace time, or ends the stream when there is none.
func (s *stream) lose(now time.Time, reason string) {
	if s.grace < 0 {
		s.finish(reason)
		return
	}
	if State(s.state.Load()) != Reconnecting {
		s.event(StreamReconnecting, who{}, reason, nil)
	}
	s.set(Reconnecting)
	s.lost = now
	s.timer.Reset(s.grace)
}

func (s *stream) finish(reason string) {
	s.timer.Stop()
	s.set(Ended)
	s.todo.gone = true
	for _, over := range s.over {
		s.todo.over = append(s.todo.over, over)
	}
	s.over = nil
	if s.generation > 0 {
		s.event(StreamEnded, who{}, reason, nil)
	}
	s.settle()
}

// settle has the stream's traffic put to what is past, once nobody can add to
// it.
func (s *stream) settle() {
	if s.ended() && s.players == 0 {
		s.todo.done = true
	}
}

// tick does what is due by the clock: it runs 10 s after the last change of
// state, not after each frame, and looks when the last one came.
func (s *stream) tick() {
	s.mu.Lock()
	defer s.unlock()
	now := time.Now()
	p := s.pub
	switch {
	case s.ended() || s.generation == 0:
	case p == nil:
		if left := s.grace - now.Sub(s.lost); left > 0 {
			s.timer.Reset(left)
			return
		}
		s.finish("nobody came back to publish it")
	case now.Sub(p.lastMedia) >= closeAfter:
		s.event(PublishEnded, p.id, "it sent no media for a minute", ErrSilent)
		s.detach(ErrSilent, ErrSilent)
		s.todo.kick = p
		s.lose(now, "the publisher is silent")
	case now.Sub(p.lastMedia) >= silentAfter:
		if State(s.state.Load()) == Live {
			s.set(Reconnecting)
			s.event(StreamReconnecting, p.id, "the publisher sends no media", nil)
		}
		s.timer.Reset(closeAfter - now.Sub(p.lastMedia))
	default:
		s.timer.Reset(silentAfter - now.Sub(p.lastMedia))
	}
}

// write is Publication.Write.
func (s *stream) write(p *Publication, f *media.Frame) error {
	if f.Arrival.IsZero() {
		f.Arrival = time.Now()
	}
	at := max(int64(f.Arrival.Sub(s.born)), 0) // the encoder's first bytes may be older than its stream
	s.mu.Lock()
	if s.pub != p {
		s.mu.Unlock()
		return p.end
	}
	p.frames.count(f)
	p.bytes += uint64(len(f.Payload))
	seenOrHeard := f.Kind == media.Video || f.Kind == media.Audio
	if !seenOrHeard && !s.timeline.running && len(s.early) < maxEarly {
		s.early = append(s.early, f)
		s.mu.Unlock()
		return nil
	}
	if s.timeline.stamp(f, at) {
		s.event(TimeJoined, p.id, "its timestamps jumped", nil)
	}
	if seenOrHeard {
		if p.governor != nil {
			if limit := p.governor.exceeded(f, at); limit != "" {
				s.expel(p, &Refusal{Code: Limit, Stream: s.name, Reason: limit})
				s.unlock()
				return p.end
			}
		}
		s.heard(p, f, at)
	}
	for _, e := range s.early {
		s.timeline.stamp(e, at)
		s.ring.append(e, s.generation, at)
	}
	s.early = nil
	if s.ring.append(f, s.generation, at) && p.keyed {
		p.lostKey = true
	}
	if f.Kind == media.Video && isDefault(f) {
		s.seen(p, f)
	}
	s.unlock()
	for i := range s.gates {
		s.gates[i].pass()
	}
	return nil
}

// heard notes a frame of sound or picture.
func (s *stream) heard(p *Publication, f *media.Frame, at int64) {
	gap := max(f.Arrival.Sub(p.lastMedia), 0)
	p.gap += (gap - p.gap) / 8
	p.lastMedia, s.lastMedia = f.Arrival, f.Arrival
	if f.Tracks != nil {
		s.tracks = f.Tracks
	}
	s.meter(f.Kind, f.Track, at).add(at, len(f.Payload))
	if s.challenge != nil {
		close(s.challenge)
		s.challenge = nil
	}
	if State(s.state.Load()) == Reconnecting {
		s.set(Live)
		s.timer.Reset(silentAfter)
		s.event(StreamResumed, p.id, "", nil)
	}
}

// seen notes the distance of key frames.
func (s *stream) seen(p *Publication, f *media.Frame) {
	switch {
	case f.Class == media.Key:
		if p.keyed {
			s.keyGap = f.DTS - s.keyAt
		}
		p.keyed, p.lostKey = true, false
		s.keyAt, p.keyAt = f.DTS, f.DTS
	case !p.pictured:
		p.keyAt = f.DTS
	case !p.longGOP && s.ring.key.Load() == 0 && (p.lostKey || f.DTS-p.keyAt > int64(maxSpan)):
		p.longGOP = true
		s.event(LongGOP, p.id, fmt.Sprintf("no key frame for %.1f s: who joins waits for the next one; set the encoder to 2 s",
			time.Duration(f.DTS-p.keyAt).Seconds()), nil)
	}
	p.pictured = true
}

func (s *stream) meter(k media.Kind, id uint8, at int64) *meter {
	for _, m := range s.meters {
		if m.kind == k && m.id == id {
			return m
		}
	}
	step := at / meterStep
	m := &meter{kind: k, id: id, first: step, step: step}
	s.meters = append(s.meters, m)
	return m
}

// endOf is Publication.End.
func (s *stream) endOf(p *Publication, cause error) {
	s.mu.Lock()
	defer s.unlock()
	if s.pub != p {
		return
	}
	s.detach(ErrClosed, cause)
	if cause == nil {
		s.event(PublishEnded, p.id, "the encoder stopped", nil)
		if !p.grant.GraceAfterEnd || s.rehearsed() {
			s.finish("the encoder stopped")
			return
		}
	} else {
		s.event(PublishEnded, p.id, "the connection was lost", cause)
	}
	s.lose(time.Now(), "the publisher is gone")
}

// join gives a reader of a stream that is on air, or the channel that is closed
// when the stream is no longer waiting. Who waits is counted until leave.
func (s *stream) join(req *PlayRequest, id who, wait bool) (*Reader, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.unlock()
	switch {
	case s.ended():
		return nil, nil, errGone
	case s.players >= s.reg.opts.MaxStreamPlayers:
		refusal := &Refusal{Code: Limit, Reason: "the stream has as many players as it may have"}
		if s.generation > 0 {
			refusal.Stream = s.name
		}
		return nil, nil, refusal
	case State(s.state.Load()) == Waiting:
		if wait {
			s.players++
			s.waiting++
		}
		return nil, s.onAir, nil
	}
	r := &Reader{stream: s, id: id, since: time.Now(), ready: make(chan struct{}, 1), packager: req.FromOldest, served: req.Served, strict: req.Strict}
	if !r.packager {
		r.permit = req.Permit
		s.reg.permits.add(r.permit)
	}
	r.gate = &s.gates[s.reg.delivery(req.Delivery)-1]
	r.noVideo.Store(req.NoVideo)
	r.noAudio.Store(req.NoAudio)
	r.gate.enter()
	r.burst = s.ring.head.Load()
	if req.FromOldest {
		r.cursor = s.ring.oldest()
	} else {
		r.cursor = s.ring.start(!req.NoVideo)
	}
	r.pending = s.ring.state.Load()
	r.reached.Store(r.cursor)
	s.players++
	r.out = s.outlet(way{id.protocol, id.tls})
	if !r.packager {
		r.viewers = 1
		r.number = s.reg.roster.enter(r)
		r.out.players++
		s.session(r.info(), "", false, nil)
	}
	r.out.viewers += r.viewers
	return r, nil, nil
}

// giveUp is the end of a wait.
func (s *stream) giveUp() {
	s.mu.Lock()
	defer s.unlock()
	s.players--
	s.waiting--
	if State(s.state.Load()) == Waiting && s.waiting == 0 {
		s.finish("")
	}
	s.settle()
}

func (s *stream) leave(r *Reader) {
	s.mu.Lock()
	s.players--
	r.out.viewers -= r.viewers
	if !r.packager {
		r.out.players--
		s.reg.roster.leave(r.number)
		s.reg.permits.remove(r.permit)
		s.session(r.info(), "", true, r.cause())
	}
	s.settle()
	s.unlock()
	s.reg.release()
}

func (s *stream) outlet(w way) *outlet {
	o := s.out[w]
	if o == nil {
		o = &outlet{}
		s.out[w] = o
	}
	return o
}

func (s *stream) shut() {
	s.mu.Lock()
	defer s.unlock()
	s.over = nil // it goes on with the next server
	if s.ended() {
		return
	}
	if p := s.pub; p != nil {
		s.event(PublishEnded, p.id, "the server shuts down", ErrShutdown)
		s.detach(ErrShutdown, ErrShutdown)
		s.todo.kick = p
	}
	s.finish("the server shuts down")
}

func (s *stream) info() StreamInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := StreamInfo{
		Name: s.name, State: State(s.state.Load()), Broadcast: s.broadcast, Since: s.since, Generation: s.generation,
		LastMedia: s.lastMedia, KeyInterval: time.Duration(s.keyGap), Viewers: make(map[string]int, len(s.out)),
		WaitingTotal: s.waiting,
	}
	i.RingTime, i.RingBytes = s.ring.depth()
	for _, in := range s.in {
		i.BytesIn += in.Bytes
		i.Frames += in.Frames.Total()
	}
	now := int64(time.Since(s.born))
	if s.tracks != nil {
		for _, t := range s.tracks.Tracks {
			i.Tracks = append(i.Tracks, TrackInfo{Track: t})
		}
	}
	for _, m := range s.meters {
		bits, frames := m.rate(now)
		i.Bitrate += bits
		for n := range i.Tracks {
			if t := &i.Tracks[n]; t.Kind == m.kind && t.ID == m.id {
				t.Bitrate, t.FrameRate = bits, frames
			}
		}
	}
	for w, o := range s.out {
		i.BytesOut += o.bytes.Load()
		i.Drops += o.drops.Load()
		if o.viewers > 0 {
			i.Viewers[w.protocol] += o.viewers
			i.ViewersTotal += o.viewers
		}
	}
	if p := s.pub; p != nil {
		i.BytesIn += p.bytes
		i.Frames += p.frames.Total()
		i.Publisher = &PublisherInfo{
			Session: p.id.session, Protocol: p.id.protocol, Software: p.id.software, Remote: p.id.remote, Since: p.since,
			Clock: p.clock,
		}
	}
	return i
}
