package api

import (
	"net/netip"
	"sync"
	"time"
)

// How often one may ask.
const (
	tokenRate    = 50 // requests a second with one token
	strangerRate = 50 // and from one address without any, which may be that of many viewers
	burst        = 200
	maxBuckets   = 20_000
)

// rates are token buckets, one for each token and each address of strangers.
type rates struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	rate, level float64
	at          time.Time
}

// take takes one request from who's bucket. If it is empty, wait is how long that
// lasts.
func (l *rates) take(who string, rate float64, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[who]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		if l.buckets == nil {
			l.buckets = make(map[string]*bucket)
		}
		b = &bucket{rate: rate, level: burst, at: now}
		l.buckets[who] = b
	}
	b.fill(now)
	if b.level < 1 {
		return time.Duration((1 - b.level) / b.rate * float64(time.Second))
	}
	b.level--
	return 0
}

func (b *bucket) fill(now time.Time) {
	b.level = min(burst, b.level+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
}

// forget makes room: the full buckets say nothing. If that is not enough, somebody
// has more addresses than anyone should, and any may go.
func (l *rates) forget(now time.Time) {
	for who, b := range l.buckets {
		if b.fill(now); b.level == burst {
			delete(l.buckets, who)
		}
	}
	for who := range l.buckets {
		if len(l.buckets) < maxBuckets/2 {
			return
		}
		delete(l.buckets, who)
	}
}

// household is the name of an address's bucket. Whoever has one address of IPv6
// has the /64 around it.
func household(addr netip.Addr) string {
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
