package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/ticket"
)

// Catalog is all of it. Its methods may be called from any goroutine. What they
// return is never changed, by nobody, and must not be changed by those who get it.
type Catalog struct {
	db     database.Store
	o      Options
	sealer *sealer

	// turn is held by whoever changes something: what changes in memory does so in
	// the order in which it did in the database. It guards the fields that follow.
	turn     chan struct{}
	base     map[ref]*item  // what the database has, seen or not
	sequence int64          // the last change that base knows
	behind   bool           // the database may know more
	ahead    map[int64]bool // later changes that base knows
	away     time.Time      // when a change last failed because the database was away
	awayErr  error
	declared []*item

	mu       sync.RWMutex // guards what is read
	index    *index
	file     string // the config file's path
	firstKey config.Secret

	uses uses
	news news
	gone atomic.Bool // the database, when last asked for changes
}

// Options are what a catalogue works with.
type Options struct {
	Folder *store.Folder    // of the key file and the older keys.json
	Log    *slog.Logger     // nil: silence
	Now    func() time.Time // nil: time.Now
	// Shared says that several servers may use the database. They need the same key
	// file, also while nothing is sealed yet.
	Shared bool
	// OnChange is told each change after it was made, in order, with no lock held.
	OnChange func(Changed)
	// Events makes the events that are stored together with a change.
	Events func(Changed) []database.Event
	// CheckStream returns an *UnsupportedError for what this build can't carry out.
	CheckStream func(*Stream) error
	// CheckName says why a path cannot be that of a stream; access.CheckName fits.
	CheckName func(path string) error
}

// Declared is what the config file declares. Objects in it need no Meta.
type Declared struct {
	File        string // its path, for people
	Streams     []Stream
	Keys        []DeclaredKey
	Credentials []DeclaredCredential
	Tokens      []DeclaredToken
	Webhooks    []DeclaredWebhook
	SigningKeys []ticket.Key
	Bans        []Ban
}

// DeclaredKey is a key of the config file. Of the Key, Path counts and Stream
// does not; a stream that nobody declares is made, public.
type DeclaredKey struct {
	Key
	Secret config.Secret
}

// DeclaredCredential is a credential of the config file, with Path as a DeclaredKey.
type DeclaredCredential struct {
	Credential
	Password config.Secret
}

// DeclaredToken is a token of the config file.
type DeclaredToken struct {
	Token
	Secret config.Secret
}

// DeclaredWebhook is a webhook of the config file.
type DeclaredWebhook struct {
	Webhook
	Secret config.Secret // signs deliveries
}

// CreateOptions are what CreateStream does besides.
type CreateOptions struct {
	Request  string // as of WithRequest
	Key      bool   // also make a key
	KeyLabel string
}

// ApplyOptions are how a set of streams is applied.
type ApplyOptions struct {
	DryRun bool
	Prune  bool              // delete streams that are not in the set
	App    string            // only in this app; "": in all
	Apps   []string          // that whoever asks may change; empty: all
	Labels map[string]string // prune only streams with these labels
}

type requestKey struct{}

// WithRequest returns a context with which a change is made once: a repeat of it
// by the same actor within 24 hours changes nothing and returns the same,
// secrets included.
func WithRequest(ctx context.Context, request string) context.Context {
	return context.WithValue(ctx, requestKey{}, request)
}

// Open loads what the database has. At the very first start, when there is
// nothing, it makes the stream live/main and a key of it; the keys of a data
// folder from before there was a database are taken over instead.
func Open(ctx context.Context, db database.Store, o Options) (*Catalog, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	sealer, err := openSealer(o.Folder)
	if err != nil {
		return nil, err
	}
	c := &Catalog{
		db: db, o: o, sealer: sealer, turn: make(chan struct{}, 1), base: map[ref]*item{},
		ahead: map[int64]bool{}, index: newIndex(0),
	}
	c.uses.known = map[ref]*usage{}
	if err := c.load(ctx); err != nil {
		return nil, err
	}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	c.news.tell = o.OnChange // nobody has seen what was before
	return c, nil
}

func (c *Catalog) load(ctx context.Context) error {
	var bad error // the first secret that does not open
	err := c.db.Load(ctx, func(d database.Doc) error {
		c.sequence = max(c.sequence, d.Sequence)
		if d.Kind == kindUse {
			return c.uses.load(d)
		}
		it, err := c.sealer.decode(d)
		if it == nil {
			return err
		}
		if err != nil && bad == nil {
			bad = err
		}
		c.base[it.ref] = it
		return nil
	})
	switch {
	case err != nil:
		return err
	case bad != nil:
		return c.sealFault(bad)
	}
	c.rebuild()
	// What was deleted last left no document.
	return c.follow(ctx, 0)
}

func (c *Catalog) sealFault(err error) error {
	file := KeyFile
	if c.o.Folder != nil {
		file = c.o.Folder.Path(file)
	}
	return fmt.Errorf("the secrets in the database were sealed with another secret.key (%w): "+
		"copy secret.key of the server that the database comes from into %s", err, file)
}

// rebuild makes the index anew. The caller has its turn.
func (c *Catalog) rebuild() {
	x := newIndex(len(c.base) + len(c.declared))
	for _, streams := range []bool{true, false} { // what belongs to a stream learns its id
		for _, it := range c.declared {
			if _, ok := it.obj.(*Stream); ok == streams {
				x.put(it)
			}
		}
		for _, it := range c.base {
			if _, ok := it.obj.(*Stream); ok == streams && it.obj != nil {
				x.put(it)
			}
		}
	}
	x.settle()
	c.mu.Lock()
	c.index = x
	c.mu.Unlock()
}

// FirstKey is the key of the stream that the first start made, to be shown. It
// is "" at all other starts, and the second time.
func (c *Catalog) FirstKey() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.firstKey.Reveal()
	c.firstKey = config.Secret{}
	return key
}

// Close writes the last uses that are not written yet. The database stays open.
func (c *Catalog) Close(ctx context.Context) error {
	if err := c.writeUses(ctx, true); err != nil && !errors.Is(err, errNothing) {
		return fmt.Errorf("keep the last uses of keys: %w", err)
	}
	return nil
}
