package server

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"

	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/hub"
)

// guarded is a [hub.Access] that keeps out who guesses or is banned, and holds
// everybody to the limits. What somebody takes of them is given back when the
// session ends, when the hub refuses it for another reason, or when the client goes.
type guarded struct {
	hub.Access
	guard *guard.Guard

	mu    sync.Mutex
	taken map[taking]*taken
}

// taken is what a session has taken, and must give back. Until it begins, its
// client's leaving ends it, too; from then on the hub tells of its end.
type taken struct{ release, forget func() }

// taking is one session's part. A connection may publish and play several streams.
type taking struct {
	session, stream string
	role            hub.Role
}

func newGuarded(next hub.Access, g *guard.Guard) *guarded {
	return &guarded{Access: next, guard: g, taken: make(map[taking]*taken)}
}

// Publish implements [hub.Access].
func (g *guarded) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	from := req.Remote.Addr()
	err := g.turnedAway(from)
	if err == nil && from.IsValid() {
		// Guessed keys look like names, so that nobody is looked at before.
		if wait := g.guard.Allowed(from); wait != nil {
			err = &hub.Refusal{Code: hub.Limit, Reason: wait.Error()}
		}
	}
	if err != nil {
		return hub.Grant{}, err
	}
	grant, err := g.Access.Publish(ctx, req)
	if err != nil {
		g.failed(from, err, strings.Join([]string{req.App, req.Name, req.Query.Get("key")}, "\x00"))
		return grant, err
	}
	if !from.IsValid() {
		return grant, nil // the server itself
	}
	key := grant.Owner
	if grant.Open {
		key = ""
	} else if err := g.guard.BannedKey(key); err != nil {
		return hub.Grant{}, &hub.Refusal{Code: hub.Forbidden, Stream: grant.Stream, Reason: err.Error()}
	} else {
		g.guard.Passed(from)
	}
	m := g.guard.Media(appOf(grant.Stream))
	grant.MaxBitrate = narrower(grant.MaxBitrate, m.Bitrate)
	grant.MaxWidth, grant.MaxHeight = narrower(grant.MaxWidth, m.Width), narrower(grant.MaxHeight, m.Height)
	if req.Session == "" || grant.Rehearse {
		return grant, nil
	}
	release, err := g.guard.Publisher(from, key, appOf(grant.Stream))
	if err != nil {
		return hub.Grant{}, &hub.Refusal{Code: hub.Limit, Stream: grant.Stream, Reason: err.Error()}
	}
	g.keep(ctx, taking{req.Session, grant.Stream, hub.Publisher}, release)
	return grant, nil
}

// Play implements [hub.Access].
func (g *guarded) Play(ctx context.Context, req *hub.PlayRequest) error {
	from := req.Remote.Addr()
	if req.FromOldest || !from.IsValid() {
		return g.Access.Play(ctx, req)
	}
	if err := g.turnedAway(from); err != nil {
		return err
	}
	if err := g.Access.Play(ctx, req); err != nil {
		return err
	}
	if req.Session == "" {
		return nil
	}
	release, err := g.guard.Viewer(from, appOf(req.Stream))
	if err != nil {
		return &hub.Refusal{Code: hub.Limit, Stream: req.Stream, Reason: err.Error()}
	}
	g.keep(ctx, taking{req.Session, req.Stream, hub.Player}, release)
	return nil
}

// viewer lets in who watches files, and has no session that the hub knows of.
func (g *guarded) viewer(stream string, from netip.Addr) (release func(), err error) {
	if release, err = g.guard.Viewer(from, appOf(stream)); err != nil {
		return nil, &hub.Refusal{Code: hub.Limit, Stream: stream, Reason: err.Error()}
	}
	return release, nil
}

// turnedAway refuses addresses that are banned.
func (g *guarded) turnedAway(from netip.Addr) error {
	if !from.IsValid() {
		return nil
	}
	if err := g.guard.Banned(from); err != nil {
		return &hub.Refusal{Code: hub.Forbidden, Reason: err.Error()}
	}
	return nil
}

// failed counts a refusal if it was for a key that is wrong. Tokens are signed: to
// guess one is as hard as to guess the key that signs.
func (g *guarded) failed(from netip.Addr, err error, shown string) {
	if refusal, ok := errors.AsType[*hub.Refusal](err); ok && refusal.Code == hub.BadKey && from.IsValid() {
		g.guard.Failed(from, "key", shown)
	}
}

// keep remembers what a session takes.
func (g *guarded) keep(ctx context.Context, t taking, release func()) {
	k := &taken{release: release}
	g.mu.Lock() // the client may be gone already
	stop := context.AfterFunc(ctx, func() { g.release(t, k) })
	k.forget = func() { stop() }
	before := g.taken[t]
	g.taken[t] = k
	g.mu.Unlock()
	if before != nil {
		before.forget()
		before.release()
	}
}

// release gives back what a session took; of is nil for whatever that is.
func (g *guarded) release(t taking, of *taken) {
	g.mu.Lock()
	k := g.taken[t]
	if k == nil || of != nil && k != of {
		g.mu.Unlock()
		return
	}
	delete(g.taken, t)
	g.mu.Unlock()
	k.forget()
	k.release()
}

// event gives back what a session took that the hub then refused.
func (g *guarded) event(e hub.Event) {
	switch e.Kind {
	case hub.PublishRefused:
		g.release(taking{e.Session, e.Stream, hub.Publisher}, nil)
	case hub.PlayRefused:
		g.release(taking{e.Session, e.Stream, hub.Player}, nil)
	default:
	}
}

// session is told of the beginning and the end of sessions.
func (g *guarded) session(c hub.SessionChange) {
	t := taking{c.ID, c.Stream, c.Role}
	if !c.Ended.IsZero() {
		g.release(t, nil)
		return
	}
	g.mu.Lock()
	k := g.taken[t]
	g.mu.Unlock()
	if k != nil {
		k.forget()
	}
}

// narrower is the lower of two limits, of which 0 is none.
func narrower[N int | int64](a, b N) N {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func appOf(stream string) string {
	app, _, _ := strings.Cut(stream, "/")
	return app
}
