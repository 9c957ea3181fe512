package ticket

import (
	"crypto/elliptic"
	"fmt"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// crowded returns a verifier as full as it may be.
func crowded(b testing.TB, k Key, pairs ...pair) *Verifier {
	b.Helper()
	keys := make([]Key, maxKeys)
	for i := range keys {
		keys[i] = key(fmt.Sprint(i))
	}
	keys[maxKeys-1] = k
	v := withoutNetwork(b, keys, pairs...)
	list := make([]Revocation, maxRevocations)
	for i := range list {
		list[i].ID = fmt.Sprint(i)
	}
	if err := v.SetRevocations(list); err != nil {
		b.Fatal(err)
	}
	return v
}

// BenchmarkVerify is of tokens that come for the first time, and, as cached, of those
// that were seen before.
func BenchmarkVerify(b *testing.B) {
	k := key("k1")
	pairs := []pair{
		ed25519Pair(b, "ed"),
		ecdsaPair(b, "ec", elliptic.P256(), jwt.SigningMethodES256),
		rsaPair(b, "rsa", jwt.SigningMethodRS256),
	}
	v := crowded(b, k, pairs...)
	tokens := map[string]string{"HS256": issue(b, k, Claims{Subject: "live/cam1", Expires: fuzzTime.Add(time.Hour)})}
	for _, p := range pairs {
		tokens[p.method.Alg()] = p.sign(b, issued(fuzzTime))
	}
	for _, alg := range []string{"HS256", "EdDSA", "ES256", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			t := v.trust.Load()
			for b.Loop() {
				if _, err := t.verify(b.Context(), fuzzTime, tokens[alg]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(alg+"/cached", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), fuzzTime, tokens[alg], "live/cam1", viewer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The key of a link is the last that is tried.
func BenchmarkVerifyLink(b *testing.B) {
	k := key("k1")
	v := crowded(b, k, ed25519Pair(b, "ed"))
	q := link(b, k, Claims{Subject: "live/cam1", Expires: fuzzTime.Add(time.Hour)})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.VerifyLink(fuzzTime, "live/cam1", q, viewer); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	k, p := key("k1"), ed25519Pair(b, "ed")
	v := crowded(b, k, p)
	for name, token := range map[string]string{
		"own":    issue(b, k, Claims{Subject: "live/cam1", Expires: fuzzTime.Add(time.Hour)}),
		"issuer": p.sign(b, issued(fuzzTime)),
	} {
		c, err := v.Verify(b.Context(), fuzzTime, token, "live/cam1", viewer)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := v.Check(fuzzTime, c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
