package hub

import (
	"fmt"
	"net/netip"
	"time"
)

// The rules for a second publisher.
const (
	banTime    = 60 * time.Second // an encoder that gave way stays away
	changeTime = 60 * time.Second // the third change within it is refused
	maxChanges = 2

	// An old session is silent when it has sent nothing for three times the
	// usual distance of its frames, within these bounds. The encoder that lost
	// its connection and comes back has stopped sending long before it gets
	// here, a rival goes on sending.
	minPatience = 500 * time.Millisecond
	maxPatience = 3 * time.Second
	openSilence = 3 * time.Second

	maxBans = 16
)

// encoder is how an encoder is recognised when it comes back: it has a new
// session and a new port, but the same owner, host and software.
type encoder struct {
	owner string
	host  netip.Addr
	name  string
}

func encoderOf(g Grant, id who) encoder {
	return encoder{g.Owner, id.remote.Addr(), id.software}
}

// rivals remembers who fought for a stream. It is guarded by stream.mu.
type rivals struct {
	bans    []ban
	changes []time.Time // take-overs from a session that still sent
	alarm   time.Time   // the last one
}

type ban struct {
	who   encoder
	until time.Time
}

// banned reports whether e had to give way less than a minute ago. A try
// begins the minute anew: two encoders that are left alone with one key would
// change places every minute otherwise.
func (r *rivals) banned(e encoder, now time.Time) bool {
	for i := range r.bans {
		if b := &r.bans[i]; b.who == e && now.Before(b.until) {
			b.until = now.Add(banTime)
			return true
		}
	}
	return false
}

// gaveWay notes that e was taken over while it sent.
func (r *rivals) gaveWay(e encoder, now time.Time) {
	live := r.bans[:0]
	for _, b := range r.bans {
		if now.Before(b.until) && b.who != e {
			live = append(live, b)
		}
	}
	if len(live) == maxBans {
		live = append(live[:0], live[1:]...)
	}
	live = append(live, ban{e, now.Add(banTime)})
	r.bans = live
	r.changes = append(r.changes, now)
}

// fighting reports whether one more change would be the third in a minute.
func (r *rivals) fighting(now time.Time) bool {
	for len(r.changes) > 0 && now.Sub(r.changes[0]) >= changeTime {
		r.changes = r.changes[1:]
	}
	return len(r.changes) >= maxChanges
}

// verdict is what happens to a second publisher: refused, let in, or asked to
// wait until the old session has shown whether it still sends.
type verdict struct {
	refusal *Refusal
	alarm   bool
	wait    time.Duration
	sending bool // the old one gives way though it sends
}

// judge decides about a publisher that came at asked while p is connected. It
// is called under stream.mu.
func (s *stream) judge(p *Publication, g Grant, id who, asked, now time.Time) verdict {
	silence := now.Sub(p.lastMedia)
	if silence >= silentAfter {
		return verdict{} // the stream is reconnecting
	}
	inUse := func(format string, args ...any) verdict {
		return verdict{refusal: &Refusal{Code: InUse, Stream: s.name, Reason: fmt.Sprintf(format, args...)}}
	}
	if g.SecondPublisher == Refuse {
		return inUse("somebody publishes this stream, and it is set to refuse a second publisher")
	}
	same := g.Owner == p.grant.Owner && g.Open == p.grant.Open
	if g.Open && p.grant.Open {
		same = id.remote.Addr() == p.id.remote.Addr()
	}
	if !same {
		if (g.Open || p.grant.Open) && silence >= openSilence {
			return verdict{}
		}
		return inUse("somebody else publishes this stream")
	}

	patience := min(max(3*p.gap, minPatience), maxPatience)
	sending := p.lastMedia.After(asked)
	switch {
	case silence >= patience:
		return verdict{}
	case !sending:
		return verdict{wait: patience - silence}
	case s.rivals.banned(encoderOf(g, id), now):
		return verdict{refusal: &Refusal{Code: TakenOver, Stream: s.name, Reason: fmt.Sprintf(
			"another encoder (%s) took this stream over and sends; stop one of the two", p.id.remote.Addr())}}
	case s.rivals.fighting(now):
		v := inUse("encoders change places on this stream; the one on air (%s) stays", p.id.remote.Addr())
		v.alarm = true
		return v
	}
	return verdict{sending: true}
}
