package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/store"
)

// FirstStream is the stream that the first start makes a key for.
const FirstStream = "live/main"

const startID = "first"

// start does what is done once in the life of a database: it makes the first
// stream, or takes over the keys of a data folder from before there was one.
func (c *Catalog) start(ctx context.Context) error {
	old, err := c.olderKeys()
	if err != nil {
		return err
	}
	var first config.Secret
	known := c.base[ref{kindStart, startID}] != nil
	_, err = c.update(ctx, System, "", func(b *batch) error {
		first = config.Secret{}
		it := c.base[ref{kindStart, startID}]
		fresh := it == nil && len(c.base) == 0
		switch {
		case it == nil:
			b.mark(0)
		case it.sealed != "" && !known:
			return c.sealFault(errors.New("another server began a moment ago, with a key file of its own"))
		case it.sealed != "" && c.o.Shared:
			return c.sealFault(errors.New("servers that share a database need the same one"))
		case it.sealed != "":
			c.o.Log.Warn("the database was used with another " + KeyFile +
				"; nothing that it sealed is left, so this one is taken")
			b.mark(it.revision)
		}
		if fresh && len(old) == 0 {
			if first, err = b.firstStream(); err != nil {
				return err
			}
		}
		if err := b.takeOver(old); err != nil {
			return err
		}
		if len(b.changes) == 0 {
			return errNothing
		}
		return nil
	})
	if err != nil && !isNothing(err) {
		return err
	}
	c.firstKey = first
	if len(old) == 0 {
		return nil
	}
	c.plainOf(old)
	if err := c.flush(ctx); err != nil && !isNothing(err) {
		return err
	}
	c.o.Log.Info("the stream keys of the data folder are in the database now", "keys", len(old))
	return c.o.Folder.Remove(store.KeysFile)
}

func (c *Catalog) olderKeys() ([]store.Key, error) {
	if c.o.Folder == nil {
		return nil, nil
	}
	keys, _, err := c.o.Folder.Keys()
	return keys, err
}

// mark remembers that there was a start, and the key file. It holds nothing but
// something to try the key on.
func (b *batch) mark(revision int64) {
	check := b.c.sealer.seal(kindStart, startID, config.NewSecret("open"))
	b.change(kindStart, startID, revision, marshal(startDoc{check}))
}

func (b *batch) firstStream() (config.Secret, error) {
	s := &Stream{App: "live", Name: "main", Visibility: Public}
	if err := b.createStream(s); err != nil {
		return config.Secret{}, err
	}
	return b.createKey(&Key{Stream: s.ID, Path: s.Path(), Label: "made at the first start"}, "")
}

// takeOver makes streams and keys of those of a data folder, unless they were
// taken over already and the file could not be removed.
func (b *batch) takeOver(old []store.Key) error {
	ids := map[string]string{}
	for _, k := range old {
		d, ok := parseDigest(k.Hash)
		if !ok {
			return fmt.Errorf("%s is damaged (the hash of the key %s is none): restore it from a backup",
				b.c.o.Folder.Path(store.KeysFile), k.ID)
		}
		if b.x.hashes[d] != nil {
			continue
		}
		id := ids[k.Stream]
		if s := b.x.paths[k.Stream]; s != nil {
			id = s.ID
		}
		if id == "" {
			s := &Stream{Visibility: Public} // as it could be watched until now
			s.App, s.Name = split(k.Stream)
			if err := b.createStream(s); err != nil {
				return fmt.Errorf("take over %s: %w", b.c.o.Folder.Path(store.KeysFile), err)
			}
			id = s.ID
			ids[k.Stream] = id
		}
		key := &Key{
			Meta: Meta{ID: newID(keyPrefix)}, Stream: id, Path: k.Stream, Label: clipped(k.Label), Hash: d.String(),
		}
		b.put(KindKey, nil, key, "")
	}
	return nil
}

// plainOf takes over which keys came without TLS.
func (c *Catalog) plainOf(old []store.Key) {
	for _, k := range old {
		d, _ := parseDigest(k.Hash)
		if key := c.index.hashes[d]; key != nil && !k.SentPlain.IsZero() {
			c.uses.change(ref{KindKey, key.ID}, func(u *useDoc) {
				u.SentPlain = earlier(u.SentPlain, instant(k.SentPlain))
			})
		}
	}
}
