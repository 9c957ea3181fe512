package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace-live/millrace/internal/ticket"
)

// split is the app and name of a path.
func split(path string) (app, name string) {
	app, name, _ = strings.Cut(path, "/")
	return app, name
}

// Declare replaces what the config file declares. It is all or nothing: the
// error names what is wrong first. What was made by the API under the same name
// stands behind what is declared, and is seen again when that is no more; the
// API's keys of a stream publish either way.
func (c *Catalog) Declare(d Declared) error {
	defer c.news.deliver()
	if err := c.take(context.Background()); err != nil {
		// The database is away, and that is nothing to this.
		c.turn <- struct{}{}
	}
	defer c.giveBack()
	items, err := c.declare(d)
	if err != nil {
		return err
	}
	old := c.index
	before := c.declared
	c.declared = items
	c.mu.Lock()
	c.file = d.File
	c.mu.Unlock()
	c.rebuild()
	c.news.add(declaredChanges(before, items, old, c.index))
	return nil
}

// declaredChanges are the differences that another declaration makes.
func declaredChanges(before, after []*item, old, now *index) []Changed {
	var refs []ref
	seen := map[ref]bool{}
	add := func(r ref) {
		if !seen[r] {
			seen[r] = true
			refs = append(refs, r)
		}
	}
	for _, it := range slices.Concat(before, after) {
		add(it.ref)
		if s, ok := it.obj.(*Stream); ok { // what it stands before
			for _, x := range []*index{old, now} {
				if other := x.paths[s.Path()]; other != nil {
					add(ref{KindStream, other.ID})
				}
			}
		}
	}
	var all []Changed
	for _, r := range refs {
		a, b := old.items[r], now.items[r]
		if a != nil && b != nil && same(a, b) {
			continue
		}
		if ch := (Changed{Kind: r.kind, ID: r.id, By: "config"}); ch.fill(a, b) {
			all = append(all, ch)
		}
	}
	return all
}

func same(a, b *item) bool {
	return string(encode(a.obj, "")) == string(encode(b.obj, "")) && a.secret.Reveal() == b.secret.Reveal()
}

// declaration puts the items of a declaration together.
type declaration struct {
	c     *Catalog
	items []*item
	paths map[string]bool
	seen  map[string]bool
	old   map[ref]*item
}

func (c *Catalog) declare(d Declared) ([]*item, error) {
	b := &declaration{c: c, paths: map[string]bool{}, seen: map[string]bool{}, old: map[ref]*item{}}
	for _, it := range c.declared {
		b.old[it.ref] = it
	}
	for _, s := range d.Streams {
		if err := b.stream(s); err != nil {
			return nil, fmt.Errorf("the stream %s: %w", s.Path(), err)
		}
	}
	for _, k := range d.Keys {
		if err := b.key(k); err != nil {
			return nil, fmt.Errorf("a key of the stream %s: %w", k.Path, err)
		}
	}
	for _, k := range d.Credentials {
		if err := b.credential(k); err != nil {
			return nil, fmt.Errorf("the credential %s: %w", k.User, err)
		}
	}
	for _, t := range d.Tokens {
		if err := b.token(t); err != nil {
			return nil, fmt.Errorf("the token %s: %w", t.Label, err)
		}
	}
	for _, w := range d.Webhooks {
		if err := b.webhook(w); err != nil {
			return nil, fmt.Errorf("the webhook %s: %w", w.Label, err)
		}
	}
	if err := ticket.CheckKeys(d.SigningKeys); err != nil {
		return nil, err
	}
	for _, k := range d.SigningKeys {
		key := &SigningKey{Meta: Meta{ID: k.ID}, Until: instant(k.Until)}
		b.add(&item{ref: ref{KindSigningKey, k.ID}, obj: key, secret: k.Secret})
	}
	for _, ban := range d.Bans {
		if err := b.ban(ban); err != nil {
			return nil, fmt.Errorf("the ban of %v%s: %w", ban.Address, ban.Key, err)
		}
	}
	return b.items, nil
}

// add gives an item what its Meta is to be: that of the declaration before, if
// it was in it.
func (b *declaration) add(it *item) {
	m, now := it.obj.meta(), b.c.o.Now().UTC()
	*m = Meta{ID: it.id, Revision: 1, Managed: ByConfig, Created: now, Updated: now}
	if old := b.old[it.ref]; old != nil {
		*m = *old.obj.meta()
		if !same(old, it) {
			m.Revision, m.Updated = m.Revision+1, now
		}
	}
	it.revision = m.Revision
	b.items = append(b.items, it)
}

// once reports that there is a second one.
func (b *declaration) once(what, name string) error {
	if b.seen[what+" "+name] {
		return fmt.Errorf("it is declared twice")
	}
	b.seen[what+" "+name] = true
	return nil
}

func (b *declaration) stream(s Stream) error {
	if s.Visibility == "" {
		s.Visibility = Public // it has a name that people chose
	}
	stream := s.clone()
	if stream.Visibility == Unlisted && len(stream.PlaybackIDs) == 0 {
		// There is nowhere to keep one, so it follows from the name and the key file.
		id := lower32(b.c.sealer.mac("playback", stream.Path()))[:playbackLength]
		stream.PlaybackIDs = []string{playbackPrefix + id}
	}
	if slices.Contains(stream.PlaybackIDs, "") {
		return &FaultError{"playback_ids", "one is empty"}
	}
	if err := b.c.checkStream(b.c.index, nil, stream); err != nil {
		return err
	}
	if err := b.once(KindStream, stream.Path()); err != nil {
		return err
	}
	for _, id := range stream.PlaybackIDs {
		if err := b.once("playback", id); err != nil {
			return &FaultError{"playback_ids", "one is that of another stream"}
		}
	}
	b.paths[stream.Path()] = true
	b.add(&item{ref: ref{KindStream, fixedID(streamPrefix, stream.Path())}, obj: stream})
	return nil
}

// of sees to it that there is a stream for what belongs to one.
func (b *declaration) of(path string) error {
	if s := b.c.index.paths[path]; b.paths[path] || s != nil && !managed(s) {
		return nil
	}
	app, name := split(path)
	return b.stream(Stream{App: app, Name: name})
}

func (b *declaration) key(k DeclaredKey) error {
	key := k.Key.clone()
	if k.Secret.Reveal() == "" {
		return &FaultError{"key", "it is empty"}
	}
	d := digestOf(k.Secret.Reveal())
	key.Hash = d.String()
	if err := checkKey(b.c.o.Now(), key, key); err != nil { // one that expired meanwhile is no fault
		return err
	}
	if err := b.of(key.Path); err != nil {
		return err
	}
	if err := b.once("secret", d.String()); err != nil {
		return fmt.Errorf("the same key is declared twice")
	}
	b.add(&item{ref: ref{KindKey, fixedID(keyPrefix, key.Path+"\x00"+key.Hash)}, obj: key})
	return nil
}

func (b *declaration) credential(k DeclaredCredential) error {
	cred := k.Credential
	if len(cred.User) > maxUser || !userName.MatchString(cred.User) {
		return checkCredential(b.c.o.Now(), nil, &Credential{User: cred.User})
	}
	if err := first(checkPassword(k.Password), checkCredential(b.c.o.Now(), &cred, &cred), b.of(cred.Path),
		b.once(KindCredential, cred.User)); err != nil {
		return err
	}
	salt := lower32(b.c.sealer.mac("salt", cred.User))[:saltLength]
	b.add(&item{
		ref: ref{KindCredential, fixedID(credentialPrefix, cred.User)}, obj: &cred,
		verifier: newVerifier(cred.User, salt, k.Password), secret: k.Password,
	})
	return nil
}

func (b *declaration) token(t DeclaredToken) error {
	token := t.Token.clone()
	if t.Secret.Reveal() == "" {
		return &FaultError{"token", "it is empty"}
	}
	token.Hash = digestOf(t.Secret.Reveal()).String()
	if err := first(checkToken(b.c.o.Now(), token, token), b.once("secret", token.Hash)); err != nil {
		return err
	}
	b.add(&item{ref: ref{KindToken, fixedID(tokenPrefix, token.Hash)}, obj: token})
	return nil
}

func (b *declaration) webhook(w DeclaredWebhook) error {
	hook := w.Webhook.clone()
	if w.Secret.Reveal() == "" {
		// It could not be shown to anybody, so that no receiver could check it.
		return &FaultError{"secret", "there is none to sign the deliveries with"}
	}
	if err := first(checkWebhook(hook), b.once(KindWebhook, hook.URL+" "+hook.Label)); err != nil {
		return err
	}
	b.add(&item{ref: ref{KindWebhook, fixedID(webhookPrefix, hook.URL+" "+hook.Label)}, obj: hook, secret: w.Secret})
	return nil
}

func (b *declaration) ban(ban Ban) error {
	if err := checkBan(b.c.o.Now(), &ban, &ban); err != nil {
		return err
	}
	name := ban.Address.String() + ban.Key
	if err := b.once(KindBan, name); err != nil {
		return err
	}
	b.add(&item{ref: ref{KindBan, fixedID(banPrefix, name)}, obj: &ban})
	return nil
}
