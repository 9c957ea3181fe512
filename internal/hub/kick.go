package hub

// A reader goes through these stages, and never back.
type stage uint32

const (
	inPlay stage = iota
	sentAway
	hasLeft
)

// Over says why a player plays no longer, though its stream may go on: a *Refusal
// if it was sent away, ErrClosed after Close, nil while it plays. It is for those
// who do not call Next; Ready and OnReady tell them to look.
func (r *Reader) Over() error {
	switch stage(r.over.Load()) {
	case inPlay:
		return nil
	case sentAway:
		return r.sent.Load()
	}
	return ErrClosed
}

// expel sends a player away.
func (r *Reader) expel(why *Refusal) bool {
	// The reason first: who sees the stage finds it.
	if !r.sent.CompareAndSwap(nil, why) || !r.over.CompareAndSwap(uint32(inPlay), uint32(sentAway)) {
		return false
	}
	r.notify()
	return true
}

// cause is why a player left, as far as that is told.
func (r *Reader) cause() error {
	if why := r.sent.Load(); why != nil {
		return why
	}
	if r.slow.Load() {
		return ErrSlowReader
	}
	return nil
}

func (r *Reader) permitted() Permit { return r.permit }
func (r *Reader) owner() string     { return "" }

// expel ends a publication, and with it the broadcast: grace is for those who
// vanish.
func (p *Publication) expel(why *Refusal) bool {
	s := p.stream
	s.mu.Lock()
	defer s.unlock()
	if s.pub != p {
		return false
	}
	s.expel(p, why)
	return true
}

func (p *Publication) permitted() Permit { return p.grant.Permit }
func (p *Publication) owner() string     { return p.grant.Owner }

// expel ends the publication of the stream and the broadcast. mu is held.
func (s *stream) expel(p *Publication, why *Refusal) {
	s.event(PublishEnded, p.id, why.Reason, why)
	s.detach(why, why)
	s.todo.kick = p
	s.finish(why.Reason)
}

// Kick ends the session with that identifier, which publishes or plays, and
// reports whether there was one. The reason is a sentence for whoever is at the
// other end. A publisher's broadcast is over; players of it get what is left.
func (r *Registry) Kick(session, reason string) bool {
	return r.kick(func(a attendee) bool { return a.identity() == session }, reason) > 0
}

// KickWhere is Kick of all sessions for which which is true, and returns how many
// there were. The owner is the Grant.Owner of a publisher, "" of a player.
func (r *Registry) KickWhere(which func(s SessionInfo, owner string) bool, reason string) int {
	return r.kick(func(a attendee) bool { return which(a.session(), a.owner()) }, reason)
}

// KickStream is Kick of all who publish or play the stream, rehearsals as well.
func (r *Registry) KickStream(stream, reason string) int {
	q := SessionQuery{Stream: stream}
	return r.kick(func(a attendee) bool { return a.matches(&q) }, reason)
}

func (r *Registry) kick(which func(attendee) bool, reason string) (n int) {
	why := &Refusal{Code: Kicked, Reason: reason}
	r.roster.each(func(_ uint64, a attendee) {
		if which(a) && a.expel(why) {
			n++
		}
	})
	return n
}
