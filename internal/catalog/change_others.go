package catalog

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/ticket"
)

// CreateCredential makes a credential of the stream k.Stream, which is an id. If
// no password is given it makes one; either way it returns it.
func (c *Catalog) CreateCredential(
	ctx context.Context, by Actor, k Credential, password config.Secret,
) (*Credential, config.Secret, error) {
	request, err := requestOf(ctx, "create credential")
	if err != nil {
		return nil, config.Secret{}, err
	}
	given := password.Reveal() != ""
	if given {
		if err := checkPassword(password); err != nil {
			return nil, config.Secret{}, err
		}
	}
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		path, err := b.pathOf(k.Stream)
		if err != nil {
			return err
		}
		cred := k
		cred.Meta, cred.Path, cred.LastUse = Meta{ID: newID(credentialPrefix)}, path, nil
		if err := checkCredential(b.now, nil, &cred); err != nil {
			return err
		}
		if b.x.users[cred.User] != nil {
			return &ExistsError{"user", cred.User}
		}
		if !given {
			password = c.sealer.secretOf(passSecret, cred.ID, request)
		}
		b.reserve(kindUser, cred.User, cred.ID)
		b.put(KindCredential, nil, &cred, c.sealVerifier(&cred, password))
		return nil
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	cred, err := made[*Credential](c, KindCredential, docs)
	if err != nil {
		return nil, config.Secret{}, err
	}
	if !given {
		password = c.again(password, passSecret, cred.ID, request)
	}
	return cred, password, nil
}

const saltLength = 8

// newVerifier is what the challenges of both dialects are checked by. The salt
// stays: a new one would need the password.
func newVerifier(user, salt string, password config.Secret) Verifier {
	adobe := md5.Sum([]byte(user + salt + password.Reveal()))
	ha1 := md5.Sum([]byte(user + ":live:" + password.Reveal()))
	return Verifier{
		Salt:      salt,
		Adobe:     config.NewSecret(base64.StdEncoding.EncodeToString(adobe[:])),
		Limelight: config.NewSecret(hex.EncodeToString(ha1[:])),
	}
}

func (c *Catalog) sealVerifier(k *Credential, password config.Secret) string {
	v := newVerifier(k.User, newSecret("").Reveal()[:saltLength], password)
	doc := verifierDoc{v.Salt, v.Adobe.Reveal(), v.Limelight.Reveal()}
	return c.sealer.seal(KindCredential, k.ID, config.NewSecret(string(marshal(doc))))
}

// ChangeCredential changes a credential to what the function makes of it. Its
// stream, user and password stay.
func (c *Catalog) ChangeCredential(
	ctx context.Context, by Actor, id string, revision int64, change func(*Credential) error,
) (*Credential, error) {
	return changed(ctx, c, by, KindCredential, id, revision, func(b *batch, old *Credential) (*Credential, error) {
		k := *old
		if err := change(&k); err != nil {
			return nil, err
		}
		k.Meta, k.LastUse = old.Meta, nil
		return &k, checkCredential(b.now, old, &k)
	})
}

// DeleteCredential deletes a credential.
func (c *Catalog) DeleteCredential(ctx context.Context, by Actor, id string, revision int64) error {
	_, err := c.update(ctx, by, "", func(b *batch) error {
		it, err := b.find(KindCredential, id, revision)
		if err == nil {
			b.deleteCredential(it)
		}
		return err
	})
	return err
}

func (b *batch) deleteCredential(it *item) {
	b.release(kindUser, it.obj.(*Credential).User)
	b.delete(it)
}

// CreateToken makes a token. The secret is shown only here.
func (c *Catalog) CreateToken(ctx context.Context, by Actor, t Token) (*Token, config.Secret, error) {
	request, err := requestOf(ctx, "create token")
	if err != nil {
		return nil, config.Secret{}, err
	}
	var secret config.Secret
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		token := t.clone()
		token.Meta = Meta{ID: newID(tokenPrefix)}
		secret = c.sealer.secretOf(tokenSecret, token.ID, request)
		token.Hash = digestOf(secret.Reveal()).String()
		if err := checkToken(b.now, nil, token); err != nil {
			return err
		}
		b.put(KindToken, nil, token, "")
		return nil
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	token, err := made[*Token](c, KindToken, docs)
	if err != nil {
		return nil, config.Secret{}, err
	}
	return token, c.again(secret, tokenSecret, token.ID, request), nil
}

func (t *Token) clone() *Token {
	c := *t
	c.Apps, c.LastUse = slices.Clone(t.Apps), nil
	return &c
}

// ChangeToken changes a token to what the function makes of it. Its secret stays.
func (c *Catalog) ChangeToken(ctx context.Context, by Actor, id string, revision int64, change func(*Token) error) (*Token, error) {
	return changed(ctx, c, by, KindToken, id, revision, func(b *batch, old *Token) (*Token, error) {
		t := old.clone()
		if err := change(t); err != nil {
			return nil, err
		}
		t = t.clone()
		t.Meta = old.Meta
		return t, checkToken(b.now, old, t)
	})
}

// RevokeToken deletes a token.
func (c *Catalog) RevokeToken(ctx context.Context, by Actor, id string, revision int64) error {
	return c.deleted(ctx, by, KindToken, id, revision)
}

// CreateWebhook makes a webhook. The secret signs its deliveries, and is shown
// here and to the server alone.
func (c *Catalog) CreateWebhook(ctx context.Context, by Actor, w Webhook) (*Webhook, config.Secret, error) {
	request, err := requestOf(ctx, "create webhook")
	if err != nil {
		return nil, config.Secret{}, err
	}
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		hook := w.clone()
		hook.Meta = Meta{ID: newID(webhookPrefix)}
		if err := checkWebhook(hook); err != nil {
			return err
		}
		if len(b.x.others[KindWebhook]) >= maxWebhooks {
			return &FaultError{"url", fmt.Sprintf("there are %d webhooks, and more are too many: delete some", maxWebhooks)}
		}
		b.put(KindWebhook, nil, hook, c.sealer.seal(KindWebhook, hook.ID, newSecret(webhookSecret)))
		return nil
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	return sealedOf[*Webhook](c, KindWebhook, docs)
}

func (w *Webhook) clone() *Webhook {
	c := *w
	c.Types, c.Apps = slices.Clone(w.Types), slices.Clone(w.Apps)
	return &c
}

// ChangeWebhook changes a webhook to what the function makes of it. Its secret
// stays.
func (c *Catalog) ChangeWebhook(
	ctx context.Context, by Actor, id string, revision int64, change func(*Webhook) error,
) (*Webhook, error) {
	return changed(ctx, c, by, KindWebhook, id, revision, func(_ *batch, old *Webhook) (*Webhook, error) {
		w := old.clone()
		if err := change(w); err != nil {
			return nil, err
		}
		w = w.clone()
		w.Meta = old.Meta
		return w, checkWebhook(w)
	})
}

// RotateWebhookSecret gives a webhook another secret, from now on.
func (c *Catalog) RotateWebhookSecret(
	ctx context.Context, by Actor, id string, revision int64,
) (*Webhook, config.Secret, error) {
	request, err := requestOf(ctx, "rotate webhook "+id)
	if err != nil {
		return nil, config.Secret{}, err
	}
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		it, err := b.find(KindWebhook, id, revision)
		if err != nil {
			return err
		}
		b.put(KindWebhook, it, it.obj.(*Webhook).clone(), c.sealer.seal(KindWebhook, id, newSecret(webhookSecret)))
		return nil
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	return sealedOf[*Webhook](c, KindWebhook, docs)
}

// DeleteWebhook deletes a webhook. What it has not had yet is for its deliverer
// to forget.
func (c *Catalog) DeleteWebhook(ctx context.Context, by Actor, id string, revision int64) error {
	return c.deleted(ctx, by, KindWebhook, id, revision)
}

// CreateBan keeps an address or a key out.
func (c *Catalog) CreateBan(ctx context.Context, by Actor, ban Ban) (*Ban, error) {
	request, err := requestOf(ctx, "create ban")
	if err != nil {
		return nil, err
	}
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		ban := ban
		ban.Meta = Meta{ID: newID(banPrefix)}
		if err := checkBan(b.now, nil, &ban); err != nil {
			return err
		}
		if ban.Key != "" && b.x.items[ref{KindKey, ban.Key}] == nil {
			return &NotFoundError{KindKey, ban.Key}
		}
		b.put(KindBan, nil, &ban, "")
		return nil
	})
	if err != nil {
		return nil, err
	}
	return made[*Ban](c, KindBan, docs)
}

// ChangeBan changes a ban to what the function makes of it.
func (c *Catalog) ChangeBan(ctx context.Context, by Actor, id string, revision int64, change func(*Ban) error) (*Ban, error) {
	return changed(ctx, c, by, KindBan, id, revision, func(b *batch, old *Ban) (*Ban, error) {
		ban := *old
		if err := change(&ban); err != nil {
			return nil, err
		}
		ban.Meta = old.Meta
		return &ban, checkBan(b.now, old, &ban)
	})
}

// DeleteBan lets in again.
func (c *Catalog) DeleteBan(ctx context.Context, by Actor, id string, revision int64) error {
	return c.deleted(ctx, by, KindBan, id, revision)
}

// CreateSigningKey makes a key that signs permissions to watch beside those that
// there are, which stay good. Of k the label counts.
func (c *Catalog) CreateSigningKey(ctx context.Context, by Actor, k SigningKey) (*SigningKey, config.Secret, error) {
	return c.addSigningKey(ctx, by, "create signing key", k.Label, nil)
}

// RotateSigningKey makes a key, and lets all others that were made here end after
// the overlap, if not before.
func (c *Catalog) RotateSigningKey(ctx context.Context, by Actor, overlap time.Duration) (*SigningKey, config.Secret, error) {
	if overlap < 0 || overlap > maxOverlap {
		return nil, config.Secret{}, &FaultError{"overlap", fmt.Sprintf("it is from 0 to %v", maxOverlap)}
	}
	return c.addSigningKey(ctx, by, "rotate signing key", "", &overlap)
}

func (c *Catalog) addSigningKey(
	ctx context.Context, by Actor, what, label string, overlap *time.Duration,
) (*SigningKey, config.Secret, error) {
	request, err := requestOf(ctx, what)
	if err != nil {
		return nil, config.Secret{}, err
	}
	docs, err := c.update(ctx, by, request, func(b *batch) error {
		key := ticket.NewKey()
		next := &SigningKey{Meta: Meta{ID: key.ID}, Label: label}
		if err := checkText("label", next.Label, maxTitle); err != nil {
			return err
		}
		b.put(KindSigningKey, nil, next, c.sealer.seal(KindSigningKey, key.ID, key.Secret))
		good := 1
		for _, old := range list[*SigningKey](b.x, KindSigningKey) {
			it := b.x.items[ref{KindSigningKey, old.ID}]
			switch {
			case !managed(old) && !old.Good(b.now):
				b.delete(it)
				continue
			case !managed(old) && overlap != nil:
				end := *old
				if at := instant(b.now.Add(*overlap)); end.Until.IsZero() || end.Until.After(at) {
					end.Until = at
					b.put(KindSigningKey, it, &end, it.sealed)
				}
			}
			good++
		}
		if good > maxSigning {
			return &FaultError{"id", fmt.Sprintf("there are %d signing keys, and more are too many: delete some", maxSigning)}
		}
		return nil
	})
	if err != nil {
		return nil, config.Secret{}, err
	}
	return sealedOf[*SigningKey](c, KindSigningKey, docs) // the new one comes first
}

// sealedOf is the first object of a kind among documents, with its secret.
func sealedOf[T object](c *Catalog, kind string, docs []database.Doc) (T, config.Secret, error) {
	var none T
	obj, err := made[T](c, kind, docs)
	if err != nil {
		return none, config.Secret{}, err
	}
	for _, d := range docs {
		if d.ID == obj.meta().ID {
			it, err := c.sealer.decode(d)
			if err != nil {
				return none, config.Secret{}, err
			}
			return obj, it.secret, nil
		}
	}
	return none, config.Secret{}, errNothing
}

// DeleteSigningKey ends all permissions that the key signed.
func (c *Catalog) DeleteSigningKey(ctx context.Context, by Actor, id string, revision int64) error {
	return c.deleted(ctx, by, KindSigningKey, id, revision)
}

// Bounds of a permission's jti, and of how many are taken back one by one; as
// package ticket has them.
const (
	maxJTI     = 128
	maxRevoked = 100_000
)

// Revoke takes a permission to watch back. Once is enough: if it is taken back
// already, the later end of the two counts.
func (c *Catalog) Revoke(ctx context.Context, by Actor, r ticket.Revocation) error {
	if r.ID == "" || len(r.ID) > maxJTI {
		return &FaultError{"id", fmt.Sprintf("it is the jti of a token, of 1 to %d bytes", maxJTI)}
	}
	if err := checkText("id", r.ID, maxJTI); err != nil {
		return err
	}
	r.Until = instant(r.Until)
	_, err := c.update(ctx, by, "", func(b *batch) error {
		next := &revocation{Meta{ID: r.ID}, r.Until}
		it := b.x.items[ref{KindRevocation, r.ID}]
		if it == nil {
			if len(b.x.others[KindRevocation]) >= maxRevoked {
				return &FaultError{"id", ticket.ErrTooManyRevoked.Error()}
			}
			b.put(KindRevocation, nil, next, "")
			return nil
		}
		old := it.obj.(*revocation)
		if old.Until.IsZero() || !r.Until.IsZero() && !r.Until.After(old.Until) {
			return errNothing
		}
		b.put(KindRevocation, it, next, "")
		return nil
	})
	if isNothing(err) {
		return nil
	}
	return err
}
