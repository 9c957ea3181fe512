package ticket

import (
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// allPairs is a key of each kind.
func allPairs(t testing.TB) []pair {
	t.Helper()
	return []pair{
		ed25519Pair(t, "ed"),
		ecdsaPair(t, "p256", elliptic.P256(), jwt.SigningMethodES256),
		ecdsaPair(t, "p384", elliptic.P384(), jwt.SigningMethodES384),
		ecdsaPair(t, "p521", elliptic.P521(), jwt.SigningMethodES512),
		rsaPair(t, "rsa", jwt.SigningMethodRS256),
	}
}

func TestParseKeySet(t *testing.T) {
	pairs := allPairs(t)
	set, err := parseKeySet(jwkSet(t, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	if len(set.keys) != len(pairs) {
		t.Fatalf("%d keys of %d are there", len(set.keys), len(pairs))
	}
	for _, p := range pairs {
		k, ok := set.find(p.id, p.method)
		if same, is := k.key.(interface {
			Equal(x any) bool
		}); is && !same.Equal(p.private.Public()) {
			ok = false
		}
		if !ok {
			t.Errorf("the key %s is not there", p.id)
		}
		if k, ok := set.find("", p.method); !ok || k.id != p.id {
			t.Errorf("the key %s is not found by its algorithm", p.id)
		}
		for _, other := range publicMethods {
			if _, ok := set.find(p.id, other); ok && other != p.method {
				t.Errorf("the key %s may be used with %s", p.id, other.Alg())
			}
		}
	}
	again, err := parseKeySet(jwkSet(t, pairs...))
	if err != nil || !again.equal(set) {
		t.Errorf("the same set again is another one: %v", err)
	}
	fewer, err := parseKeySet(jwkSet(t, pairs[1:]...))
	if err != nil || fewer.equal(set) || set.equal(nil) {
		t.Errorf("another set is the same: %v", err)
	}
}

// With two keys of one algorithm, a token has to say which it means.
func TestFindIsNeverAmbiguous(t *testing.T) {
	set, err := parseKeySet(jwkSet(t, ed25519Pair(t, "a"), ed25519Pair(t, "b")))
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := set.find("", jwt.SigningMethodEdDSA); ok {
		t.Errorf("it is %s", k.id)
	}
}

func TestParseKeyTakesTheAlgorithmOfTheIssuer(t *testing.T) {
	for _, m := range publicMethods[4:] {
		j := rsaPair(t, "rsa", m).jwk(t)
		j["alg"] = m.Alg()
		b, _ := json.Marshal(j)
		if k, err := parseKey(b); err != nil || k.method != m {
			t.Errorf("%s: %v, %v", m.Alg(), k.method, err)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	ed, ec := ed25519Pair(t, "ed").jwk(t), ecdsaPair(t, "ec", elliptic.P256(), jwt.SigningMethodES256).jwk(t)
	rsa := rsaPair(t, "rsa", jwt.SigningMethodRS256).jwk(t)
	big := ecdsaPair(t, "ec", elliptic.P384(), jwt.SigningMethodES384).jwk(t)
	x, errX := base64.RawURLEncoding.DecodeString(ec["x"].(string))
	y, errY := base64.RawURLEncoding.DecodeString(ec["y"].(string))
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	point := slices.Concat(x, y)
	number := func(n int) string { return segment([]byte(strings.Repeat("\xff", n))) }
	for name, c := range map[string]struct {
		from object
		set  object
	}{
		"a shared secret":         {object{"kty": "oct", "k": "AAAA", "alg": "HS256"}, nil},
		"no kind":                 {ed, object{"kty": ""}},
		"a kind that is a number": {ed, object{"kty": 1}},
		"a long kid":              {ed, object{"kid": strings.Repeat("x", maxID+1)}},
		"a kid that is a number":  {ed, object{"kid": 1}},
		"for encryption":          {ed, object{"use": "enc"}},
		"for signing only":        {ed, object{"key_ops": []string{"sign"}}},
		"for nothing":             {ed, object{"key_ops": []string{}}},
		"HS256 by a public key":   {rsa, object{"alg": "HS256"}},
		"alg none":                {ed, object{"alg": "none"}},
		"alg of another kind":     {ed, object{"alg": "RS256"}},
		"alg of another curve":    {ec, object{"alg": "ES384"}},
		"another Edwards curve":   {ed, object{"crv": "Ed448"}},
		"a short x":               {ed, object{"x": number(31)}},
		"a long x":                {ed, object{"x": number(33)}},
		"x in other base64":       {ed, object{"x": strings.Repeat("+", 43)}},
		"no curve":                {ec, object{"crv": ""}},
		"an unknown curve":        {ec, object{"crv": "secp256k1"}},
		"off the curve":           {ec, object{"x": number(32)}},
		"at infinity":             {ec, object{"x": segment(make([]byte, 32)), "y": segment(make([]byte, 32))}},
		"coordinates of another":  {ec, object{"x": big["x"], "y": big["y"]}},
		"no y":                    {ec, object{"y": ""}},
		"cut at another place":    {ec, object{"x": segment(point[:31]), "y": segment(point[31:])}},
		"no n":                    {rsa, object{"n": ""}},
		"a short n":               {rsa, object{"n": number(255)}},
		"a long n":                {rsa, object{"n": number(1025)}},
		"an even n":               {rsa, object{"n": number(255) + segment([]byte{0, 0, 0})}},
		"no e":                    {rsa, object{"e": ""}},
		"e is one":                {rsa, object{"e": segment([]byte{1})}},
		"e is even":               {rsa, object{"e": segment([]byte{2})}},
		"a long e":                {rsa, object{"e": number(5)}},
		"a huge e":                {rsa, object{"e": number(4)}},
	} {
		j := maps.Clone(c.from)
		maps.Copy(j, c.set)
		b, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := parseKey(b); err == nil {
			t.Errorf("%s: it is taken as a key for %s", name, k.method.Alg())
		}
		if _, err := parseKeySet([]byte(`{"keys":[` + string(b) + `]}`)); err == nil {
			t.Errorf("%s: a set of it alone is taken", name)
		}
		// One such key does not spoil the others.
		good, _ := json.Marshal(ed25519Pair(t, "good").jwk(t))
		set, err := parseKeySet([]byte(`{"keys":[` + string(b) + `,` + string(good) + `]}`))
		if err != nil || len(set.keys) != 1 || !set.has("good") {
			t.Errorf("%s: beside it a good key is not taken: %v", name, err)
		}
	}
}

func TestParseKeySetRefuses(t *testing.T) {
	ed, _ := json.Marshal(ed25519Pair(t, "ed").jwk(t))
	many := make([]pair, maxIssued+1)
	for i := range many {
		many[i] = ed25519Pair(t, fmt.Sprint(i))
	}
	if set, err := parseKeySet(jwkSet(t, many[:maxIssued]...)); err != nil || len(set.keys) != maxIssued {
		t.Errorf("as many as there may be: %v", err)
	}
	for name, text := range map[string]string{
		"nothing":             "",
		"a page":              "<html>",
		"a list":              "[]",
		"null":                "null",
		"no keys":             "{}",
		"no key":              `{"keys":[]}`,
		"keys are an object":  `{"keys":{}}`,
		"keys are text":       `{"keys":"ed"}`,
		"a key is a number":   `{"keys":[7]}`,
		"a key is null":       `{"keys":[null]}`,
		"cut off":             `{"keys":[` + string(ed),
		"something behind it": `{"keys":[` + string(ed) + `]} {}`,
		"one twice":           `{"keys":[` + string(ed) + `,` + string(ed) + `]}`,
		"too many":            string(jwkSet(t, many...)),
		"a single key":        string(ed),
		"deep":                `{"keys":[` + strings.Repeat("[", 20000),
	} {
		if set, err := parseKeySet([]byte(text)); err == nil {
			t.Errorf("%s: it is taken: %v", name, set)
		}
	}
}
