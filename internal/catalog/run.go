package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
)

// How often what time brings is done.
const (
	followEvery = time.Second
	flushEvery  = 30 * time.Second
	rotateEvery = time.Minute
	pruneEvery  = time.Hour
)

// How long things are kept.
const (
	keepHistory = 90 * 24 * time.Hour
	keepEvents  = 7 * 24 * time.Hour
	// keepEnded is how long one can still see that a key or token has expired.
	keepEnded = 30 * 24 * time.Hour
)

// dayOverlap is how long a key is good beside the one that came in its place by
// age, if its stream doesn't say.
const dayOverlap = 24 * time.Hour

// Run does what time brings, until ctx ends: it follows the changes of other
// nodes, makes keys anew by their age, writes last uses, and removes what is old.
func (c *Catalog) Run(ctx context.Context) {
	jobs := []struct {
		every time.Duration
		what  string
		do    func(context.Context) error
		next  time.Time
		fails bool
	}{
		{every: followEvery, what: "follow the changes of other servers", do: c.catchUp},
		{every: flushEvery, what: "keep the last uses of keys", do: c.flush},
		{every: rotateEvery, what: "make keys anew by their age", do: c.rotate},
		{every: pruneEvery, what: "remove what has ended", do: c.removeEnded},
		{every: pruneEvery, what: "remove what is old from the database", do: c.prune},
	}
	start := time.Now()
	for i := range jobs {
		jobs[i].next = start.Add(min(jobs[i].every, rotateEvery))
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i := range jobs {
			j := &jobs[i]
			if time.Now().Before(j.next) {
				continue
			}
			err := j.do(ctx)
			j.next = time.Now().Add(j.every)
			bad := err != nil && !isNothing(err)
			switch {
			case ctx.Err() != nil:
				return
			case bad && !j.fails: // once, and not every second
				c.o.Log.Warn("the catalogue could not "+j.what+"; it tries again", "err", err)
			case !bad && j.fails:
				c.o.Log.Info("the catalogue could " + j.what + " again")
			}
			j.fails = bad
		}
	}
}

// catchUp takes in what other nodes changed.
func (c *Catalog) catchUp(ctx context.Context) error {
	defer c.news.deliver()
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.giveBack()
	err := c.follow(ctx, 0)
	away := errors.Is(err, database.ErrAway)
	c.gone.Store(away)
	if away {
		c.away, c.awayErr = time.Now(), err
	}
	return err
}

// rotate makes the keys anew that are older than their streams want. A key that
// has an end is on its way out already.
func (c *Catalog) rotate(ctx context.Context) error {
	_, err := c.update(ctx, System, "", func(b *batch) error {
		for path, s := range b.x.paths {
			if s.Rotate == nil {
				continue
			}
			overlap := dayOverlap
			if s.Overlap != nil {
				overlap = time.Duration(*s.Overlap)
			}
			for _, k := range b.x.keys[path] {
				due := k.Created.Add(time.Duration(*s.Rotate))
				if managed(k) || k.Once || !k.Expires.IsZero() || b.now.Before(due) {
					continue
				}
				if err := b.rotateByAge(b.x.items[ref{KindKey, k.ID}], overlap); err != nil {
					return err
				}
				if len(b.changes) > maxAll/2 {
					return nil // the rest next time
				}
			}
		}
		if len(b.changes) == 0 {
			return errNothing
		}
		return nil
	})
	return err
}

// rotateByAge keeps the new secret, sealed, until somebody has it shown.
func (b *batch) rotateByAge(it *item, overlap time.Duration) error {
	next, err := b.rotated(it, overlap)
	if err != nil {
		return err
	}
	next.Meta, next.Unseen = Meta{ID: newID(keyPrefix)}, true
	var secret config.Secret = newSecret(keySecret)
	next.Hash = digestOf(secret.Reveal()).String()
	b.put(KindKey, nil, next, b.c.sealer.seal(KindKey, next.ID, secret))
	return nil
}

// removeEnded deletes what has ended and is of no use any more.
func (c *Catalog) removeEnded(ctx context.Context) error {
	_, err := c.update(ctx, System, "", func(b *batch) error {
		for _, it := range b.x.items {
			if managed(it.obj) || !ended(it, c.uses.spent(it.ref), b.now) {
				continue
			}
			if it.kind == KindCredential {
				b.deleteCredential(it)
			} else {
				b.delete(it)
			}
			if len(b.changes) > maxAll/2 {
				return nil // the rest next time
			}
		}
		if len(b.changes) == 0 {
			return errNothing
		}
		return nil
	})
	return err
}

func (u *uses) spent(r ref) time.Time {
	d, _ := u.of(r)
	return d.Spent
}

func ended(it *item, spent, now time.Time) bool {
	past := func(end time.Time, keep time.Duration) bool { return !end.IsZero() && now.After(end.Add(keep)) }
	switch o := it.obj.(type) {
	case *Key:
		return past(o.Expires, keepEnded) || past(spent, keepEnded)
	case *Credential:
		return past(o.Expires, keepEnded)
	case *Token:
		return past(o.Expires, keepEnded)
	case *Ban:
		return past(o.Until, keepEnded)
	case *SigningKey:
		return past(o.Until, keepEnded)
	case *revocation:
		return past(o.Until, keepEvents) // what was taken back has ended by itself, clocks or no
	}
	return false
}

func (c *Catalog) prune(ctx context.Context) error {
	now := c.o.Now()
	return c.db.Prune(ctx, database.Kept{History: now.Add(-keepHistory), Events: now.Add(-keepEvents)})
}
