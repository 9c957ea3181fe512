package ticket

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// pair is a key of an issuer, both halves.
type pair struct {
	id      string
	method  jwt.SigningMethod
	private crypto.Signer
}

func ed25519Pair(t testing.TB, id string) pair {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pair{id, jwt.SigningMethodEdDSA, k}
}

func ecdsaPair(t testing.TB, id string, c elliptic.Curve, m jwt.SigningMethod) pair {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pair{id, m, k}
}

// One RSA key is enough for all tests, since making one is slow.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func rsaPair(t testing.TB, id string, m jwt.SigningMethod) pair {
	t.Helper()
	k, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return pair{id, m, k}
}

// jwk is the public half, without alg.
func (p pair) jwk(t testing.TB) object {
	t.Helper()
	o := object{"kid": p.id, "use": "sig"}
	switch k := p.private.Public().(type) {
	case ed25519.PublicKey:
		o["kty"], o["crv"], o["x"] = "OKP", "Ed25519", segment(k)
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		size := len(point) / 2
		o["kty"], o["crv"] = "EC", k.Curve.Params().Name
		o["x"], o["y"] = segment(point[1:1+size]), segment(point[1+size:])
	case *rsa.PublicKey:
		o["kty"], o["n"], o["e"] = "RSA", segment(k.N.Bytes()), segment(big.NewInt(int64(k.E)).Bytes())
	}
	return o
}

func (p pair) sign(t testing.TB, claims object) string {
	t.Helper()
	return p.signAs(t, object{"kid": p.id}, claims)
}

func (p pair) signAs(t testing.TB, header, claims object) string {
	t.Helper()
	token := jwt.NewWithClaims(p.method, jwt.MapClaims(claims))
	maps.Copy(token.Header, header)
	s, err := token.SignedString(p.private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func jwkSet(t testing.TB, pairs ...pair) []byte {
	t.Helper()
	set := object{"keys": []object{}}
	for _, p := range pairs {
		set["keys"] = append(set["keys"].([]object), p.jwk(t))
	}
	b, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// authority is an issuer: a server of HTTPS that publishes keys.
type authority struct {
	*httptest.Server
	asked  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

const authorityName = "https://shop.example"

func newAuthority(t testing.TB, pairs ...pair) *authority {
	t.Helper()
	a := &authority{}
	a.publish(t, pairs...)
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		(*a.answer.Load())(w, r)
	}))
	a.Config.ErrorLog = discard
	a.StartTLS()
	t.Cleanup(a.Close)
	return a
}

func (a *authority) publish(t testing.TB, pairs ...pair) {
	t.Helper()
	set := jwkSet(t, pairs...)
	a.serve(func(w http.ResponseWriter, _ *http.Request) { w.Write(set) })
}

func (a *authority) serve(h http.HandlerFunc) { a.answer.Store(&h) }

func (a *authority) fail() {
	a.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
}

func (a *authority) issuer() Issuer {
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate())
	return Issuer{Name: authorityName, URL: a.URL + "/keys", Roots: roots}
}

// issued are good claims of an issuer.
func issued(now time.Time) object {
	return object{"iss": authorityName, "aud": Audience, "sub": "live/cam1", "exp": now.Add(48 * time.Hour).Unix()}
}

// settle waits for the fetch that is under way, as nobody who watches would.
func settle(t testing.TB, v *Verifier) {
	t.Helper()
	for _, i := range v.trust.Load().issuers {
		i.mu.Lock()
		under := i.fetching
		i.mu.Unlock()
		if under != nil {
			<-under
		}
	}
}

// zeros are 4 MiB of blanks, zipped.
func zeros() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 4 {
		z.Write(block)
	}
	z.Close()
	return b.Bytes()
}
