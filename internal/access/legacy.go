package access

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/store"
)

// Legacy is the [Catalog] of a server that has only keys in the clear and those of
// keys.json.
type Legacy struct {
	Keys    Keys
	Exposed *Exposed
}

// FindKey implements [Catalog].
func (l Legacy) FindKey(secret string) (*catalog.Key, *catalog.Stream, bool) {
	k, ok := l.Keys.Find(secret)
	if !ok {
		return nil, nil, false
	}
	word := ""
	for w, p := range plains {
		if p == k.Plain {
			word = w
		}
	}
	app, name, _ := strings.Cut(k.Stream, "/")
	return &catalog.Key{
			Meta: catalog.Meta{ID: k.ID}, Path: k.Stream, Label: k.Label, Plain: word, SentPlain: l.Exposed.since(k.ID),
		},
		&catalog.Stream{App: app, Name: name, Visibility: catalog.Public}, true
}

// HasKeys implements [Catalog].
func (l Legacy) HasKeys(path string) bool { return l.Keys.HasStream(path) }

// SentPlain implements [Catalog].
func (l Legacy) SentPlain(id string) { l.Exposed.mark(id, time.Now()) }

// Key implements [Catalog]. What was granted stays.
func (Legacy) Key(string) (*catalog.Key, bool) { return &catalog.Key{}, true }

// StreamByPath implements [Catalog].
func (Legacy) StreamByPath(string) (*catalog.Stream, bool) { return nil, false }

// StreamByPlayback implements [Catalog].
func (Legacy) StreamByPlayback(string) (*catalog.Stream, bool) { return nil, false }

// Credential implements [Catalog].
func (Legacy) Credential(string) (*catalog.Credential, bool) { return nil, false }

// Used implements [Catalog].
func (Legacy) Used(string, string, catalog.Use) {}

// Spent implements [Catalog].
func (Legacy) Spent(context.Context, string) {}

// Verifier implements [Catalog].
func (Legacy) Verifier(string) (catalog.Verifier, *catalog.Credential, bool) {
	return catalog.Verifier{}, nil, false
}

// Exposed knows which keys were sent without TLS: anyone on the way may have
// read them. Nil is nobody's memory.
type Exposed struct {
	folder *store.Folder
	mu     sync.Mutex
	first  map[string]time.Time // by Key.ID
}

// LoadExposed reads what the data folder knows of its keys. Those of the config
// file are remembered as long as the server runs.
func LoadExposed(f *store.Folder) (*Exposed, error) {
	keys, _, err := f.Keys()
	if err != nil {
		return nil, err
	}
	e := &Exposed{folder: f, first: make(map[string]time.Time)}
	for _, k := range keys {
		if !k.SentPlain.IsZero() {
			e.first[k.ID] = k.SentPlain
		}
	}
	return e, nil
}

// since is when the key was first sent without TLS, zero if it never was.
func (e *Exposed) since(id string) time.Time {
	if e == nil {
		return time.Time{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.first[id]
}

// mark remembers that the key was sent without TLS.
func (e *Exposed) mark(id string, now time.Time) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.first[id]; known {
		return
	}
	// Where the folder cannot be written, the next time tries again; that is
	// no reason to keep an encoder off the air.
	if e.save(id, now.UTC().Truncate(time.Second)) == nil {
		e.first[id] = now
	}
}

func (e *Exposed) save(id string, now time.Time) error {
	keys, _, err := e.folder.Keys()
	if err != nil {
		return err
	}
	for i := range keys {
		if keys[i].ID == id {
			keys[i].SentPlain = now
			return e.folder.PutKeys(keys)
		}
	}
	return nil // of the config file, or the demo's
}
