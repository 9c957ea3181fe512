package hub

import (
	"net/netip"
	"strings"
	"time"
)

// Role is which way a session's media goes.
type Role uint8

// The roles of a session.
const (
	AnyRole Role = iota // of a query
	Publisher
	Player
)

var roleNames = [...]string{"any", "publisher", "player"}

// String returns the role as the API writes it.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown"
}

// SessionQuery asks for a page of the sessions. What is empty matches all.
type SessionQuery struct {
	Stream, Protocol string
	Role             Role
	// Plain asks for those that no TLS protects, Secure for the others. What
	// has no connection, as the demo, is neither.
	Plain, Secure bool
	// After is the Number of the last session of the page before.
	After uint64
	// Limit is how many sessions a page has at most.
	Limit int
}

// SessionInfo is a snapshot of a publisher or a player that has a connection of
// its own. Viewers of a packager have none.
type SessionInfo struct {
	// Number is its place among all that began, from 1.
	Number    uint64
	ID        string
	Role      Role
	Protocol  string
	TLS       string // the version, "" in plain
	Stream    string
	Broadcast string
	Software  string
	Remote    netip.AddrPort
	Since     time.Time
	BytesIn   uint64 // payload of a publisher's frames
	BytesOut  uint64 // what went out to a player
	Frames    uint64 // of a publisher
	Drops     uint64 // frames that a player skipped because it was too slow
	Lag       time.Duration
	LagBytes  uint64        // Lag and LagBytes: what a player has not asked for though it might
	RTT       time.Duration // 0: not known
	Rehearsal bool          // it publishes to nowhere
}

// SessionChange is the beginning or the end of a session.
type SessionChange struct {
	SessionInfo // at its end, with the totals; RTT and Lag are not measured
	// Owner is the Grant.Owner of a publisher, "" of a player.
	Owner string
	// Ended is when it ended, zero at the beginning. Err is why: nil when it
	// left by itself or its stream was over.
	Ended time.Time
	Err   error
}

// Sessions returns a page of the sessions in the order in which they began, and
// whether there are more behind it.
func (r *Registry) Sessions(q SessionQuery) (page []SessionInfo, more bool) {
	found, more := r.roster.page(&q)
	page = make([]SessionInfo, len(found))
	for i, p := range found {
		page[i] = p.who.session()
		page[i].Number = p.number
	}
	return page, more
}

func (q *SessionQuery) fit(role Role, id *who, stream string) bool {
	return (q.Role == AnyRole || q.Role == role) && (q.Protocol == "" || q.Protocol == id.protocol) &&
		(q.Stream == "" || q.Stream == stream) &&
		(!q.Plain || id.tls == "" && id.remote.IsValid()) && (!q.Secure || id.tls != "")
}

func (p *Publication) matches(q *SessionQuery) bool {
	return q.fit(Publisher, &p.id, p.stream.name)
}

func (r *Reader) matches(q *SessionQuery) bool { return q.fit(Player, &r.id, r.stream.name) }

func (p *Publication) identity() string { return p.id.session }
func (r *Reader) identity() string      { return r.id.session }

func (w who) info(role Role, s *stream, since time.Time) SessionInfo {
	return SessionInfo{
		ID: w.session, Role: role, Protocol: w.protocol, TLS: w.tls, Stream: s.name, Broadcast: s.broadcast, Software: w.software,
		Remote: w.remote, Since: since, Rehearsal: s.rehearsed(),
	}
}

// ping is the time that the client's last answer took.
func (w who) ping() time.Duration {
	if w.rtt == nil {
		return 0
	}
	return w.rtt()
}

func (p *Publication) session() SessionInfo {
	rtt := p.id.ping()
	p.stream.mu.Lock()
	defer p.stream.mu.Unlock()
	i := p.info()
	i.RTT = rtt
	return i
}

func (r *Reader) session() SessionInfo {
	i := r.info()
	i.Lag, i.LagBytes = r.lag()
	i.RTT = r.id.ping()
	return i
}

// info is what is counted. stream.mu is held.
func (p *Publication) info() SessionInfo {
	i := p.id.info(Publisher, p.stream, p.since)
	i.Number, i.BytesIn, i.Frames = p.number, p.bytes, p.frames.Total()
	return i
}

func (r *Reader) info() SessionInfo {
	i := r.id.info(Player, r.stream, r.since)
	i.Number, i.BytesOut, i.Drops = r.number, r.bytesOut.Load(), r.drops.Load()
	return i
}

// lag is how far a reader that does not wait for frames is behind.
func (r *Reader) lag() (time.Duration, uint64) {
	if r.served {
		return 0, 0 // its packager knows
	}
	r.gate.mu.Lock()
	waits := r.parked
	r.gate.mu.Unlock()
	if waits {
		return 0, 0
	}
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &s.ring
	head := g.head.Load()
	e := g.at(max(r.reached.Load(), g.tail))
	if newest := g.at(head - 1); e != nil && newest != nil {
		return time.Duration(newest.arrival - e.arrival), g.total.Load() - e.before
	}
	return 0, 0
}

// maxSoftware bounds what a client may call itself: RTMP would let it be 64 KiB
// long.
const maxSoftware = 128

func clip(software string) string {
	if len(software) > maxSoftware {
		software = strings.ToValidUTF8(software[:maxSoftware], "")
	}
	return software
}
