package catalog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

// uses are what is known of the use of secrets. It changes too often for the
// documents of keys, whose history nobody could read any more; so it has
// documents of its own, which are written now and then.
type uses struct {
	mu    sync.Mutex
	known map[ref]*usage
}

type usage struct {
	useDoc
	revision int64  // of its document
	written  useDoc // what that says
}

// restEvery is how old the document's word about the last use may be as long as
// nothing but the time is new. Each word is a line in the history of the database,
// and a page that is open asks every second.
const restEvery = 10 * time.Minute

// due reports whether the document is to be written, now or at the end of all.
func (k *usage) due(all bool) bool {
	next, old := k.useDoc, k.written
	if all || next.Last.At.Sub(old.Last.At) >= restEvery {
		return next != old
	}
	next.Last.At, old.Last.At = time.Time{}, time.Time{}
	return next != old
}

// useID is the id of the document about an object.
func useID(r ref) string { return r.kind + "/" + r.id }

func useOf(id string) ref {
	kind, id, _ := strings.Cut(id, "/")
	return ref{kind, id}
}

func (u *uses) load(d database.Doc) error {
	var doc useDoc
	if err := unmarshal(d, &doc); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.known[useOf(d.ID)] = &usage{useDoc: doc, revision: d.Revision, written: doc}
	return nil
}

// merge takes in a document that this or another node wrote.
func (u *uses) merge(d database.Doc) {
	r := useOf(d.ID)
	u.mu.Lock()
	defer u.mu.Unlock()
	if d.Body == nil {
		delete(u.known, r)
		return
	}
	var doc useDoc
	if unmarshal(d, &doc) != nil {
		return
	}
	k := u.known[r]
	if k == nil {
		k = &usage{}
		u.known[r] = k
	}
	k.revision, k.written = d.Revision, doc
	if k.Last.At.Before(doc.Last.At) {
		k.Last = doc.Last
	}
	k.SentPlain, k.Spent = earlier(k.SentPlain, doc.SentPlain), earlier(k.Spent, doc.Spent)
}

// earlier is the first of two moments, of which a zero one never was.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (u *uses) of(r ref) (useDoc, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	k := u.known[r]
	if k == nil {
		return useDoc{}, false
	}
	return k.useDoc, true
}

func (u *uses) revision(r ref) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if k := u.known[r]; k != nil {
		return k.revision
	}
	return 0
}

func (u *uses) change(r ref, fn func(*useDoc)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	k := u.known[r]
	if k == nil {
		k = &usage{}
		u.known[r] = k
	}
	fn(&k.useDoc)
}

// last is a copy of the last use, nil if there was none.
func (d useDoc) last() *Use {
	if d.Last.At.IsZero() {
		return nil
	}
	return &d.Last
}

// Bounds of what a client may say about itself, which is kept.
const maxUse = 200

// Used notes a use of a KindKey, KindCredential or KindToken: in memory at once,
// in the database some time later.
func (c *Catalog) Used(kind, id string, use Use) {
	if !c.has(kind, id) {
		return
	}
	use.At = use.At.UTC().Truncate(time.Second) // without the monotonic clock, as the database has it
	use.Address, use.Encoder, use.Protocol = clipped(use.Address), clipped(use.Encoder), clipped(use.Protocol)
	c.uses.change(ref{kind, id}, func(d *useDoc) { d.Last = use })
}

// clipped is text of a client as a document may hold it.
func clipped(text string) string {
	text = strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > maxUse {
		text = strings.ToValidUTF8(text[:maxUse], "")
	}
	return text
}

// SentPlain notes that a key came without TLS, so that anyone on the way may have
// read it.
func (c *Catalog) SentPlain(keyID string) {
	if !c.has(KindKey, keyID) {
		return
	}
	now := c.o.Now().UTC().Truncate(time.Second)
	c.uses.change(ref{KindKey, keyID}, func(d *useDoc) { d.SentPlain = earlier(d.SentPlain, now) })
}

// PlainSince is when a key first came without TLS, zero if it never did.
func (c *Catalog) PlainSince(keyID string) time.Time {
	d, _ := c.uses.of(ref{KindKey, keyID})
	return d.SentPlain
}

// Spent says that the broadcast of a Once key is over. The key is good no more
// from this moment on; then Spent waits for the database to know, which may take
// as long as database.Patience. If it is away, it is told later.
func (c *Catalog) Spent(ctx context.Context, keyID string) {
	k, ok := c.Key(keyID)
	if !ok || !k.Once {
		return
	}
	now := c.o.Now().UTC().Truncate(time.Second)
	c.uses.change(ref{KindKey, keyID}, func(d *useDoc) { d.Spent = earlier(d.Spent, now) })
	if err := c.flush(ctx); err != nil && !errors.Is(err, errNothing) {
		c.o.Log.Warn("a key for one broadcast is spent, and the database could not be told yet", "key", keyID, "err", err)
	}
}

func (c *Catalog) has(kind, id string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.index.items[ref{kind, id}]
	return ok
}

// flush writes the uses that are due.
func (c *Catalog) flush(ctx context.Context) error { return c.writeUses(ctx, false) }

func (c *Catalog) writeUses(ctx context.Context, all bool) error {
	_, err := c.update(ctx, System, "", func(b *batch) error {
		c.uses.mu.Lock()
		defer c.uses.mu.Unlock()
		for r, k := range c.uses.known {
			if !k.due(all) || len(b.changes) == maxAll {
				continue
			}
			if b.x.items[r] == nil { // deleted meanwhile
				if k.revision == 0 {
					delete(c.uses.known, r)
				}
				continue
			}
			b.change(kindUse, useID(r), k.revision, marshal(k.useDoc))
		}
		if len(b.changes) == 0 {
			return errNothing
		}
		slices.SortFunc(b.changes, func(a, b database.Change) int { return strings.Compare(a.ID, b.ID) })
		return nil
	})
	return err
}
