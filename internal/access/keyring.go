package access

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/store"
)

// Key is what a stream key stands for. It does not hold the key.
type Key struct {
	ID     string // who its bearer is, in events and logs
	Stream string // what it publishes
	Label  string
	Plain  Plain // goes over the stream's rule
}

// Keys finds what a stream key stands for.
type Keys interface {
	Find(secret string) (Key, bool)
	// HasStream reports whether any key publishes the stream.
	HasStream(stream string) bool
}

// Keyring is the stream keys of a server, as hashes in memory. Its zero value
// is empty. Its methods may be called from any goroutine.
type Keyring struct {
	mu   sync.RWMutex
	keys map[hash]Key
}

// Add puts in a key that is known in the clear, as those of the config file are.
func (r *Keyring) Add(secret config.Secret, k Key) error { return r.add(hashOf(secret.Reveal()), k) }

// AddStored puts in a key that the data folder keeps.
func (r *Keyring) AddStored(k store.Key) error {
	b, err := hex.DecodeString(k.Hash)
	if err != nil || len(b) != len(hash{}) {
		return fmt.Errorf("the hash of the key %s is none", k.ID)
	}
	return r.add(hash(b), Key{ID: k.ID, Stream: k.Stream, Label: k.Label})
}

func (r *Keyring) add(h hash, k Key) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, ok := r.keys[h]; ok && other.Stream != k.Stream {
		return fmt.Errorf("one key cannot publish both %s and %s", other.Stream, k.Stream)
	}
	if r.keys == nil {
		r.keys = make(map[hash]Key)
	}
	r.keys[h] = k
	return nil
}

// Find implements [Keys]. It compares with every key in constant time, so that
// how long it takes tells nothing but their number.
func (r *Keyring) Find(secret string) (Key, bool) {
	h := hashOf(secret)
	var found Key
	r.mu.RLock()
	defer r.mu.RUnlock()
	for candidate, k := range r.keys {
		if subtle.ConstantTimeCompare(h[:], candidate[:]) == 1 {
			found = k
		}
	}
	return found, found.Stream != ""
}

// HasStream implements [Keys].
func (r *Keyring) HasStream(stream string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, k := range r.keys {
		if k.Stream == stream {
			return true
		}
	}
	return false
}

// FirstStream is the stream that the first start of a server makes a key for.
const FirstStream = DefaultApp + "/main"

// Load puts the keys of the data folder into the ring. At the first start it
// makes the key of [FirstStream] and returns it, else "": this is the only time
// that it is known.
func (r *Keyring) Load(f *store.Folder) (firstKey string, err error) {
	keys, first, err := f.Keys()
	if err != nil {
		return "", err
	}
	if first {
		firstKey = NewKey()
		h := hashOf(firstKey)
		keys = []store.Key{{
			ID: "first", Stream: FirstStream, Label: "made at the first start",
			Hash: hex.EncodeToString(h[:]), Created: time.Now().UTC().Truncate(time.Second),
		}}
		if err := f.PutKeys(keys); err != nil {
			return "", err
		}
	}
	for _, k := range keys {
		if err := r.AddStored(k); err != nil {
			return "", fmt.Errorf("%s is damaged (%w): restore it from a backup", f.Path(store.KeysFile), err)
		}
	}
	return firstKey, nil
}
