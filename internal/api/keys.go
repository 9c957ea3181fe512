package api

import (
	"context"
	"net/http"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
)

// Key publishes a stream.
type Key struct {
	Meta
	Stream    string     `json:"stream" doc:"The name of its stream."`
	StreamID  string     `json:"stream_id"`
	Label     string     `json:"label,omitempty"`
	Expires   *timestamp `json:"expires,omitempty"`
	Once      bool       `json:"once" doc:"For one broadcast, at whose end it is spent."`
	Spent     *timestamp `json:"spent,omitempty"`
	Addresses []string   `json:"addresses,omitempty" doc:"That it may be used from; none: from any."`
	Rehearsal bool       `json:"rehearsal" doc:"Publishes to nowhere, to be checked."`
	Plain     string     `json:"plain,omitempty" enum:"allow,warn,refuse" doc:"What becomes of those who come without TLS."`
	SentPlain *timestamp `json:"sent_plain,omitempty" doc:"When it was first sent without TLS."`
	Unseen    bool       `json:"unseen,omitempty" doc:"It was made by age, and waits to be shown."`
	LastUse   *Use       `json:"last_use,omitempty"`
	Key       string     `json:"key,omitempty" doc:"The key, shown once."`
}

// KeySettings are what can be set of a key.
type KeySettings struct {
	Label     *string    `json:"label,omitempty" nullable:"true"`
	Expires   *time.Time `json:"expires,omitempty" nullable:"true"`
	Addresses []string   `json:"addresses,omitempty" nullable:"true" doc:"Addresses and networks." example:"[\"192.0.2.0/24\"]"`
	Plain     *string    `json:"plain,omitempty" nullable:"true" enum:"allow,warn,refuse"`
}

// NewKey is a key to be made.
type NewKey struct {
	KeySettings
	Once      *bool `json:"once,omitempty" nullable:"true" doc:"For one broadcast."`
	Rehearsal *bool `json:"rehearsal,omitempty" nullable:"true" doc:"Publishes to nowhere, to be checked."`
}

func keySettings(k *catalog.Key) KeySettings {
	return KeySettings{some(k.Label), pointer(k.Expires), texts(k.Addresses), some(k.Plain)}
}

func (s *KeySettings) to(k *catalog.Key) (err error) {
	k.Label, k.Expires, k.Plain = of(s.Label), of(s.Expires), of(s.Plain)
	k.Addresses, err = prefixes(s.Addresses)
	return err
}

// KeyList are the keys of a stream.
type KeyList struct {
	Keys []Key `json:"keys"`
}

// Overlap is for how long what is replaced stays good.
type Overlap struct {
	Overlap *catalog.Duration `json:"overlap,omitempty" doc:"How long the old one stays good; 24h unless you say otherwise." example:"1h"`
}

const defaultOverlap = 24 * time.Hour

func (o *Overlap) length() time.Duration {
	if o == nil || o.Overlap == nil {
		return defaultOverlap
	}
	return time.Duration(*o.Overlap)
}

func (a *API) serveKeys() {
	register(a, operation{
		id: "list-keys", method: http.MethodGet, path: "/streams/{id}/keys", tag: "keys", summary: "List the keys of a stream",
		role: catalog.Viewer,
	}, a.keys)
	register(a, operation{
		id: "create-key", method: http.MethodPost, path: "/streams/{id}/keys", tag: "keys", summary: "Create a key",
		about: "The key is shown in this answer and never again.",
		role:  catalog.Operator, status: http.StatusCreated, changes: true,
	}, a.createKey)
	register(a, operation{
		id: "get-key", method: http.MethodGet, path: "/keys/{id}", tag: "keys", summary: "Read a key", role: catalog.Viewer,
	}, func(ctx context.Context, in *Object) (*Tagged[Key], error) {
		k, err := a.key(ctx, in.ID)
		return a.taggedKey(k, config.Secret{}, err)
	})
	register(a, operation{
		id: "change-key", method: http.MethodPatch, path: "/keys/{id}", tag: "keys", summary: "Change a key",
		role: catalog.Operator, changes: true,
	}, a.changeKey)
	register(a, operation{
		id: "revoke-key", method: http.MethodDelete, path: "/keys/{id}", tag: "keys", summary: "Revoke a key",
		about: "Who publishes with it is sent away.", role: catalog.Operator, changes: true,
	}, a.revokeKey)
	register(a, operation{
		id: "rotate-key", method: http.MethodPost, path: "/keys/{id}/rotate", tag: "keys", summary: "Replace a key by a new one",
		about: "The new key is shown in this answer and never again.", role: catalog.Operator, changes: true,
	}, a.rotateKey)
	register(a, operation{
		id: "show-key", method: http.MethodPost, path: "/keys/{id}/show", tag: "keys", summary: "See a key that was made by age, once",
		role: catalog.Operator, changes: true,
	}, func(ctx context.Context, in *struct {
		Object
		Once
	},
	) (*Tagged[Key], error) {
		if _, err := a.key(ctx, in.ID); err != nil {
			return nil, err
		}
		k, secret, err := a.Catalog.ShowKey(in.once(ctx), whoAsks(ctx).actor, in.ID)
		return a.taggedKey(k, secret, err)
	})
}

func newKey(k *catalog.Key, secret config.Secret) Key {
	return Key{
		Meta: newMeta(k.Meta), Stream: k.Path, StreamID: k.Stream, Label: k.Label, Expires: stamp(k.Expires), Once: k.Once,
		Spent: stamp(k.Spent), Addresses: texts(k.Addresses), Rehearsal: k.Rehearsal, Plain: k.Plain, SentPlain: stamp(k.SentPlain),
		Unseen: k.Unseen, LastUse: newUse(k.LastUse), Key: secret.Reveal(),
	}
}

func (a *API) taggedKey(k *catalog.Key, secret config.Secret, err error) (*Tagged[Key], error) {
	if err != nil {
		return nil, err
	}
	return &Tagged[Key]{etag(k.Revision), newKey(k, secret)}, nil
}

// key is the key that an operation of who asks is about.
func (a *API) key(ctx context.Context, id string) (*catalog.Key, error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	k, ok := objects.Key(id)
	if !ok {
		return nil, &catalog.NotFoundError{Kind: catalog.KindKey, ID: id}
	}
	return k, within(whoAsks(ctx), app(k.Path))
}

func (a *API) keys(ctx context.Context, in *OneStream) (*Plain[KeyList], error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	answer := &Plain[KeyList]{KeyList{[]Key{}}}
	for _, k := range a.Catalog.Keys(e.ID) {
		answer.Body.Keys = append(answer.Body.Keys, newKey(k, config.Secret{}))
	}
	return answer, nil
}

func (a *API) createKey(ctx context.Context, in *struct {
	OneStream
	Once
	Body *Patch[NewKey]
},
) (*Made[Key], error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var wanted NewKey
	if in.Body != nil {
		if wanted, err = in.Body.onto(wanted); err != nil {
			return nil, err
		}
	}
	k := catalog.Key{Stream: e.ID, Path: e.Path(), Once: of(wanted.Once), Rehearsal: of(wanted.Rehearsal)}
	if err := wanted.to(&k); err != nil {
		return nil, err
	}
	made, secret, err := a.Catalog.CreateKey(in.once(ctx), whoAsks(ctx).actor, k)
	if err != nil {
		return nil, err
	}
	return &Made[Key]{etag(made.Revision), "/api/v1/keys/" + made.ID, newKey(made, secret)}, nil
}

func (a *API) changeKey(ctx context.Context, in *struct {
	Object
	Condition
	Once
	Body Patch[KeySettings]
},
) (*Tagged[Key], error) {
	k, err := a.key(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, k.Revision)
	if err != nil {
		return nil, err
	}
	k, err = a.Catalog.ChangeKey(in.once(ctx), whoAsks(ctx).actor, k.ID, revision, func(k *catalog.Key) error {
		set, err := in.Body.onto(keySettings(k))
		if err != nil {
			return err
		}
		return set.to(k)
	})
	return a.taggedKey(k, config.Secret{}, err)
}

func (a *API) revokeKey(ctx context.Context, in *struct {
	Object
	Condition
	Once
},
) (*Nothing, error) {
	k, err := a.key(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, k.Revision)
	if err != nil {
		return nil, err
	}
	return nil, a.Catalog.RevokeKey(in.once(ctx), whoAsks(ctx).actor, k.ID, revision)
}

func (a *API) rotateKey(ctx context.Context, in *struct {
	Object
	Once
	Body *Overlap
},
) (*Tagged[Key], error) {
	if _, err := a.key(ctx, in.ID); err != nil {
		return nil, err
	}
	k, secret, err := a.Catalog.RotateKey(in.once(ctx), whoAsks(ctx).actor, in.ID, in.Body.length())
	return a.taggedKey(k, secret, err)
}
