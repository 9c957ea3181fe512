package ticket

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a verifier starts with.
type Options struct {
	Keys        []Key
	Issuers     []Issuer
	Revocations []Revocation
	// Log is told when the keys of an issuer stop or start again to be had; nil is
	// nobody.
	Log *slog.Logger
}

// Verifier decides about permissions. All methods may be called from any goroutine; none
// that decides waits for anything but the keys of an issuer.
type Verifier struct {
	log     *slog.Logger
	changes sync.Mutex // serializes the setters
	trust   atomic.Pointer[trust]
	revoked atomic.Pointer[revoked]
	seen    cache
}

// trust is who may sign. It is replaced and never changed.
type trust struct {
	keys    []Key
	issuers map[string]*issuer
}

// New returns a verifier. It fetches the keys of its issuers in the background.
// [Verifier.Close] must end it.
func New(o Options) (*Verifier, error) {
	v := &Verifier{log: o.Log}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	v.trust.Store(&trust{})
	if err := v.SetRevocations(o.Revocations); err != nil {
		return nil, err
	}
	if err := v.SetKeys(o.Keys); err != nil {
		return nil, err
	}
	if err := v.SetIssuers(o.Issuers); err != nil {
		return nil, err
	}
	return v, nil
}

// Close ends what fetches keys. The verifier decides on with what it has.
func (v *Verifier) Close() {
	v.changes.Lock()
	defer v.changes.Unlock()
	for _, i := range v.trust.Load().issuers {
		i.close()
	}
}

// SetKeys replaces the own keys. What the old ones signed is refused from now on,
// unless they are among the new.
func (v *Verifier) SetKeys(keys []Key) error {
	if err := CheckKeys(keys); err != nil {
		return err
	}
	v.changes.Lock()
	defer v.changes.Unlock()
	v.trust.Store(&trust{slices.Clone(keys), v.trust.Load().issuers})
	return nil
}

// SetIssuers replaces the issuers. One that is as before keeps its keys.
func (v *Verifier) SetIssuers(issuers []Issuer) error {
	if err := checkIssuers(issuers); err != nil {
		return err
	}
	v.changes.Lock()
	defer v.changes.Unlock()
	old := v.trust.Load()
	now := make(map[string]*issuer, len(issuers))
	for _, is := range issuers {
		if before := old.issuers[is.Name]; before != nil && before.Issuer.equal(is) {
			now[is.Name] = before
		} else {
			now[is.Name] = newIssuer(is, v.log)
		}
	}
	v.trust.Store(&trust{old.keys, now})
	for name, i := range old.issuers {
		if now[name] != i {
			i.close()
		}
	}
	for name, i := range now {
		if old.issuers[name] != i {
			i.fetch(time.Now())
		}
	}
	return nil
}

// SetRevocations replaces what is revoked.
func (v *Verifier) SetRevocations(list []Revocation) error {
	l := &revoked{}
	if err := l.add(time.Now(), list...); err != nil {
		return err
	}
	v.changes.Lock()
	defer v.changes.Unlock()
	v.revoked.Store(l)
	return nil
}

// Revoke takes permissions back, also of those who watch: see [Verifier.Check].
func (v *Verifier) Revoke(now time.Time, list ...Revocation) error {
	v.changes.Lock() // or the list could be replaced meanwhile
	defer v.changes.Unlock()
	return v.revoked.Load().add(now, list...)
}

// Revocations are those that still matter, by identifier: what has to be kept.
func (v *Verifier) Revocations(now time.Time) []Revocation { return v.revoked.Load().list(now) }

// Issuers tells how it stands with the keys of the issuers, by name.
func (v *Verifier) Issuers() []IssuerStatus {
	var all []IssuerStatus
	for _, i := range v.trust.Load().issuers {
		all = append(all, i.status())
	}
	slices.SortFunc(all, func(a, b IssuerStatus) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Verify lets a viewer in who shows a token for the stream, "app/name". The context
// and [maxWait] bound how long it waits for an issuer's keys; own keys are there.
// The error is one of this package's types.
func (v *Verifier) Verify(ctx context.Context, now time.Time, token, stream string, ip netip.Addr) (Claims, error) {
	c, err := v.readToken(ctx, now, token)
	if err == nil {
		err = v.judge(now, c, stream, ip)
	}
	if err != nil {
		return Claims{}, err
	}
	return c, nil
}

// judge decides about claims whose signature is good.
func (v *Verifier) judge(now time.Time, c Claims, stream string, ip netip.Addr) error {
	switch err := v.Check(now, c); {
	case err != nil:
		return err
	case !c.covers(stream):
		return &StreamError{c.Kind, stream}
	case !c.admits(ip):
		return &AddressError{c.Kind, ip}
	}
	return nil
}

// Check says whether what somebody was let in with, and watches by, is still
// good: it ends, may be revoked, and its key may be taken out of use. It takes less
// than a microsecond and waits for nothing, so that it can be asked of every viewer
// every few seconds. An *[UnavailableError] is no reason to send a viewer away.
func (v *Verifier) Check(now time.Time, c Claims) error {
	if err := v.trust.Load().has(now, c); err != nil {
		return err
	}
	switch {
	case !now.Before(c.Expires.Add(Leeway)):
		return &ExpiredError{c.Kind, c.Expires}
	case now.Before(c.NotBefore.Add(-Leeway)):
		return &EarlyError{c.Kind, c.NotBefore}
	case v.revoked.Load().has(c.ID):
		return &RevokedError{c.Kind, c.ID}
	}
	return nil
}

// has says whether the key that signed is still trusted.
func (t *trust) has(now time.Time, c Claims) error {
	known := false
	if c.Issuer == "" {
		known = slices.ContainsFunc(t.keys, func(k Key) bool { return k.ID == c.Key && k.good(now) })
	} else if i := t.issuers[c.Issuer]; i != nil {
		set := i.current(now)
		if set == nil {
			return &UnavailableError{i.Name, i.status().Err}
		}
		known = set.has(c.Key)
	}
	if !known {
		return &UnknownKeyError{c.Kind, c.Issuer, c.Key}
	}
	return nil
}
