package ticket

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// maxIssued bounds how many keys of an issuer are looked at.
	maxIssued = 64
	// RSA below is broken; above, one signature would cost too much.
	minRSA, maxRSA = 2048, 8192
)

// publicMethods are the algorithms that a public key may have.
var publicMethods = []jwt.SigningMethod{
	jwt.SigningMethodEdDSA,
	jwt.SigningMethodES256, jwt.SigningMethodES384, jwt.SigningMethodES512,
	jwt.SigningMethodRS256, jwt.SigningMethodRS384, jwt.SigningMethodRS512,
	jwt.SigningMethodPS256, jwt.SigningMethodPS384, jwt.SigningMethodPS512,
}

// publicKey is a key of an issuer and the one algorithm that it may be used with.
type publicKey struct {
	id     string
	method jwt.SigningMethod
	key    crypto.PublicKey
}

// keySet is what an issuer published. It never changes.
type keySet struct{ keys []publicKey }

// find returns the key by that name which has the algorithm. A token need not
// name it where there is but one.
func (s *keySet) find(id string, method jwt.SigningMethod) (publicKey, bool) {
	var found []publicKey
	for _, k := range s.keys {
		if k.method == method && (id == "" || k.id == id) {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return publicKey{}, false
	}
	return found[0], true
}

func (s *keySet) has(id string) bool {
	return slices.ContainsFunc(s.keys, func(k publicKey) bool { return k.id == id })
}

func (s *keySet) equal(other *keySet) bool {
	return other != nil && slices.EqualFunc(s.keys, other.keys, func(a, b publicKey) bool {
		same, ok := a.key.(interface{ Equal(x crypto.PublicKey) bool })
		return ok && a.id == b.id && a.method == b.method && same.Equal(b.key)
	})
}

// jwk is a JSON Web Key (RFC 7517, RFC 7518, 6, RFC 8037).
type jwk struct {
	Type       string   `json:"kty"`
	ID         string   `json:"kid"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	Curve      string   `json:"crv"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
	N          string   `json:"n"`
	E          string   `json:"e"`
}

// parseKeySet reads a JWK set. Keys that are not for us or not understood are passed over
// (RFC 7517, 5), but one at least must be left.
func parseKeySet(text []byte) (*keySet, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, errors.New("the answer is no JWK set")
	}
	if len(doc.Keys) > maxIssued {
		return nil, fmt.Errorf("the JWK set has more than %d keys", maxIssued)
	}
	s := &keySet{}
	var why error
	for _, raw := range doc.Keys {
		k, err := parseKey(raw)
		switch {
		case err != nil:
			why = err
		case slices.ContainsFunc(s.keys, func(o publicKey) bool { return o.id == k.id && o.method == k.method }):
			return nil, fmt.Errorf("the JWK set has two keys %q for %s", k.id, k.method.Alg())
		default:
			s.keys = append(s.keys, k)
		}
	}
	switch {
	case len(s.keys) > 0:
		return s, nil
	case why != nil:
		return nil, fmt.Errorf("the JWK set has no key that can be used: %w", why)
	default:
		return nil, errors.New("the JWK set is empty")
	}
}

func parseKey(raw []byte) (publicKey, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return publicKey{}, errors.New("a key is none")
	}
	switch {
	case len(j.ID) > maxID:
		return publicKey{}, fmt.Errorf("a kid is longer than %d bytes", maxID)
	case j.Use != "" && j.Use != "sig", j.Operations != nil && !slices.Contains(j.Operations, "verify"):
		return publicKey{}, fmt.Errorf("the key %q is not for signatures", j.ID)
	}
	key, methods, err := j.public()
	if err != nil {
		return publicKey{}, fmt.Errorf("the key %q: %w", j.ID, err)
	}
	for _, m := range methods {
		if j.Algorithm == "" || j.Algorithm == m.Alg() {
			return publicKey{j.ID, m, key}, nil
		}
	}
	return publicKey{}, fmt.Errorf("the key %q: its alg %.16q is not one for it", j.ID, j.Algorithm)
}

// public returns the key and the algorithms that it may be used with. The first is
// the one that is meant when the issuer names none.
func (j *jwk) public() (crypto.PublicKey, []jwt.SigningMethod, error) {
	switch j.Type {
	case "OKP":
		x, err := number(j.X)
		if err != nil || j.Curve != "Ed25519" || len(x) != ed25519.PublicKeySize {
			return nil, nil, errors.New("it is no Ed25519 key")
		}
		return ed25519.PublicKey(x), []jwt.SigningMethod{jwt.SigningMethodEdDSA}, nil
	case "EC":
		return j.ecdsa()
	case "RSA":
		return j.rsa()
	}
	return nil, nil, fmt.Errorf("its kty %.16q is not OKP, EC or RSA", j.Type)
}

func (j *jwk) ecdsa() (crypto.PublicKey, []jwt.SigningMethod, error) {
	curves := map[string]struct {
		curve  elliptic.Curve
		method jwt.SigningMethod
	}{
		"P-256": {elliptic.P256(), jwt.SigningMethodES256},
		"P-384": {elliptic.P384(), jwt.SigningMethodES384},
		"P-521": {elliptic.P521(), jwt.SigningMethodES512},
	}
	c, ok := curves[j.Curve]
	if !ok {
		return nil, nil, fmt.Errorf("its crv %.16q is not P-256, P-384 or P-521", j.Curve)
	}
	x, errX := number(j.X)
	y, errY := number(j.Y)
	if size := (c.curve.Params().BitSize + 7) / 8; errX != nil || errY != nil || len(x) != size || len(y) != size {
		return nil, nil, errors.New("its x or y has not the length of the curve's") // RFC 7518, 6.2.1.2
	}
	const uncompressed = 4
	key, err := ecdsa.ParseUncompressedPublicKey(c.curve, slices.Concat([]byte{uncompressed}, x, y))
	if err != nil {
		return nil, nil, errors.New("its point is not on the curve")
	}
	return key, []jwt.SigningMethod{c.method}, nil
}

func (j *jwk) rsa() (crypto.PublicKey, []jwt.SigningMethod, error) {
	n, errN := number(j.N)
	e, errE := number(j.E)
	if errN != nil || errE != nil || len(n) > maxRSA/8 || len(e) > 4 {
		return nil, nil, errors.New("its n or e is none")
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
		return nil, nil, fmt.Errorf("it has %d bits, not %d to %d", bits, minRSA, maxRSA)
	}
	if key.E < 3 || key.E%2 == 0 || key.E > 1<<31-1 || key.N.Bit(0) == 0 {
		return nil, nil, errors.New("its n or e cannot be that of a key")
	}
	return key, []jwt.SigningMethod{
		jwt.SigningMethodRS256, jwt.SigningMethodRS384, jwt.SigningMethodRS512,
		jwt.SigningMethodPS256, jwt.SigningMethodPS384, jwt.SigningMethodPS512,
	}, nil
}

// number reads a Base64urlUInt (RFC 7518, 2).
func number(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }
