package window

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
)

// Session is a viewer of a packaged stream, as far as requests tell: there is no
// connection that would be its own.
type Session struct {
	hub.SessionInfo
	// Playback is what the player calls its session, in printable ASCII; "" where
	// it does not name one.
	Playback string
	// Report is what the player told by CMCD; nil when it told nothing.
	Report *Report
}

// Report is what a player said of itself by CMCD (CTA-5004): of each the newest. 0
// is what it did not say.
type Report struct {
	At time.Time // when it said something last
	// Buffer is how much it has to play on without anything else; negative when it
	// did not say, since to have nothing is news.
	Buffer time.Duration
	// Throughput is what it measured of its line, Picture and Sound are the rates
	// that it asked for, all in bits a second. What has both together is Picture.
	Throughput, Picture, Sound int64
	// Latency is how far it says to be behind what happens.
	Latency time.Duration
	// Starvations is how many of its requests said that it had nothing to play.
	Starvations uint64
}

// take keeps what a request told.
func (p *Report) take(c *cmcd) {
	told := c.starved
	if c.starved {
		p.Starvations++
	}
	number := func(v cmcdNumber, unit int64, to *int64) {
		if v.given {
			*to, told = v.n*unit, true
		}
	}
	number(c.buffer, int64(time.Millisecond), (*int64)(&p.Buffer))
	number(c.latency, int64(time.Millisecond), (*int64)(&p.Latency))
	number(c.measured, 1000, &p.Throughput)
	if c.sound {
		number(c.encoded, 1000, &p.Sound)
	} else {
		number(c.encoded, 1000, &p.Picture)
	}
	if told {
		p.At = time.Now()
	}
}

// listing is what is kept of a viewer who is listed.
type listing struct {
	number          uint64
	index           int // in viewers.listed
	playback, agent string
	tls, remote     string
	report          Report
}

// listings numbers all that were ever listed, so that one page after another can be
// read while they come and go.
var listings atomic.Uint64

// maxAgent bounds what a player may call itself: headers can be long.
const maxAgent = 128

func newListing(r *http.Request, c *cmcd) *listing {
	l := &listing{
		number: listings.Add(1), tls: netx.TLSVersion(r.TLS), playback: string(c.sid[:c.sidLen]), report: Report{Buffer: -1},
	}
	if l.playback == "" {
		if session := playbackSession(r); printable(session) {
			l.playback = strings.Clone(session)
		}
	}
	agent := r.UserAgent()
	l.agent = strings.ToValidUTF8(strings.Clone(agent[:min(len(agent), maxAgent)]), "")
	return l
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// shown is what was kept of a viewer at one moment.
type shown struct {
	key   uint64
	since time.Time
	listing
}

// session is the viewer as the hub would show a player.
func (l *shown) session() Session {
	s := Session{Playback: l.playback, SessionInfo: hub.SessionInfo{
		Number: l.number, ID: fmt.Sprintf("%016x", l.key), Role: hub.Player, TLS: l.tls, Software: l.agent, Since: l.since,
	}}
	s.Remote, _ = netip.ParseAddrPort(l.remote) // what cannot be read stays unknown
	if !l.report.At.IsZero() {
		s.Report = &l.report
	}
	return s
}

// sessions returns the listed viewers that a query asks for, in no order.
func (v *viewers) sessions(q *hub.SessionQuery) []shown {
	v.count() // those who left are none
	v.mu.Lock()
	defer v.mu.Unlock()
	found := make([]shown, 0, len(v.listed))
	for _, one := range v.listed {
		secure := one.told.tls != ""
		if one.told.number > q.After && !(q.Plain && secure) && !(q.Secure && !secure) {
			found = append(found, shown{one.key, one.since, *one.told})
		}
	}
	return found
}

// Sessions returns a page of the viewers, in the order in which they were listed,
// and whether there are more behind it. Of a stream up to 1,000 of each protocol
// are listed. Their numbers are others than those of the hub's sessions.
func (s *Store) Sessions(q hub.SessionQuery) (page []Session, more bool) {
	if q.Role == hub.Publisher {
		return nil, false
	}
	s.mu.RLock()
	streams := make([]*Stream, 0, len(s.streams))
	for name, st := range s.streams {
		if q.Stream == "" || q.Stream == name {
			streams = append(streams, st)
		}
	}
	s.mu.RUnlock()
	for _, st := range streams {
		page = append(page, st.sessions(&q)...)
		slices.SortFunc(page, func(a, b Session) int { return cmp.Compare(a.Number, b.Number) })
		if len(page) > q.Limit {
			clear(page[q.Limit:]) // a page is all that many streams may take memory for
			page, more = page[:q.Limit], true
		}
	}
	return page, more
}

func (s *Stream) sessions(q *hub.SessionQuery) (found []Session) {
	s.mu.RLock()
	doors, broadcast := maps.Clone(s.audiences), ""
	if s.run != nil {
		broadcast = s.run.reader.Broadcast()
	}
	s.mu.RUnlock()
	for protocol, a := range doors {
		if q.Protocol != "" && q.Protocol != protocol {
			continue
		}
		for _, l := range a.viewers.sessions(q) {
			one := l.session()
			one.Stream, one.Protocol, one.Broadcast = s.name, protocol, broadcast
			found = append(found, one)
		}
	}
	return found
}
