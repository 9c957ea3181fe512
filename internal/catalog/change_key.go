package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/config"
)

// CreateKey makes a key of the stream k.Stream, which is an id; a stream of the
// config file may have keys that were made here. The secret is shown only here.
func (c *Catalog) CreateKey(ctx context.Context, by Actor, k Key) (*Key, config.Secret, error) {
	request, err := requestOf(ctx, "create key "+k.Stream)
	if err != nil {
		return nil, config.Secret{}, err
	}
	var secret config.Secret
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		path, err := b.pathOf(k.Stream)
		if err != nil {
			return err
		}
		if len(b.x.keys[path]) >= maxKeys {
			return &FaultError{"stream", fmt.Sprintf("it has %d keys, and more are too many: revoke some", maxKeys)}
		}
		key := k.clone()
		key.Path = path
		secret, err = b.createKey(key, request)
		return err
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	key, err := made[*Key](c, KindKey, docs)
	if err != nil {
		return nil, config.Secret{}, err
	}
	return key, c.again(secret, keySecret, key.ID, request), nil
}

func (k *Key) clone() *Key {
	c := *k
	c.Addresses = slices.Clone(k.Addresses)
	c.LastUse, c.SentPlain, c.Spent = nil, time.Time{}, time.Time{} // are apart from it
	return &c
}

func (b *batch) pathOf(stream string) (string, error) {
	it := b.x.items[ref{KindStream, stream}]
	if it == nil {
		return "", &NotFoundError{KindStream, stream}
	}
	return pathOf(it.obj), nil
}

func (b *batch) createKey(k *Key, request string) (config.Secret, error) {
	k.Meta, k.Unseen = Meta{ID: newID(keyPrefix)}, false
	secret := b.c.sealer.secretOf(keySecret, k.ID, request)
	k.Hash = digestOf(secret.Reveal()).String()
	if err := checkKey(b.now, nil, k); err != nil {
		return config.Secret{}, err
	}
	b.put(KindKey, nil, k, "")
	return secret, nil
}

// ChangeKey changes a key to what the function makes of it, which may be called
// more than once. Its stream and its secret stay.
func (c *Catalog) ChangeKey(ctx context.Context, by Actor, id string, revision int64, change func(*Key) error) (*Key, error) {
	k, err := changed(ctx, c, by, KindKey, id, revision, func(b *batch, old *Key) (*Key, error) {
		k := old.clone()
		if err := change(k); err != nil {
			return nil, err
		}
		k = k.clone()
		k.Meta = old.Meta
		return k, checkKey(b.now, old, k)
	})
	if err != nil {
		return nil, err
	}
	return c.usedKey(k), nil
}

// changed is how an object other than a stream is changed.
func changed[T object](
	ctx context.Context, c *Catalog, by Actor, kind, id string, revision int64, change func(*batch, T) (T, error),
) (T, error) {
	var none, same T
	request, err := requestOf(ctx, "change "+kind+" "+id)
	if err != nil {
		return none, err
	}
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		it, err := b.find(kind, id, revision)
		if err != nil {
			return err
		}
		after, err := change(b, it.obj.(T))
		if err != nil {
			return err
		}
		return b.replace(it, after, it.sealed, func() { same = it.obj.(T) })
	})
	switch {
	case isNothing(err):
		return same, nil
	case err != nil:
		return none, err
	}
	return made[T](c, kind, docs)
}

// deleted is how an object without others is deleted.
func (c *Catalog) deleted(ctx context.Context, by Actor, kind, id string, revision int64) error {
	_, err := c.update(ctx, by, "", func(b *batch) error {
		it, err := b.find(kind, id, revision)
		if err == nil {
			b.delete(it)
		}
		return err
	})
	return err
}

// RevokeKey deletes a key. OnChange ends the session that uses it.
func (c *Catalog) RevokeKey(ctx context.Context, by Actor, id string, revision int64) error {
	return c.deleted(ctx, by, KindKey, id, revision)
}

// RotateKey makes a key in the place of another one, which expires after the
// overlap if not before. The new one has its settings, and ends when the old one
// was to end.
func (c *Catalog) RotateKey(ctx context.Context, by Actor, id string, overlap time.Duration) (*Key, config.Secret, error) {
	request, err := requestOf(ctx, "rotate key "+id)
	if err != nil {
		return nil, config.Secret{}, err
	}
	var secret config.Secret
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		it, err := b.find(KindKey, id, 0)
		if err != nil {
			return err
		}
		next, err := b.rotated(it, overlap)
		if err != nil {
			return err
		}
		secret, err = b.createKey(next, request)
		return err
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	var key *Key
	for i := range docs { // the old one is among them
		if docs[i].ID != id && docs[i].Kind == KindKey {
			key, err = made[*Key](c, KindKey, docs[i:])
		}
	}
	if err != nil || key == nil {
		return nil, config.Secret{}, err
	}
	return key, c.again(secret, keySecret, key.ID, request), nil
}

// rotated lets a key end after the overlap, and returns what the next one has of
// it.
func (b *batch) rotated(it *item, overlap time.Duration) (*Key, error) {
	if overlap < 0 || overlap > maxOverlap {
		return nil, &FaultError{"overlap", fmt.Sprintf("it is from 0 to %v", maxOverlap)}
	}
	old := it.obj.(*Key)
	if use, _ := b.c.uses.of(it.ref); !old.Good(b.now) || !use.Spent.IsZero() {
		return nil, &FaultError{"expires", "the key is expired or spent: make a new one"}
	}
	next := old.clone()
	end := old.clone()
	if at := instant(b.now.Add(overlap)); end.Expires.IsZero() || end.Expires.After(at) {
		end.Expires = at
		b.put(KindKey, it, end, it.sealed)
	}
	return next, nil
}

// ShowKey shows the secret of a key that rotation by age made, once.
func (c *Catalog) ShowKey(ctx context.Context, by Actor, id string) (*Key, config.Secret, error) {
	var secret config.Secret
	docs, err := c.update(ctx, by, "", func(b *batch) error {
		it, err := b.find(KindKey, id, 0)
		if err != nil {
			return err
		}
		if it.sealed == "" {
			return &FaultError{"unseen", "the secret was shown before, and is not kept: rotate the key"}
		}
		if secret, err = c.sealer.open(KindKey, id, it.sealed); err != nil {
			return err
		}
		k := it.obj.(*Key).clone()
		k.Unseen = false
		b.put(KindKey, it, k, "")
		return nil
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	k, err := made[*Key](c, KindKey, docs)
	return k, secret, err
}
