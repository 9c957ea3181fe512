package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
)

// requestOf is the request that a change is made for, apart for each kind of
// change: what one repeats is no repetition of another.
func requestOf(ctx context.Context, what string) (string, error) {
	request, _ := ctx.Value(requestKey{}).(string)
	if request == "" {
		return "", nil
	}
	if err := checkText("request", request, maxTitle); err != nil {
		return "", err
	}
	return what + " " + request, nil
}

// made is the object of a kind among the documents of a change.
func made[T object](c *Catalog, kind string, docs []database.Doc) (T, error) {
	var none T
	for _, d := range docs {
		if d.Kind != kind || d.Body == nil {
			continue
		}
		it, err := c.sealer.decode(d)
		if err != nil {
			return none, err
		}
		c.mu.RLock()
		defer c.mu.RUnlock()
		if s := c.index.paths[pathOf(it.obj)]; s != nil {
			switch o := it.obj.(type) {
			case *Key:
				o.Stream = s.ID
			case *Credential:
				o.Stream = s.ID
			}
		}
		return it.obj.(T), nil
	}
	return none, fmt.Errorf("the answer to a repeated request is not there any more: the database has no %s of it", kind)
}

// CreateStream makes a stream, and a key of it if the options say so. The secret
// is that of the key, and is shown only here.
func (c *Catalog) CreateStream(
	ctx context.Context, by Actor, s Stream, o CreateOptions,
) (*Stream, *Key, config.Secret, error) {
	fail := func(err error) (*Stream, *Key, config.Secret, error) { return nil, nil, config.Secret{}, err }
	if o.Request != "" {
		ctx = WithRequest(ctx, o.Request)
	}
	request, err := requestOf(ctx, "create stream")
	if err != nil {
		return fail(err)
	}
	var secret config.Secret
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		stream := s.clone()
		if err := b.createStream(stream); err != nil {
			return err
		}
		if !o.Key {
			return nil
		}
		var err error
		secret, err = b.createKey(&Key{Stream: stream.ID, Path: stream.Path(), Label: o.KeyLabel}, request)
		return err
	})
	if err != nil {
		return fail(err)
	}
	stream, err := made[*Stream](c, KindStream, docs)
	if err != nil {
		return fail(err)
	}
	if stream.Path() != s.Path() {
		return fail(&FaultError{"request", "it made another stream before: give each its own"})
	}
	if !o.Key {
		return stream, nil, config.Secret{}, nil
	}
	key, err := made[*Key](c, KindKey, docs)
	if err != nil {
		return fail(err)
	}
	return stream, key, c.again(secret, keySecret, key.ID, request), nil
}

// again is the secret that was made for an object, also if that was the last
// time that the request came.
func (c *Catalog) again(secret config.Secret, prefix, id, request string) config.Secret {
	if request == "" {
		return secret
	}
	return c.sealer.secretOf(prefix, id, request)
}

func (b *batch) createStream(s *Stream) error {
	s.Meta = Meta{ID: newID(streamPrefix)}
	if err := b.c.checkStream(b.x, nil, s); err != nil {
		return err
	}
	if other := b.x.paths[s.Path()]; other != nil {
		if managed(other) {
			return b.c.managedError(KindStream, other)
		}
		return &ExistsError{KindStream, s.Path()}
	}
	// Keys that were made for a stream of the config file that is no more must not
	// come to life with this one.
	b.deleteSecrets(s.Path())
	b.reserve(kindPath, s.Path(), s.ID)
	b.put(KindStream, nil, s, "")
	return nil
}

// deleteSecrets deletes all keys and credentials of a path.
func (b *batch) deleteSecrets(path string) {
	for _, k := range b.x.keys[path] {
		if !managed(k) {
			b.delete(b.x.items[ref{KindKey, k.ID}])
		}
	}
	for _, k := range b.x.credentials[path] {
		if !managed(k) {
			b.deleteCredential(b.x.items[ref{KindCredential, k.ID}])
		}
	}
}

// ChangeStream changes a stream to what the function makes of it, which may be
// called more than once. Its path stays.
func (c *Catalog) ChangeStream(
	ctx context.Context, by Actor, id string, revision int64, change func(*Stream) error,
) (*Stream, error) {
	request, err := requestOf(ctx, "change stream "+id)
	if err != nil {
		return nil, err
	}
	var same *Stream
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		it, err := b.find(KindStream, id, revision)
		if err != nil {
			return err
		}
		old := it.obj.(*Stream)
		s := old.clone()
		if err := change(s); err != nil {
			return err
		}
		s = s.clone() // the function may have kept a part of it
		s.Meta = old.Meta
		if err := c.checkStream(b.x, old, s); err != nil {
			return err
		}
		return b.replace(it, s, it.sealed, func() { same = old })
	})
	if same != nil && isNothing(err) {
		return same, nil
	}
	if err != nil {
		return nil, err
	}
	return made[*Stream](c, KindStream, docs)
}

// replace changes an object, unless it is so already.
func (b *batch) replace(it *item, after object, sealed string, same func()) error {
	if string(encode(it.obj, it.sealed)) == string(encode(after, sealed)) {
		same()
		return errNothing
	}
	b.put(it.kind, it, after, sealed)
	return nil
}

func isNothing(err error) bool { return errors.Is(err, errNothing) }

// DeleteStream deletes a stream with its keys and credentials.
func (c *Catalog) DeleteStream(ctx context.Context, by Actor, id string, revision int64) error {
	_, err := c.update(ctx, by, "", func(b *batch) error {
		it, err := b.find(KindStream, id, revision)
		if err != nil {
			return err
		}
		return b.deleteStream(it)
	})
	return err
}

func (b *batch) deleteStream(it *item) error {
	path := pathOf(it.obj)
	for _, k := range b.x.keys[path] {
		if managed(k) {
			return b.c.managedError(KindKey, k)
		}
	}
	for _, k := range b.x.credentials[path] {
		if managed(k) {
			return b.c.managedError(KindCredential, k)
		}
	}
	b.deleteSecrets(path)
	b.release(kindPath, path)
	b.delete(it)
	return nil
}
