package ticket

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var discard = log.New(io.Discard, "", 0)

func TestVerifyOfIssuer(t *testing.T) {
	pairs := allPairs(t)
	a := newAuthority(t, pairs...)
	v := newVerifier(t, Options{Issuers: []Issuer{a.issuer()}})
	now := time.Now()
	for _, p := range pairs {
		for range 2 { // the second time it is remembered
			c, err := v.Verify(t.Context(), now, p.sign(t, issued(now)), "live/cam1", viewer)
			if err != nil || c.Issuer != authorityName || c.Key != p.id || c.Subject != "live/cam1" {
				t.Errorf("%s: claims %+v, %v", p.id, c, err)
			}
		}
		noKid := p.signAs(t, nil, issued(now))
		if c, err := v.Verify(t.Context(), now, noKid, "live/cam1", viewer); err != nil || c.Key != p.id {
			t.Errorf("%s, not named: claims %+v, %v", p.id, c, err)
		}
	}
	if n := a.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
	if s := v.Issuers(); len(s) != 1 || s[0].Name != authorityName || s[0].Keys != len(pairs) || s[0].Fetched.IsZero() || s[0].Err != nil {
		t.Errorf("it stands %+v", s)
	}
}

func TestVerifyRefusesOfIssuer(t *testing.T) {
	now := time.Now()
	ed, rsa := ed25519Pair(t, "ed"), rsaPair(t, "rsa", jwt.SigningMethodRS256)
	a := newAuthority(t, ed, rsa, ecdsaPair(t, "ec", elliptic.P256(), jwt.SigningMethodES256))
	v := newVerifier(t, Options{Keys: []Key{key("k1")}, Issuers: []Issuer{a.issuer()}})
	claims := func(set object) object {
		c := issued(now)
		maps.Copy(c, set)
		return c
	}
	der, err := x509.MarshalPKIXPublicKey(rsa.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	for name, c := range map[string]struct {
		token string
		want  fits
	}{
		"no issuer":              {ed.sign(t, claims(object{"iss": nil})), as[*UnknownKeyError]},
		"another issuer":         {ed.sign(t, claims(object{"iss": "https://else.example"})), as[*UnknownKeyError]},
		"no audience":            {ed.sign(t, claims(object{"aud": nil})), as[*DamagedError]},
		"another audience":       {ed.sign(t, claims(object{"aud": "shop"})), as[*DamagedError]},
		"another's key":          {ed25519Pair(t, "ed").sign(t, claims(nil)), as[*DamagedError]},
		"an unknown key":         {ed25519Pair(t, "new").sign(t, claims(nil)), as[*UnknownKeyError]},
		"a key of another kind":  {ed.signAs(t, object{"kid": "rsa"}, claims(nil)), as[*DamagedError]},
		"another algorithm":      {rsaPair(t, "rsa", jwt.SigningMethodRS512).sign(t, claims(nil)), as[*DamagedError]},
		"an own key":             {handmade(t, object{"alg": "HS256", "kid": "ed"}, claims(nil), "x"), as[*UnknownKeyError]},
		"HS256 by public PEM":    {handmade(t, object{"alg": "HS256", "kid": "rsa"}, claims(nil), public), as[*UnknownKeyError]},
		"HS256 by public DER":    {handmade(t, object{"alg": "HS256"}, claims(nil), string(der)), as[*DamagedError]},
		"RS256 by HMAC":          {handmade(t, object{"alg": "RS256", "kid": "rsa"}, claims(nil), public), as[*DamagedError]},
		"no algorithm":           {handmade(t, object{"alg": "none", "kid": "ed"}, claims(nil), ""), as[*DamagedError]},
		"a key that it brings":   {ed25519Pair(t, "me").signAs(t, object{"kid": "me", "jwk": ed25519Pair(t, "me").jwk(t)}, claims(nil)), as[*UnknownKeyError]},
		"an address of its own":  {ed25519Pair(t, "me").signAs(t, object{"kid": "me", "jku": "https://evil.example/keys"}, claims(nil)), as[*UnknownKeyError]},
		"other claims, same sig": {regraft(t, ed.sign(t, claims(nil)), claims(object{"sub": "live/*"})), as[*DamagedError]},
		"ended":                  {ed.sign(t, claims(object{"exp": now.Add(-time.Hour).Unix()})), as[*ExpiredError]},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.Verify(t.Context(), now, c.token, "live/cam1", viewer)
			if err == nil || !c.want(err) || got != (Claims{}) {
				t.Fatalf("claims %+v, error %#v", got, err)
			}
			checkTellsNoSecret(t, err, c.token, key("k1"))
		})
	}
}

func regraft(t *testing.T, token string, claims object) string {
	t.Helper()
	parts := strings.Split(token, ".")
	return parts[0] + "." + claims.segment(t) + "." + parts[2]
}

// An issuer puts a new key beside the old one, signs with it at once, and takes the
// old one out some time later.
func TestIssuerRotates(t *testing.T) {
	now := time.Now()
	old, young := ed25519Pair(t, "old"), ed25519Pair(t, "young")
	a := newAuthority(t, old)
	v := newVerifier(t, Options{Issuers: []Issuer{a.issuer()}})
	settle(t, v)
	byOld, byYoung := old.sign(t, issued(now)), young.sign(t, issued(now))
	verify := func(at time.Duration, token string) (Claims, error) {
		return v.Verify(t.Context(), now.Add(at), token, "live/cam1", viewer)
	}
	watching, err := verify(0, byOld)
	if err != nil {
		t.Fatal(err)
	}

	a.publish(t, old, young)
	if _, err := verify(lookAgain+time.Second, byYoung); err != nil {
		t.Errorf("a key that was just published: %v", err)
	}
	if _, err := verify(lookAgain+time.Second, byOld); err != nil {
		t.Errorf("the key before it: %v", err)
	}

	a.publish(t, young)
	if _, err := verify(time.Minute, byOld); err != nil {
		t.Errorf("until the keys are fetched again, all are good: %v", err)
	}
	verify(lookAgain+time.Second+refreshAfter, byYoung) // has them fetched
	settle(t, v)
	if _, err := verify(refreshAfter+time.Minute, byOld); !as[*UnknownKeyError](err) {
		t.Errorf("a key that was taken out: %v", err)
	}
	if err := v.Check(now.Add(refreshAfter+time.Minute), watching); !as[*UnknownKeyError](err) {
		t.Errorf("who watches by a key that was taken out: %v", err)
	}
	if _, err := verify(refreshAfter+time.Minute, byYoung); err != nil {
		t.Errorf("the key that is left: %v", err)
	}
}

// An issuer that puts another key under the old name ends what was signed with the
// old one, also tokens that were seen before.
func TestIssuerReplacesAKey(t *testing.T) {
	now := time.Now()
	old, young := ed25519Pair(t, "key"), ed25519Pair(t, "key")
	a := newAuthority(t, old)
	v := newVerifier(t, Options{Issuers: []Issuer{a.issuer()}})
	token := old.sign(t, issued(now))
	verify := func(at time.Duration) error {
		_, err := v.Verify(t.Context(), now.Add(at), token, "live/cam1", viewer)
		settle(t, v)
		return err
	}
	if err := verify(0); err != nil {
		t.Fatal(err)
	}
	a.publish(t, young)
	verify(refreshAfter + time.Second) // has the keys fetched
	if err := verify(refreshAfter + time.Minute); !as[*DamagedError](err) {
		t.Errorf("a token of a key that was replaced: %v", err)
	}
}

// Keys that are fetched again and are the same do not make tokens be verified anew.
func TestSameKeysStay(t *testing.T) {
	now := time.Now()
	a := newAuthority(t, allPairs(t)...)
	v := newVerifier(t, Options{Issuers: []Issuer{a.issuer()}})
	settle(t, v)
	i := v.trust.Load().issuers[authorityName]
	before := i.current(now)
	i.current(now.Add(refreshAfter + time.Second))
	settle(t, v)
	if a.asked.Load() != 2 || before == nil || i.current(now.Add(refreshAfter+time.Second)) != before {
		t.Errorf("after %d answers they are others", a.asked.Load())
	}
}

// After a long quiet time the first viewer waits for fresh keys, since a key may
// have been taken out.
func TestIssuerAfterAQuietTime(t *testing.T) {
	now := time.Now()
	old, young := ed25519Pair(t, "old"), ed25519Pair(t, "young")
	a := newAuthority(t, old)
	v := newVerifier(t, Options{Issuers: []Issuer{a.issuer()}})
	token := old.sign(t, issued(now))
	if _, err := v.Verify(t.Context(), now, token, "live/cam1", viewer); err != nil {
		t.Fatal(err)
	}
	a.publish(t, young)
	if _, err := v.Verify(t.Context(), now.Add(waitAfter+time.Minute), token, "live/cam1", viewer); !as[*UnknownKeyError](err) {
		t.Errorf("a key that was taken out meanwhile: %v", err)
	}
}

// An issuer that is away keeps nobody out, for a time that has an end.
func TestIssuerIsAway(t *testing.T) {
	now := time.Now()
	p := ed25519Pair(t, "ed")
	a := newAuthority(t, p)
	var lines lockedBuffer
	v := newVerifier(t, Options{Issuers: []Issuer{a.issuer()}, Log: slog.New(slog.NewTextHandler(&lines, nil))})
	verify := func(at time.Duration) error {
		_, err := v.Verify(t.Context(), now.Add(at), p.sign(t, issued(now)), "live/cam1", viewer)
		settle(t, v)
		return err
	}
	if err := verify(0); err != nil {
		t.Fatal(err)
	}
	a.fail()
	for _, at := range []time.Duration{refreshAfter, time.Hour, 12 * time.Hour, staleAfter - time.Minute} {
		if err := verify(at); err != nil {
			t.Errorf("after %v: %v", at, err)
		}
	}
	if s := v.Issuers()[0]; s.Err == nil || s.Keys != 1 {
		t.Errorf("it stands %+v", s)
	}
	err := verify(staleAfter + time.Minute)
	if !as[*UnavailableError](err) || errors.Unwrap(err) == nil {
		t.Errorf("after %v: %v", staleAfter, err)
	}
	if n := strings.Count(lines.String(), "\n"); n != 1 || !strings.Contains(lines.String(), "502") {
		t.Errorf("the log has %d lines: %s", n, lines.String())
	}

	a.publish(t, p)
	verify(staleAfter + time.Hour)
	if err := verify(staleAfter + time.Hour); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	if n := strings.Count(lines.String(), "\n"); n != 2 {
		t.Errorf("the log has %d lines: %s", n, lines.String())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Whatever the address answers, it is an error and no key, in bounded memory and
// time.
func TestHostileIssuer(t *testing.T) {
	p := ed25519Pair(t, "ed")
	good := jwkSet(t, p)
	elsewhere := newAuthority(t, p)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		say    string
	}{
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			for block := []byte(strings.Repeat(" ", 1<<16)); ; {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, "longer"},
		"zipped": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zeros())
		}, "longer"},
		"slow": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte(" "))
				http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
			panic(http.ErrAbortHandler) // or the answer would be whole, if it still arrives
		}, "deadline"},
		"silent": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline"},
		"long headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			w.Write(good)
		}, "header"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			w.Write(good)
		}, "EOF"},
		"a redirect":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "302"},
		"not there":   {http.NotFound, "404"},
		"no content":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "204"},
		"a page":      {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, "no JWK set"},
		"wrong types": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[{"kty":["RSA"]},1,null]}`) }, "no key that can be used"},
		"private keys": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)
		}, "no key that can be used"},
		"a panic": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t)
			a.serve(c.answer)
			f := newFetcher(a.issuer())
			f.client.Timeout = 300 * time.Millisecond
			if c.say != "deadline" {
				f.client.Timeout = 20 * time.Second
			}
			set, err := f.fetch(t.Context())
			if err == nil || set != nil {
				t.Fatalf("it is taken: %v", set)
			}
			if !strings.Contains(err.Error(), c.say) {
				t.Errorf("%q does not say %q", err, c.say)
			}
		})
	}
	if n := elsewhere.asked.Load(); n > 0 {
		t.Errorf("a redirect was followed")
	}
}

// A certificate of nobody that is trusted is no issuer's.
func TestIssuerNeedsItsCertificate(t *testing.T) {
	a := newAuthority(t, ed25519Pair(t, "ed"))
	i := a.issuer()
	i.Roots = x509.NewCertPool()
	if _, err := newFetcher(i).fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "x509") {
		t.Errorf("its keys are taken: %v", err)
	}
	if n := a.asked.Load(); n > 0 {
		t.Error("it was asked")
	}
}

func TestIssuerCheck(t *testing.T) {
	good := Issuer{Name: "shop", URL: "https://shop.example/keys"}
	if err := checkIssuers([]Issuer{good, {Name: "other", URL: good.URL}}); err != nil {
		t.Error(err)
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for name, list := range map[string][]Issuer{
		"no name":      {{URL: good.URL}},
		"twice":        {good, good},
		"plain HTTP":   {{Name: "shop", URL: plain.URL}},
		"no address":   {{Name: "shop"}},
		"a file":       {{Name: "shop", URL: "file:///etc/keys"}},
		"no host":      {{Name: "shop", URL: "https:///keys"}},
		"a password":   {{Name: "shop", URL: "https://ada:lovelace@shop.example/keys"}},
		"a broken URL": {{Name: "shop", URL: "https://shop.example:port/"}},
	} {
		_, err := New(Options{Issuers: list})
		if err == nil {
			t.Errorf("%s: it is taken", name)
		} else if strings.Contains(err.Error(), "lovelace") {
			t.Errorf("the error has the password: %v", err)
		}
	}
}

// Who stays keeps its keys; who goes is asked no more.
func TestSetIssuers(t *testing.T) {
	now := time.Now()
	p := ed25519Pair(t, "ed")
	a, b := newAuthority(t, p), newAuthority(t, p)
	stays := a.issuer()
	goes := b.issuer()
	goes.Name = "https://goes.example"
	v := newVerifier(t, Options{Issuers: []Issuer{stays, goes}})
	settle(t, v)
	claims := issued(now)
	claims["iss"] = goes.Name
	byStays, byGoes := p.sign(t, issued(now)), p.sign(t, claims)
	for _, token := range []string{byStays, byGoes} {
		if _, err := v.Verify(t.Context(), now, token, "live/cam1", viewer); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.SetIssuers([]Issuer{a.issuer()}); err != nil { // with authorities that were read anew
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), now, byStays, "live/cam1", viewer); err != nil {
		t.Errorf("of who stays: %v", err)
	}
	if _, err := v.Verify(t.Context(), now, byGoes, "live/cam1", viewer); !as[*UnknownKeyError](err) {
		t.Errorf("of who goes: %v", err)
	}
	if n := a.asked.Load(); n != 1 {
		t.Errorf("who stays was asked %d times", n)
	}
	if s := v.Issuers(); len(s) != 1 || s[0].Name != stays.Name {
		t.Errorf("the issuers are %v", s)
	}

	moved := newAuthority(t, ed25519Pair(t, "new")).issuer()
	if err := v.SetIssuers([]Issuer{moved}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), now, byStays, "live/cam1", viewer); !as[*UnknownKeyError](err) {
		t.Errorf("after its keys have moved: %v", err)
	}
}

func TestCloseEndsAFetch(t *testing.T) {
	a := newAuthority(t)
	asked := make(chan struct{})
	a.serve(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	v := newVerifier(t, Options{Issuers: []Issuer{a.issuer()}})
	<-asked
	v.Close() // and is called again by the clean-up
	if s := v.Issuers()[0]; !errors.Is(s.Err, context.Canceled) {
		t.Errorf("it stands %+v", s)
	}
}

// transport is an issuer in memory, for tests with a clock of their own.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// inMemory returns a verifier whose issuer answers with the given function. Its first
// fetch has ended.
func inMemory(t *testing.T, answer transport) *Verifier {
	t.Helper()
	v := newVerifier(t, Options{})
	i := newIssuer(Issuer{Name: authorityName, URL: "https://shop.example/keys"}, v.log)
	i.fetcher.client.Transport = answer
	v.trust.Store(&trust{issuers: map[string]*issuer{i.Name: i}})
	i.fetch(time.Now())
	synctest.Wait()
	return v
}

func ok(set []byte) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(set))}, nil
}

// Everybody can make up the name of a key. That costs the issuer little.
func TestMadeUpKeysAreLookedForSeldom(t *testing.T) {
	p, forged := ed25519Pair(t, "ed"), ed25519Pair(t, "forged")
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		set := jwkSet(t, p)
		v := inMemory(t, func(*http.Request) (*http.Response, error) {
			asked++
			return ok(set)
		})
		began := time.Now()
		for range 300 { // a second apart
			if _, err := v.Verify(t.Context(), time.Now(), forged.sign(t, issued(time.Now())), "live/cam1", viewer); !as[*UnknownKeyError](err) {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if most := int(time.Since(began)/lookAgain) + 1; asked > most || asked < 2 {
			t.Errorf("the issuer was asked %d times in %v", asked, time.Since(began))
		}
	})
}

// An issuer that is down is not asked by each viewer anew.
func TestFailuresAreRetriedLaterAndLater(t *testing.T) {
	p := ed25519Pair(t, "ed")
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		began := time.Now()
		v := inMemory(t, func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(began))
			return nil, errors.New("it is down")
		})
		for range 1200 {
			if _, err := v.Verify(t.Context(), time.Now(), p.sign(t, issued(time.Now())), "live/cam1", viewer); !as[*UnavailableError](err) {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		want := []time.Duration{0, 5, 15, 35, 75, 155, 315, 615, 915}
		if len(at) != len(want) {
			t.Fatalf("it was asked at %v", at)
		}
		for n := range want {
			if at[n] != want[n]*time.Second {
				t.Errorf("try %d was at %v, not %v", n, at[n], want[n]*time.Second)
			}
		}
	})
}

// A viewer waits for keys, but not for ever; nobody waits for keys that are there.
func TestViewersWaitForKeysForABoundedTime(t *testing.T) {
	p := ed25519Pair(t, "ed")
	synctest.Test(t, func(t *testing.T) {
		set := jwkSet(t, p)
		var slow atomic.Int64
		answer := func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Duration(slow.Load())):
				return ok(set)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		v := inMemory(t, answer)
		verify := func(p pair) (time.Duration, error) {
			began := time.Now()
			_, err := v.Verify(t.Context(), began, p.sign(t, issued(began)), "live/cam1", viewer)
			return time.Since(began), err
		}

		slow.Store(int64(2 * time.Second))
		time.Sleep(refreshAfter)
		if took, err := verify(p); err != nil || took != 0 {
			t.Errorf("while keys are renewed it took %v, %v", took, err)
		}
		time.Sleep(waitAfter + time.Minute)
		if took, err := verify(p); err != nil || took != 2*time.Second {
			t.Errorf("after a quiet time it took %v, %v", took, err)
		}
		slow.Store(int64(time.Hour))
		time.Sleep(time.Minute)
		if took, err := verify(ed25519Pair(t, "new")); !as[*UnknownKeyError](err) || took != maxWait {
			t.Errorf("for an unknown key it took %v, %v", took, err)
		}
		time.Sleep(waitAfter + time.Minute)
		if took, err := verify(p); err != nil || took != 0 {
			t.Errorf("while the issuer is known to be away it took %v, %v", took, err)
		}
		time.Sleep(staleAfter + time.Hour)
		if took, err := verify(p); !as[*UnavailableError](err) || took != maxWait {
			t.Errorf("for an issuer that hangs it took %v, %v", took, err)
		}
		time.Sleep(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := v.Verify(ctx, began, p.sign(t, issued(began)), "live/cam1", viewer)
		if took := time.Since(began); !as[*UnavailableError](err) || took != time.Second {
			t.Errorf("for a viewer in a hurry it took %v, %v", took, err)
		}
	})
}

// Many viewers, changing keys and revocations at once: for the race detector, and to
// see that a good token is never refused meanwhile.
func TestAtOnce(t *testing.T) {
	now := time.Now()
	p, k := ed25519Pair(t, "ed"), key("k1")
	a := newAuthority(t, p)
	v := newVerifier(t, Options{Keys: []Key{k}, Issuers: []Issuer{a.issuer()}})
	own := issue(t, k, Claims{Subject: "live/cam1", Expires: now.Add(48 * time.Hour)})
	foreign := p.sign(t, issued(now))
	query := link(t, k, Claims{Subject: "live/cam1", Expires: now.Add(48 * time.Hour)})
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for step := range 200 {
				at := now.Add(time.Duration(step) * time.Minute / 10)
				for _, token := range []string{own, foreign} {
					c, err := v.Verify(t.Context(), at, token, "live/cam1", viewer)
					if err == nil {
						err = v.Check(at, c)
					}
					if err != nil {
						t.Error(err)
					}
				}
				if _, err := v.VerifyLink(at, "live/cam1", query, viewer); err != nil {
					t.Error(err)
				}
				switch n {
				case 0:
					v.SetKeys([]Key{k, NewKey()})
				case 1:
					v.Revoke(at, Revocation{"other", at.Add(time.Second)})
					v.Revocations(at)
				case 2:
					v.SetIssuers([]Issuer{a.issuer(), {Name: "other", URL: "https://127.0.0.1:1/keys"}})
					v.Issuers()
				}
			}
		})
	}
	all.Wait()
}
