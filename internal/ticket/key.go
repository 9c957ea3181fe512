package ticket

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/config"
)

// Key is a secret that the server shares with whoever signs tokens and links.
type Key struct {
	// ID is the kid of tokens. It never stands for another secret.
	ID string
	// Secret is the key of the HMAC just as it is written: its bytes, not what
	// they may be the base64 of.
	Secret config.Secret
	// Until is when a key that another took the place of ends. A zero time is
	// never.
	Until time.Time
}

const (
	// minSecret is what RFC 7518, 3.2, wants: as many bytes as the hash has.
	minSecret = 32
	// maxKeys bounds what a link costs, which does not say its key.
	maxKeys = 16
)

// NewKey returns a new key, of 256 random bits.
func NewKey() Key {
	return Key{
		ID:     "sk_" + strings.ToLower(rand.Text()[:12]),
		Secret: config.NewSecret("ms_" + strings.ToLower(rand.Text()+rand.Text())),
	}
}

// Rotate puts a new key in front of the others and lets those end after the
// overlap, or when they would have ended anyway. Those that have ended are left out.
func Rotate(keys []Key, now time.Time, overlap time.Duration) []Key {
	rotated := []Key{NewKey()}
	for _, k := range keys {
		if !k.good(now) {
			continue
		}
		if end := now.Add(overlap); k.Until.IsZero() || k.Until.After(end) {
			k.Until = end
		}
		rotated = append(rotated, k)
	}
	return rotated
}

func (k Key) good(now time.Time) bool { return k.Until.IsZero() || now.Before(k.Until) }

// CheckKeys says why keys cannot be used, if so.
func CheckKeys(keys []Key) error {
	if len(keys) > maxKeys {
		return fmt.Errorf("there may be at most %d keys that sign permissions to watch, not %d", maxKeys, len(keys))
	}
	for i, k := range keys {
		switch same := func(other Key) bool { return other.ID == k.ID }; {
		case k.ID == "":
			return errors.New("a key that signs permissions to watch has no id: give it one, as id: k1, which tokens name as their kid")
		case len(k.ID) > maxID || strings.ContainsFunc(k.ID, func(r rune) bool { return r <= ' ' || r > '~' }):
			return fmt.Errorf("the id %q of a key that signs permissions to watch must be of at most %d letters, "+
				"digits and signs of ASCII", k.ID, maxID)
		case slices.ContainsFunc(keys[:i], same):
			return fmt.Errorf("two keys that sign permissions to watch have the id %s", k.ID)
		case strings.TrimSpace(k.Secret.Reveal()) != k.Secret.Reveal():
			return fmt.Errorf("the secret of the key %s begins or ends with a blank or a line break, "+
				"which hardly belongs to it: remove that", k.ID)
		case len(k.Secret.Reveal()) < minSecret:
			return fmt.Errorf("the secret of the key %s is shorter than %d bytes: "+
				"make one with openssl rand -hex 32", k.ID, minSecret)
		}
	}
	return nil
}
