package catalog

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"github.com/millrace-live/millrace/internal/config"
)

// Prefixes of ids.
const (
	streamPrefix     = "st_"
	keyPrefix        = "ky_"
	credentialPrefix = "cr_"
	tokenPrefix      = "tk_"
	webhookPrefix    = "wh_"
	banPrefix        = "bn_"
	signingPrefix    = "sk_" // ticket.NewKey gives it
	playbackPrefix   = "pb_"
)

// Prefixes of secrets, by which secret scanners know them.
const (
	keySecret     = "mk_"
	tokenSecret   = "mt_"
	webhookSecret = "mw_"
	passSecret    = "mp_"
)

const (
	idLength       = 16 // 80 random bits
	playbackLength = 20 // 100 random bits: who guesses one can watch
	secretBytes    = 20 // 160 bits
)

func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()[:idLength]) }

func newPlaybackID() string { return playbackPrefix + strings.ToLower(rand.Text()[:playbackLength]) }

// fixedID is an id that is the same at every start, of what the config file
// declares.
func fixedID(prefix, of string) string {
	sum := sha256.Sum256([]byte(prefix + of))
	return prefix + lower32(sum[:])[:idLength]
}

func lower32(b []byte) string { return strings.ToLower(base32.StdEncoding.EncodeToString(b)) }

// readable is Crockford's alphabet, which has no letters that look alike: people
// copy keys by hand into encoders.
var readable = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newSecret(prefix string) config.Secret {
	var b [secretBytes]byte
	rand.Read(b[:]) // never fails (crypto/rand, since Go 1.24)
	return config.NewSecret(prefix + readable.EncodeToString(b[:]))
}

// secretOf is the secret of an object that a request made. A repeat of the
// request must show the same, though the secret is not kept: so it follows from
// the key file, the object's id, which is random, and the request, which the
// database forgets after a day.
func (s *sealer) secretOf(prefix, id, request string) config.Secret {
	if request == "" {
		return newSecret(prefix)
	}
	sum := s.mac("secret", id, request)
	return config.NewSecret(prefix + readable.EncodeToString(sum[:secretBytes]))
}

func (s *sealer) mac(parts ...string) []byte {
	m := hmac.New(sha256.New, s.key)
	for _, p := range parts {
		m.Write([]byte(p))
		m.Write([]byte{0})
	}
	return m.Sum(nil)
}

// digest is what is kept of a secret of 160 random bits, to which neither a salt
// nor a slow hash would add anything.
type digest [sha256.Size]byte

func digestOf(secret string) digest {
	var short [64]byte // all that we made fit, and cost no allocation
	return sha256.Sum256(append(short[:0], secret...))
}

func (d digest) String() string { return hex.EncodeToString(d[:]) }

func parseDigest(text string) (digest, bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != sha256.Size {
		return digest{}, false
	}
	return digest(b), true
}
