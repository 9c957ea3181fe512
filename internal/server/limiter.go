package server

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A client may cause limitBurst lines of one kind at once and one each
// limitEvery after that: enough for a building behind one address, and about 40
// MB a day from one that never gives up.
const (
	limitBurst = 100
	limitEvery = 500 * time.Millisecond
	// limitKeys bounds the memory of who said what.
	limitKeys = 4096
)

// limiter is a [slog.Handler] that drops lines which one client causes too
// often, and says in the next one how many it dropped. It looks at lines with a
// remote attribute only.
type limiter struct {
	next   slog.Handler
	remote string // of the attributes given by With
	shared *limits
}

type limits struct {
	dropped atomic.Uint64

	mu      sync.Mutex
	buckets map[limitKey]*bucket
}

type limitKey struct{ text, from string }

type bucket struct {
	// full is when the bucket will be full again: each line moves it on.
	full    time.Time
	dropped int
}

func newLimiter(next slog.Handler) *limiter {
	return &limiter{next: next, shared: &limits{buckets: make(map[limitKey]*bucket)}}
}

// Enabled implements [slog.Handler].
func (l *limiter) Enabled(ctx context.Context, level slog.Level) bool {
	return l.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (l *limiter) Handle(ctx context.Context, r slog.Record) error {
	remote := l.remote
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "remote" {
			remote = a.Value.String()
		}
		return true
	})
	if remote == "" {
		return l.next.Handle(ctx, r)
	}
	dropped, ok := l.shared.take(limitKey{r.Message, network(remote)}, r.Time)
	if !ok {
		l.shared.dropped.Add(1)
		return nil
	}
	if dropped > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("dropped_lines", dropped))
	}
	return l.next.Handle(ctx, r)
}

// suppressed is how many lines were dropped.
func (l *limiter) suppressed() uint64 { return l.shared.dropped.Load() }

// take reports whether a line may be written now, and how many before it were
// not.
func (l *limits) take(k limitKey, now time.Time) (dropped int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[k]
	if b == nil {
		if len(l.buckets) >= limitKeys {
			l.sweep(now)
		}
		if len(l.buckets) >= limitKeys {
			// More clients than we remember are at it: they share one bucket.
			k.from = ""
			b = l.buckets[k]
		}
		if b == nil {
			b = &bucket{}
			l.buckets[k] = b
		}
	}
	if b.full.Before(now) {
		b.full = now
	}
	if b.full.Sub(now) > (limitBurst-1)*limitEvery {
		b.dropped++
		return 0, false
	}
	b.full = b.full.Add(limitEvery)
	dropped, b.dropped = b.dropped, 0
	return dropped, true
}

// sweep forgets who has been quiet.
func (l *limits) sweep(now time.Time) {
	for k, b := range l.buckets {
		if b.full.Before(now) {
			delete(l.buckets, k)
		}
	}
}

// network is what counts as one client: an IPv4 address, or the /64 in which an
// IPv6 host may take any address.
func network(remote string) string {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// WithAttrs implements [slog.Handler].
func (l *limiter) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := &limiter{next: l.next.WithAttrs(attrs), remote: l.remote, shared: l.shared}
	for _, a := range attrs {
		if a.Key == "remote" {
			n.remote = a.Value.String()
		}
	}
	return n
}

// WithGroup implements [slog.Handler].
func (l *limiter) WithGroup(name string) slog.Handler {
	return &limiter{next: l.next.WithGroup(name), remote: l.remote, shared: l.shared}
}
