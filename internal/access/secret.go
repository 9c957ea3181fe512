package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
)

// Secrets are 160 random bits in Crockford's base 32, which has no letters that
// look alike, after a prefix that tells what they are: to secret scanners, and
// to us when one is mistyped and must not become a public name.
const (
	keyPrefix   = "mk_"
	tokenPrefix = "mt_"
	secretBits  = 160
)

var base32Words = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewKey returns a new stream key.
func NewKey() string { return newSecret(keyPrefix) }

func newSecret(prefix string) string {
	var b [secretBits / 8]byte
	rand.Read(b[:]) // never fails (crypto/rand, since Go 1.24)
	return prefix + base32Words.EncodeToString(b[:])
}

// looksLikeKey reports whether a part of a path was meant as a stream key.
func looksLikeKey(part string) bool { return looksLike(part, keyPrefix) }

func looksLike(part, prefix string) bool {
	const most = secretBits / 5 * 3 / 4 // one that lost some letters while it was copied
	rest, ok := strings.CutPrefix(strings.ToLower(part), prefix)
	return ok && len(rest) >= most
}

// hash is what is kept of a secret.
type hash [sha256.Size]byte

func hashOf(secret string) hash { return sha256.Sum256([]byte(secret)) }

// Unspeakable reports whether a part of a path was meant as a stream key or a token,
// so that no answer may repeat it.
func Unspeakable(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool {
		return looksLikeKey(part) || looksLike(part, tokenPrefix)
	})
}
