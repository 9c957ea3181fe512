package ticket

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// fuzzTime is when all of it happens, so that seeds stay good.
var fuzzTime = time.Unix(1800000000, 0).UTC()

// withoutNetwork returns a verifier with own keys and an issuer that has these keys
// for good.
func withoutNetwork(t testing.TB, keys []Key, pairs ...pair) *Verifier {
	t.Helper()
	v := newVerifier(t, Options{Keys: keys})
	i := newIssuer(Issuer{Name: authorityName, URL: "https://shop.example/keys"}, v.log)
	set, err := parseKeySet(jwkSet(t, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	i.set, i.fetched, i.closed = set, fuzzTime, true
	v.trust.Store(&trust{keys: keys, issuers: map[string]*issuer{i.Name: i}})
	return v
}

func typed(err error) bool {
	return slices.ContainsFunc([]fits{
		as[*ExpiredError], as[*EarlyError], as[*StreamError], as[*AddressError], as[*RevokedError],
		as[*UnknownKeyError], as[*UnavailableError], as[*DamagedError],
	}, func(is fits) bool { return is(err) })
}

// No text but the very tokens that were signed opens anything.
func FuzzVerify(f *testing.F) {
	// The same in all processes of the fuzzer.
	k, p := key("k1"), pair{"ed", jwt.SigningMethodEdDSA, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	v := withoutNetwork(f, []Key{key("k0"), k}, p)
	good := []string{
		issue(f, k, Claims{Subject: "live/cam1", Expires: fuzzTime.Add(time.Hour)}),
		issue(f, k, Claims{Subject: "live/*", Expires: fuzzTime.Add(time.Hour), ID: "visit"}),
		p.sign(f, issued(fuzzTime)),
	}
	for _, token := range good {
		f.Add(token)
		part := strings.Split(token, ".")
		f.Add(segment([]byte(`{"alg":"none"}`)) + "." + part[1] + ".")
		f.Add(part[0] + "." + part[1] + "." + part[2] + "=")
		f.Add(part[0] + "." + part[1] + "\n." + part[2])
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), fuzzTime, token, "live/cam1", viewer)
		switch {
		case err == nil && !slices.Contains(good, token):
			t.Fatalf("a token that nobody signed is good for %+v", c)
		case err != nil && slices.Contains(good, token):
			t.Fatal(err)
		case err != nil && !typed(err):
			t.Fatalf("an error of no type of ours: %#v", err)
		}
	})
}

// Whatever claims somebody signs, those that are taken are sound, and mean the same
// when they are issued again.
func FuzzClaims(f *testing.F) {
	k := key("k1")
	v := withoutNetwork(f, []Key{k}, ed25519Pair(f, "ed"))
	for _, s := range []string{
		`{"sub":"live/cam1","exp":1800003600}`,
		`{"sub":"live/*","exp":1.8000036e9,"nbf":1800000000.5,"jti":"visit","ip":"203.0.113.0/24","aud":["millrace"]}`,
		`{"sub":"live/cam1","exp":1e300,"ip":"::ffff:203.0.113.7"}`,
		`{"sub":"live/cam1","exp":1,"exp":1800003600}`,
		`null`, `[]`, `{}`, `{"sub":{}}`,
	} {
		f.Add([]byte(s))
	}
	header := object{"alg": "HS256", "kid": "k1"}.segment(f)
	signer := newSigner(f, k)
	f.Fuzz(func(t *testing.T, text []byte) {
		signed := header + "." + segment(text)
		c, err := v.readToken(t.Context(), fuzzTime, signed+"."+segment(sum(k.Secret.Reveal(), signed)))
		if err != nil {
			if !as[*DamagedError](err) {
				t.Fatalf("an error of another type: %#v", err)
			}
			return
		}
		if err := c.check(); err != nil || c.Expires.Unix() > maxSeconds || c.Expires.Unix() <= 0 || c.ID == "" {
			t.Fatalf("unsound claims %+v, %v", c, err)
		}
		token, err := signer.Issue(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := v.readToken(t.Context(), fuzzTime, token)
		if err != nil || again != c {
			t.Fatalf("%+v became %+v, %v", c, again, err)
		}
	})
}

// No query but the links that were signed opens anything, whatever else is in it.
func FuzzVerifyLink(f *testing.F) {
	k := key("k1")
	v := withoutNetwork(f, []Key{k}, ed25519Pair(f, "ed"))
	ip, err := parseIP(viewer.String())
	if err != nil {
		f.Fatal(err)
	}
	end := fuzzTime.Add(time.Hour)
	good := []url.Values{
		link(f, k, Claims{Subject: "live/cam1", Expires: end}),
		link(f, k, Claims{Subject: "live/cam1", Expires: end, IP: ip}),
	}
	for _, q := range good {
		f.Add("live/cam1", q.Encode())
		f.Add("live/cam1", q.Encode()+"&exp=9999999999&x=%zz;")
		f.Add("live/cam1?exp=1", q.Encode())
	}
	f.Fuzz(func(t *testing.T, stream, text string) {
		q, _ := url.ParseQuery(text) // what could be read counts, as in net/http
		c, err := v.VerifyLink(fuzzTime, stream, q, viewer)
		if err != nil {
			if !typed(err) {
				t.Fatalf("an error of no type of ours: %#v", err)
			}
			return
		}
		q.Set("sig", strings.ToLower(q.Get("sig")))
		if stream != "live/cam1" || !slices.ContainsFunc(good, func(g url.Values) bool {
			return g.Get("exp") == q.Get("exp") && g.Get("ip") == q.Get("ip") && g.Get("sig") == q.Get("sig")
		}) {
			t.Fatalf("a link that nobody signed is good for %+v", c)
		}
	})
}

// What is taken from an issuer are keys with one public algorithm each, and few.
func FuzzKeySet(f *testing.F) {
	for _, p := range allPairs(f) {
		f.Add(jwkSet(f, p))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[[[[[[]]]]]]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := parseKeySet(text)
		if err != nil {
			return
		}
		if n := len(set.keys); n == 0 || n > maxIssued {
			t.Fatalf("%d keys", n)
		}
		if !json.Valid(text) {
			t.Fatal("keys from what is no JSON")
		}
		for _, k := range set.keys {
			if !slices.Contains(publicMethods, k.method) || len(k.id) > maxID {
				t.Fatalf("the key %+v", k)
			}
			// A key that breaks what uses it would break it for every viewer.
			if err := k.method.Verify("a.b", make([]byte, 64), k.key); err == nil || errors.Is(err, jwt.ErrInvalidKeyType) {
				t.Fatalf("%s with the key %q: %v", k.method.Alg(), k.id, err)
			}
		}
	})
}
