package ticket

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer signs tokens with private keys of its own. Its public keys are read from
// an address, as a JWK set.
type Issuer struct {
	// Name is the iss of its tokens.
	Name string
	// URL is where the JWK set is. It is of https, and answers without a redirect.
	URL string
	// Roots are the authorities that may vouch for that address; nil are those of
	// the system.
	Roots *x509.CertPool
}

func (i Issuer) check() error {
	u, err := url.Parse(i.URL)
	switch {
	case i.Name == "":
		return errors.New("an issuer of tokens has no name: give it the iss of its tokens")
	case err != nil || u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("the address of the keys of %s must be of https: who can change the answer can let anybody in", i.Name)
	case u.User != nil:
		return fmt.Errorf("the address of the keys of %s must not hold a password: public keys need none", i.Name)
	}
	return nil
}

// equal looks into the authorities, which a reload reads anew.
func (i Issuer) equal(other Issuer) bool {
	return i.Name == other.Name && i.URL == other.URL && i.Roots.Equal(other.Roots)
}

func checkIssuers(issuers []Issuer) error {
	for n, i := range issuers {
		if err := i.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(issuers[:n], func(other Issuer) bool { return other.Name == i.Name }) {
			return fmt.Errorf("two issuers of tokens have the name %s", i.Name)
		}
	}
	return nil
}

// How long keys are good, by the age of the answer that brought them.
const (
	// refreshAfter is when they are fetched again, while the old ones serve.
	refreshAfter = 10 * time.Minute
	// waitAfter is when viewers wait for that: nobody came for so long that a key
	// may have been taken out meanwhile.
	waitAfter = 20 * time.Minute
	// staleAfter is when they are good no more. Until then an issuer that is away
	// keeps no viewer out.
	staleAfter = 24 * time.Hour
)

const (
	// A token of an unknown key is a reason to look again, but no more often than
	// that: anybody can make one up.
	lookAgain = 30 * time.Second
	// After failures the next try comes later and later.
	firstRetry, lastRetry = 5 * time.Second, 5 * time.Minute
	// maxWait is how long a viewer waits for keys.
	maxWait = 3 * time.Second
)

// IssuerStatus tells how it stands with the keys of an issuer.
type IssuerStatus struct {
	Name    string
	Keys    int
	Fetched time.Time // zero: never
	Err     error     // of the last try
}

// issuer keeps the keys of one. Time is that of whoever asks.
type issuer struct {
	Issuer
	fetcher *fetcher
	log     *slog.Logger
	ctx     context.Context // ends with close
	cancel  context.CancelFunc

	mu       sync.Mutex
	set      *keySet
	fetched  time.Time // when set was asked for
	tried    time.Time // when the last try began
	failures int       // in a row
	err      error
	fetching chan struct{} // closed when the try that is under way ends; nil: none is
	closed   bool
}

func newIssuer(is Issuer, log *slog.Logger) *issuer {
	i := &issuer{Issuer: is, fetcher: newFetcher(is), log: log}
	i.ctx, i.cancel = context.WithCancel(context.Background())
	return i
}

// close ends what is under way and waits for it.
func (i *issuer) close() {
	i.mu.Lock()
	i.closed = true
	under := i.fetching
	i.mu.Unlock()
	i.cancel()
	if under != nil {
		<-under
	}
}

func (i *issuer) status() IssuerStatus {
	i.mu.Lock()
	defer i.mu.Unlock()
	s := IssuerStatus{Name: i.Name, Fetched: i.fetched, Err: i.err}
	if i.set != nil {
		s.Keys = len(i.set.keys)
	}
	return s
}

// verify returns the key that signed, as a name and as a part of a set.
func (i *issuer) verify(
	ctx context.Context, now time.Time, kid string, m jwt.SigningMethod, signed string, signature []byte,
) (string, *keySet, error) {
	set := i.current(now)
	if set == nil || i.mayBeOld(now) {
		set = i.await(ctx, now)
	}
	if set == nil {
		return "", nil, &UnavailableError{i.Name, i.status().Err}
	}
	k, ok := set.find(kid, m)
	if !ok && i.look(now) {
		if set = i.await(ctx, now); set != nil {
			k, ok = set.find(kid, m)
		}
	}
	switch {
	case !ok && set != nil && kid != "" && set.has(kid):
		return "", nil, &DamagedError{Token, "its alg is not the one that its key is for"}
	case !ok:
		return "", nil, &UnknownKeyError{Token, i.Name, kid}
	}
	if m.Verify(signed, signature, k.key) != nil {
		return "", nil, errSignature
	}
	return k.id, set, nil
}

// current returns the keys as far as they are good, and sees to it that they are
// renewed.
func (i *issuer) current(now time.Time) *keySet {
	i.mu.Lock()
	defer i.mu.Unlock()
	age := now.Sub(i.fetched)
	if i.set == nil || age >= refreshAfter {
		i.tryAgain(now, 0)
	}
	if i.set == nil || age >= staleAfter {
		return nil
	}
	return i.set
}

// mayBeOld reports whether the keys should be renewed before they are used. When
// the issuer is known to be away, nobody waits for it.
func (i *issuer) mayBeOld(now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return now.Sub(i.fetched) >= waitAfter && i.failures == 0
}

// look has the keys fetched because one is missing, unless that was tried a
// moment ago. It reports whether there is something to wait for.
func (i *issuer) look(now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tryAgain(now, lookAgain)
	return i.fetching != nil
}

// fetch has the keys fetched now.
func (i *issuer) fetch(now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tryAgain(now, 0)
}

// await waits for the try that is under way, if there is one.
func (i *issuer) await(ctx context.Context, now time.Time) *keySet {
	i.mu.Lock()
	under := i.fetching
	i.mu.Unlock()
	if under != nil {
		limit := time.NewTimer(maxWait)
		defer limit.Stop()
		select {
		case <-under:
		case <-limit.C:
		case <-ctx.Done():
		}
	}
	return i.current(now)
}

// tryAgain begins a fetch unless one is under way or the last one began too short
// ago. The caller holds the lock.
func (i *issuer) tryAgain(now time.Time, pause time.Duration) {
	pause = max(pause, backOff(i.failures))
	if i.closed || i.fetching != nil || !i.tried.IsZero() && now.Sub(i.tried) < pause {
		return
	}
	i.tried = now
	done := make(chan struct{})
	i.fetching = done
	go func() {
		set, err := i.fetcher.fetch(i.ctx)
		i.arrived(now, set, err)
		close(done)
	}()
}

func backOff(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return min(firstRetry<<min(failures-1, 10), lastRetry)
}

// arrived takes in the answer to a fetch that began at a time.
func (i *issuer) arrived(began time.Time, set *keySet, err error) {
	i.mu.Lock()
	failures := i.failures
	i.fetching, i.err = nil, err
	if err != nil {
		i.failures++
	} else {
		i.failures, i.fetched = 0, began
		// Verified tokens are remembered by the set that they were verified with.
		if !set.equal(i.set) {
			i.set = set
		}
	}
	i.mu.Unlock()
	switch {
	case i.ctx.Err() != nil:
	case err != nil && failures == 0:
		i.log.Warn("the keys of an issuer of tokens cannot be fetched", "issuer", i.Name, "err", err)
	case err == nil && failures > 0:
		i.log.Info("the keys of an issuer of tokens can be fetched again", "issuer", i.Name)
	}
}
