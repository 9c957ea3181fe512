package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

const (
	tries  = 4    // at a change that another node's comes before
	gulp   = 1000 // changes of others that are read at once
	maxAll = database.MaxBatch
)

// batch is a change while it is put together: it reads from x, which nobody
// changes meanwhile, and remembers what is to become of it.
type batch struct {
	c       *Catalog
	x       *index
	by      Actor
	now     time.Time
	changes []database.Change
	changed []Changed
}

// errNothing is why a change does nothing: everything is so already.
var errNothing = errors.New("nothing to change")

// update makes a change. The function build is called with the index as it is,
// and again if another node changed something at that moment. It returns the
// documents as they are now. The answer to a repeated request is that of the
// first time.
func (c *Catalog) update(ctx context.Context, by Actor, request string, build func(*batch) error) ([]database.Doc, error) {
	defer c.news.deliver()
	if err := c.take(ctx); err != nil {
		return nil, err
	}
	defer c.giveBack()
	// Whether a change came to be must not depend on a client that leaves.
	ctx = context.WithoutCancel(ctx)
	for try := 1; ; try++ {
		if c.behind {
			if err := c.follow(ctx, 0); err != nil {
				return nil, err
			}
		}
		b := &batch{c: c, x: c.index, by: by, now: c.o.Now().UTC()}
		if err := build(b); err != nil {
			if docs := c.repeated(ctx, by, request); docs != nil {
				return docs, nil
			}
			return nil, err
		}
		docs, err := c.apply(ctx, b, request)
		var conflict *database.ConflictError
		if errors.As(err, &conflict) && try < tries {
			c.behind = true
			continue
		}
		return docs, err
	}
}

func (c *Catalog) apply(ctx context.Context, b *batch, request string) ([]database.Doc, error) {
	if len(b.changes) > maxAll {
		return nil, &FaultError{"streams", fmt.Sprintf("%d changes are more than %d at once", len(b.changes), maxAll)}
	}
	set := database.Batch{Actor: string(b.by), Request: request, Changes: b.changes}
	if c.o.Events != nil {
		for _, ch := range b.changed {
			set.Events = append(set.Events, c.o.Events(ch)...)
		}
	}
	docs, err := c.db.Apply(ctx, set)
	switch {
	case errors.Is(err, database.ErrRepeated):
		return docs, nil
	case err == nil:
	case errors.Is(err, database.ErrAway):
		c.behind = c.behind || errors.Is(err, database.ErrUnsure)
		c.away, c.awayErr = time.Now(), err
		return nil, err
	default:
		return nil, err
	}
	if len(docs) == 0 {
		return docs, nil
	}
	last := docs[len(docs)-1].Sequence
	if docs[0].Sequence == c.sequence+1 {
		c.merge(docs, b.by, false)
		c.sequence = last
		return docs, nil
	}
	// Others changed something before. That comes first.
	c.behind = true
	if c.follow(ctx, docs[0].Sequence) != nil && c.sequence < last {
		// It cannot be had now. What is done here is in other documents, and can be
		// taken in before it.
		docs := slices.DeleteFunc(slices.Clone(docs), func(d database.Doc) bool { return d.Sequence <= c.sequence })
		c.merge(docs, b.by, false)
		for _, d := range docs {
			c.ahead[d.Sequence] = true
		}
	}
	return docs, nil
}

// repeated is what a request was answered before, nil if it is new. What it did
// then may be why it cannot be done now.
func (c *Catalog) repeated(ctx context.Context, by Actor, request string) []database.Doc {
	if request == "" {
		return nil
	}
	docs, err := c.db.Apply(ctx, database.Batch{
		Actor: string(by), Request: request,
		// Nothing has such a revision, so that a new request is not taken for done.
		Changes: []database.Change{{Kind: kindStart, ID: "never", Revision: math.MaxInt64 - 1, Body: marshal(struct{}{})}},
	})
	if errors.Is(err, database.ErrRepeated) {
		return docs
	}
	return nil
}

// take waits for its turn. Those who waited while the database was found away
// don't each wait for it anew.
func (c *Catalog) take(ctx context.Context) error {
	since := time.Now()
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.away.After(since) {
		defer c.giveBack()
		return c.awayErr
	}
	return nil
}

func (c *Catalog) giveBack() { <-c.turn }

// follow reads what other nodes changed. What begins at own, if that is not 0, is
// of this one. The caller has its turn.
func (c *Catalog) follow(ctx context.Context, own int64) error {
	for {
		past, err := c.db.Changes(ctx, c.sequence, gulp)
		if err != nil {
			return err
		}
		for _, p := range past {
			if c.sequence = p.Sequence; c.ahead[p.Sequence] {
				delete(c.ahead, p.Sequence)
				continue
			}
			c.merge([]database.Doc{{
				Kind: p.Kind, ID: p.ID, Revision: p.Revision, Body: p.After,
				Created: p.Created, Updated: p.Time, Sequence: p.Sequence,
			}}, Actor(p.Actor), own == 0 || p.Sequence < own)
		}
		if len(past) < gulp {
			c.behind = false
			return nil
		}
	}
}

// merge makes documents so in memory. The caller has its turn.
func (c *Catalog) merge(docs []database.Doc, by Actor, elsewhere bool) {
	changed := make([]Changed, 0, len(docs))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range docs {
		if d.Kind == kindUse {
			c.uses.merge(d)
			continue
		}
		r := ref{d.Kind, d.ID}
		before := c.index.items[r]
		if d.Body == nil {
			delete(c.base, r)
			c.index.remove(r)
		} else {
			it, err := c.sealer.decode(d)
			if err != nil {
				c.o.Log.Error("another node changed something in a way that can't be read here", "err", err)
			}
			if it == nil {
				continue
			}
			c.base[r] = it
			if it.obj != nil {
				c.index.put(it)
			}
		}
		if ch := (Changed{Kind: d.Kind, ID: d.ID, By: by, Elsewhere: elsewhere}); ch.fill(before, c.index.items[r]) {
			changed = append(changed, ch)
		}
	}
	c.index.settle()
	c.news.add(changed)
}

// fill reports whether anything changed that can be seen.
func (ch *Changed) fill(before, after *item) bool {
	if after != nil {
		ch.After, ch.Stream = shown(after.obj), pathOf(after.obj)
	}
	if before != nil {
		ch.Before, ch.Stream = shown(before.obj), pathOf(before.obj)
	}
	return before != nil || after != nil
}

// put makes an object what it shall be; before is nil for a new one.
func (b *batch) put(kind string, before *item, after object, sealed string) {
	m := after.meta()
	m.Updated, m.Managed = b.now, ByAPI
	var revision int64
	if before == nil {
		m.Created = b.now
	} else {
		revision = before.revision
	}
	m.Revision = revision + 1
	b.change(kind, m.ID, revision, encode(after, sealed))
	b.note(kind, m.ID, before, after)
}

// delete removes an object and what is known of its uses.
func (b *batch) delete(it *item) {
	b.change(it.kind, it.id, it.revision, nil)
	b.note(it.kind, it.id, it, nil)
	if revision := b.c.uses.revision(it.ref); revision > 0 {
		b.change(kindUse, useID(it.ref), revision, nil)
	}
}

func (b *batch) note(kind, id string, before *item, after object) {
	ch := Changed{Kind: kind, ID: id, By: b.by}
	if after == nil {
		ch.fill(before, nil)
	} else {
		ch.fill(before, &item{obj: after})
	}
	b.changed = append(b.changed, ch)
}

// reserve takes a path or user for an object, on all nodes.
func (b *batch) reserve(kind, id, owner string) {
	b.change(kind, id, 0, marshal(ownerDoc{owner}))
}

func (b *batch) release(kind, id string) {
	if it := b.c.base[ref{kind, id}]; it != nil {
		b.change(kind, id, it.revision, nil)
	}
}

func (b *batch) change(kind, id string, revision int64, body json.RawMessage) {
	b.changes = append(b.changes, database.Change{Kind: kind, ID: id, Revision: revision, Body: body})
}

// find is an object that is to be changed. Revision 0 is any.
func (b *batch) find(kind, id string, revision int64) (*item, error) {
	it := b.x.items[ref{kind, id}]
	switch {
	case it == nil:
		return nil, &NotFoundError{kind, id}
	case managed(it.obj):
		return nil, b.c.managedError(kind, it.obj)
	case revision != 0 && revision != it.revision:
		return nil, &database.ConflictError{Kind: kind, ID: id, Want: revision, Have: it.revision}
	}
	return it, nil
}

func (c *Catalog) managedError(kind string, obj object) error {
	name := obj.meta().ID
	if s, ok := obj.(*Stream); ok {
		name = s.Path()
	}
	return &ManagedError{Kind: kind, Name: name, File: c.file}
}

func unmarshal(d database.Doc, v any) error {
	if err := json.Unmarshal(d.Body, v); err != nil {
		return fmt.Errorf("the %s %s in the database is damaged: %w", d.Kind, d.ID, err)
	}
	return nil
}
