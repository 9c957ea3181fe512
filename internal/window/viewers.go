package window

import (
	"hash/maphash"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// A player asks at least once a target duration; some seconds of patience
	// on top keep a slow one counted.
	viewerPatience = 20 * time.Second
	mostViewers    = 1 << 16
)

// viewers counts who asked for media lately. HTTP knows no viewers: a viewer is
// a playback session where the player names it (Apple's do), else an address
// with a user agent. Several alike players behind one address count once.
type viewers struct {
	mu    sync.Mutex
	seen  map[uint64]time.Time
	swept time.Time
}

var viewerSeed = maphash.MakeSeed()

func viewerKey(r *http.Request) uint64 {
	var h maphash.Hash
	h.SetSeed(viewerSeed)
	if session := r.Header.Get("X-Playback-Session-Id"); session != "" {
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

// note counts the request's viewer as there.
func (v *viewers) note(r *http.Request) {
	key, now := viewerKey(r), time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen == nil {
		v.seen = make(map[uint64]time.Time)
	}
	if _, known := v.seen[key]; known || len(v.seen) < mostViewers {
		v.seen[key] = now
	}
	if now.Sub(v.swept) > viewerPatience {
		v.sweep(now)
	}
}

func (v *viewers) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sweep(time.Now())
	return len(v.seen)
}

func (v *viewers) sweep(now time.Time) {
	v.swept = now
	for key, at := range v.seen {
		if now.Sub(at) > viewerPatience {
			delete(v.seen, key)
		}
	}
}
