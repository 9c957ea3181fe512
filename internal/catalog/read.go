package catalog

import (
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/ticket"
)

// get is the object of an id.
func get[T object](c *Catalog, kind, id string) (T, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if it := c.index.items[ref{kind, id}]; it != nil {
		return it.obj.(T), true
	}
	var none T
	return none, false
}

func all[T object](c *Catalog, kind string) []T {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return list[T](c.index, kind)
}

// Stream returns the stream of an id.
func (c *Catalog) Stream(id string) (*Stream, bool) { return get[*Stream](c, KindStream, id) }

// StreamByPath returns the stream of a full name, "app/name".
func (c *Catalog) StreamByPath(path string) (*Stream, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s, ok := c.index.paths[path]
	return s, ok
}

// StreamByPlayback returns the stream of a playback id.
func (c *Catalog) StreamByPlayback(id string) (*Stream, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s, ok := c.index.playback[id]
	return s, ok
}

// FindKey returns the key of a secret, and its stream. It may be one that is
// good no more: ask [Key.Good]. Of its uses it tells whether it is spent, and
// nothing else. A map by the hash of 160 random bits tells nobody by its time
// how near a guess was.
func (c *Catalog) FindKey(secret string) (*Key, *Stream, bool) {
	d := digestOf(secret)
	c.mu.RLock()
	k := c.index.hashes[d]
	var s *Stream
	if k != nil {
		s = c.index.paths[k.Path]
	}
	c.mu.RUnlock()
	if s == nil {
		return nil, nil, false
	}
	if k.Once {
		if use, ok := c.uses.of(ref{KindKey, k.ID}); ok && !use.Spent.IsZero() {
			spent := *k
			spent.Spent = use.Spent
			k = &spent
		}
	}
	return k, s, true
}

// Key returns the key of an id.
func (c *Catalog) Key(id string) (*Key, bool) {
	k, ok := get[*Key](c, KindKey, id)
	if !ok {
		return nil, false
	}
	return c.usedKey(k), true
}

func (c *Catalog) usedKey(k *Key) *Key {
	use, ok := c.uses.of(ref{KindKey, k.ID})
	if !ok {
		return k
	}
	used := *k
	used.LastUse, used.SentPlain, used.Spent = use.last(), use.SentPlain, use.Spent
	return &used
}

// Keys returns the keys of a stream, by its id, the oldest first.
func (c *Catalog) Keys(stream string) []*Key {
	c.mu.RLock()
	var keys []*Key
	if it := c.index.items[ref{KindStream, stream}]; it != nil {
		keys = c.index.keys[pathOf(it.obj)]
	}
	c.mu.RUnlock()
	keys = slices.Clone(keys)
	for i, k := range keys {
		keys[i] = c.usedKey(k)
	}
	return keys
}

// HasKeys reports whether the stream of a path has any key.
func (c *Catalog) HasKeys(path string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.index.keys[path]) > 0
}

// Credential returns the credential of an id.
func (c *Catalog) Credential(id string) (*Credential, bool) {
	k, ok := get[*Credential](c, KindCredential, id)
	if !ok {
		return nil, false
	}
	return c.usedCredential(k), true
}

func (c *Catalog) usedCredential(k *Credential) *Credential {
	used := *k
	use, _ := c.uses.of(ref{KindCredential, k.ID})
	used.LastUse = use.last()
	return &used
}

// Credentials returns those of a stream, by its id, the oldest first.
func (c *Catalog) Credentials(stream string) []*Credential {
	c.mu.RLock()
	var of []*Credential
	if it := c.index.items[ref{KindStream, stream}]; it != nil {
		of = c.index.credentials[pathOf(it.obj)]
	}
	c.mu.RUnlock()
	of = slices.Clone(of)
	for i, k := range of {
		of[i] = c.usedCredential(k)
	}
	return of
}

// HasCredentials reports whether there is any credential.
func (c *Catalog) HasCredentials() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.index.users) > 0
}

// Verifier returns what a user's answers to challenges are checked by. The
// credential may be expired: ask [Credential.Good].
func (c *Catalog) Verifier(user string) (Verifier, *Credential, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	it := c.index.users[user]
	if it == nil || it.verifier.Salt == "" || it.obj.(*Credential).Stream == "" {
		return Verifier{}, nil, false
	}
	return it.verifier, it.obj.(*Credential), true
}

// FindToken returns the token of a secret. It may be expired: ask [Token.Good].
func (c *Catalog) FindToken(secret string) (*Token, bool) {
	d := digestOf(secret)
	c.mu.RLock()
	defer c.mu.RUnlock()
	t, ok := c.index.tokens[d]
	return t, ok
}

// Token returns the token of an id.
func (c *Catalog) Token(id string) (*Token, bool) {
	t, ok := get[*Token](c, KindToken, id)
	if !ok {
		return nil, false
	}
	return c.usedToken(t), true
}

func (c *Catalog) usedToken(t *Token) *Token {
	used := *t
	use, _ := c.uses.of(ref{KindToken, t.ID})
	used.LastUse = use.last()
	return &used
}

// Tokens returns all, the oldest first.
func (c *Catalog) Tokens() []*Token {
	tokens := all[*Token](c, KindToken)
	for i, t := range tokens {
		tokens[i] = c.usedToken(t)
	}
	return tokens
}

// Webhook returns the webhook of an id.
func (c *Catalog) Webhook(id string) (*Webhook, bool) { return get[*Webhook](c, KindWebhook, id) }

// Webhooks returns all, the oldest first.
func (c *Catalog) Webhooks() []*Webhook { return all[*Webhook](c, KindWebhook) }

// WebhookSecret returns what signs the deliveries of a webhook.
func (c *Catalog) WebhookSecret(id string) (config.Secret, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	it := c.index.items[ref{KindWebhook, id}]
	if it == nil || it.secret.Reveal() == "" {
		return config.Secret{}, false
	}
	return it.secret, true
}

// Ban returns the ban of an id.
func (c *Catalog) Ban(id string) (*Ban, bool) { return get[*Ban](c, KindBan, id) }

// Bans returns all, the oldest first, also those that hold no more.
func (c *Catalog) Bans() []*Ban { return all[*Ban](c, KindBan) }

// SigningKey returns what can be told of the signing key of an id.
func (c *Catalog) SigningKey(id string) (*SigningKey, bool) {
	return get[*SigningKey](c, KindSigningKey, id)
}

// SigningKeyList is what can be told of [Catalog.SigningKeys].
func (c *Catalog) SigningKeyList() []*SigningKey { return all[*SigningKey](c, KindSigningKey) }

// SigningKeys returns the keys that sign permissions to watch, with their
// secrets, the newest first, without those that have ended.
func (c *Catalog) SigningKeys() []ticket.Key {
	now := c.o.Now()
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := list[*SigningKey](c.index, KindSigningKey)
	slices.Reverse(list)
	keys := make([]ticket.Key, 0, len(list))
	for _, k := range list {
		it := c.index.items[ref{KindSigningKey, k.ID}]
		if it.secret.Reveal() != "" && k.Good(now) {
			keys = append(keys, ticket.Key{ID: k.ID, Secret: it.secret, Until: k.Until})
		}
	}
	return keys
}

// Revocations returns the permissions to watch that were taken back.
func (c *Catalog) Revocations() []ticket.Revocation {
	revoked := all[*revocation](c, KindRevocation)
	out := make([]ticket.Revocation, len(revoked))
	for i, r := range revoked {
		out[i] = r.ticket()
	}
	return out
}

// Good reports whether the credential may be used at a time.
func (k *Credential) Good(now time.Time) bool { return k.Expires.IsZero() || now.Before(k.Expires) }

// Good reports whether what the key signs is good at a time.
func (k *SigningKey) Good(now time.Time) bool { return k.Until.IsZero() || now.Before(k.Until) }
