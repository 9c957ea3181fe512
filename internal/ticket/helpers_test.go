package ticket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/config"
)

var (
	viewer  = netip.MustParseAddr("203.0.113.7")
	someone = netip.MustParseAddr("198.51.100.9")
)

func key(id string) Key {
	return Key{ID: id, Secret: config.NewSecret(strings.Repeat("secret-of-"+id+"-", 4))}
}

func newVerifier(t testing.TB, o Options) *Verifier {
	t.Helper()
	v, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func newSigner(t testing.TB, k Key) *Signer {
	t.Helper()
	s, err := NewSigner([]Key{k})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func issue(t testing.TB, k Key, c Claims) string {
	t.Helper()
	token, err := newSigner(t, k).Issue(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func segment(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// object is the JSON of a header or of claims.
type object map[string]any

func (o object) segment(t testing.TB) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return segment(b)
}

// handmade is a token as no library makes them: any header, any claims, signed by
// HMAC with any bytes.
func handmade(t testing.TB, header, claims object, secret string) string {
	t.Helper()
	signed := header.segment(t) + "." + claims.segment(t)
	return signed + "." + segment(sum(secret, signed))
}

func sum(secret, message string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

// cut is a time without the fractions of a second that no token has.
func cut(at time.Time) time.Time { return at.Truncate(time.Second).UTC() }
