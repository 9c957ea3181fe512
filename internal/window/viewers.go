package window

import (
	"context"
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// A player asks at least once a target duration; some seconds of patience
	// on top keep a slow one counted.
	viewerPatience = 20 * time.Second
	mostViewers    = 1 << 16
	// mostSessions is of how many viewers more is kept than that they are there.
	mostSessions = 1000
	// sweepStride is how many are looked at before those who ask get their turn.
	sweepStride = 512
)

// viewers counts who asked for media lately. HTTP knows no viewers: a viewer is
// a playback session where the player names it (by CMCD, or as Apple's do), else
// an address with a user agent. Several alike players behind one address that do
// not name theirs count once.
//
// One lock is enough: on two processors, which do nothing else, it lets five million
// requests a second of 500 viewers pass, and two million of 50,000
// (BenchmarkViewersLock).
type viewers struct {
	mu    sync.Mutex
	known map[uint64]*viewer
	// admit is asked about each new one; nil lets all in.
	admit  func(from netip.Addr) (release func(), err error)
	closed bool // nobody is counted any more
	// All known ones, in the order in which they were seen last.
	oldest, newest *viewer
	listed         []*viewer
}

// viewer is one of them.
type viewer struct {
	key          uint64
	since, seen  time.Time
	request      context.Context // of the newest request, which may be held for long
	older, newer *viewer
	told         *listing // nil of those who are too many
	release      func()   // gives back what admit took; may be nil
}

var viewerSeed = maphash.MakeSeed()

// maxPlayback bounds the names of sessions that are no CMCD; Apple's have 36.
const maxPlayback = 64

// viewerKey finds out whose request it is.
func viewerKey(r *http.Request, c *cmcd) uint64 {
	var h maphash.Hash
	h.SetSeed(viewerSeed)
	if c.sidLen > 0 {
		h.Write(c.sid[:c.sidLen])
		return h.Sum64()
	}
	if session := playbackSession(r); session != "" {
		h.WriteString(session)
		return h.Sum64()
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	h.WriteString(host)
	h.WriteByte(0)
	h.WriteString(r.UserAgent())
	return h.Sum64()
}

// playbackSession is what Apple's players call theirs.
func playbackSession(r *http.Request) string {
	session := r.Header.Get("X-Playback-Session-Id")
	if len(session) > maxPlayback {
		return ""
	}
	return session
}

// note counts the request's viewer as there, and keeps what its player says. The
// error is why a new one is not let in.
func (v *viewers) note(r *http.Request, c *cmcd) error {
	key, now := viewerKey(r, c), time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	one := v.known[key]
	switch {
	case one != nil:
		v.unlink(one)
	default:
		// Two go for each that comes: the table shrinks again after a crowd though
		// nobody counts.
		v.sweep(now, 2)
		if len(v.known) >= mostViewers || v.closed {
			return nil
		}
		if v.known == nil {
			v.known = make(map[uint64]*viewer)
		}
		one = &viewer{key: key, since: now}
		if v.admit != nil {
			from, _ := netip.ParseAddrPort(r.RemoteAddr)
			var err error
			if one.release, err = v.admit(from.Addr()); err != nil {
				return err
			}
		}
		v.known[key] = one
	}
	one.seen, one.request = now, r.Context()
	v.link(one)
	if one.told == nil && len(v.listed) < mostSessions {
		one.told = newListing(r, c)
		one.told.index = len(v.listed)
		v.listed = append(v.listed, one)
	}
	if one.told != nil {
		one.told.remote = r.RemoteAddr
		one.told.report.take(c)
	}
	return nil
}

// close gives back what all of them took.
func (v *viewers) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for _, one := range v.known {
		one.leave()
	}
	v.known, v.oldest, v.newest, v.listed = nil, nil, nil, nil
}

func (one *viewer) leave() {
	if one.release != nil {
		one.release()
	}
}

// count returns how many are there.
func (v *viewers) count() int {
	for {
		v.mu.Lock()
		swept, n := v.sweep(time.Now(), sweepStride), len(v.known)
		v.mu.Unlock()
		if swept {
			return n
		}
	}
}

// sweep lets go of those who have not asked for too long, of a few at most. It
// reports whether there are no more. v.mu is held.
func (v *viewers) sweep(now time.Time, most int) bool {
	for ; most > 0; most-- {
		one := v.oldest
		if one == nil || now.Sub(one.seen) <= viewerPatience {
			return true
		}
		v.unlink(one)
		if one.waits() {
			one.seen = now
			v.link(one)
			continue
		}
		delete(v.known, one.key)
		one.leave()
		if one.told != nil {
			last := len(v.listed) - 1
			v.listed[one.told.index] = v.listed[last]
			v.listed[one.told.index].told.index = one.told.index
			v.listed = slices.Delete(v.listed, last, last+1)
		}
	}
	return false
}

// waits reports whether the viewer's newest request is not answered yet: a held
// reload, or a segment over a slow line. The contexts of net/http's requests, which
// name their server, end when the handler returns; of others that is not known.
func (one *viewer) waits() bool {
	return one.request.Value(http.ServerContextKey) != nil && one.request.Err() == nil
}

// link puts a viewer behind all others.
func (v *viewers) link(one *viewer) {
	one.older, one.newer = v.newest, nil
	if v.newest != nil {
		v.newest.newer = one
	} else {
		v.oldest = one
	}
	v.newest = one
}

func (v *viewers) unlink(one *viewer) {
	if one.older != nil {
		one.older.newer = one.newer
	} else {
		v.oldest = one.newer
	}
	if one.newer != nil {
		one.newer.older = one.older
	} else {
		v.newest = one.older
	}
}
