package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/ticket"
)

var errStub = errors.New("not built yet")

// Catalog is all of it. Its methods may be called from any goroutine. What they
// return is never changed, by nobody.
type Catalog struct{}

// Open loads what the database has.
func Open(ctx context.Context, db database.Store, o Options) (*Catalog, error) {
	return &Catalog{}, nil
}

// FirstKey is the key of the stream that the first start made, once; then "".
func (c *Catalog) FirstKey() string { return "" }

// Close writes what is not written yet.
func (c *Catalog) Close(ctx context.Context) error { return nil }

// Run does what time brings, until ctx ends.
func (c *Catalog) Run(ctx context.Context) {}

// Declare replaces what the config file declares.
func (c *Catalog) Declare(d Declared) error { return nil }

func (c *Catalog) Stream(id string) (*Stream, bool)           { return nil, false }
func (c *Catalog) StreamByPath(path string) (*Stream, bool)   { return nil, false }
func (c *Catalog) StreamByPlayback(id string) (*Stream, bool) { return nil, false }
func (c *Catalog) Streams(q StreamQuery) (page []*Stream, next string, err error) {
	return nil, "", nil
}

func (c *Catalog) FindKey(secret string) (*Key, *Stream, bool) { return nil, nil, false }
func (c *Catalog) Key(id string) (*Key, bool)                  { return nil, false }
func (c *Catalog) Keys(stream string) []*Key                   { return nil }
func (c *Catalog) HasKeys(path string) bool                    { return false }

func (c *Catalog) Credential(id string) (*Credential, bool)           { return nil, false }
func (c *Catalog) Credentials(stream string) []*Credential            { return nil }
func (c *Catalog) Verifier(user string) (Verifier, *Credential, bool) { return Verifier{}, nil, false }
func (c *Catalog) FindToken(secret string) (*Token, bool)             { return nil, false }
func (c *Catalog) Token(id string) (*Token, bool)                     { return nil, false }
func (c *Catalog) Tokens() []*Token                                   { return nil }
func (c *Catalog) Webhook(id string) (*Webhook, bool)                 { return nil, false }
func (c *Catalog) Webhooks() []*Webhook                               { return nil }
func (c *Catalog) WebhookSecret(id string) (config.Secret, bool)      { return config.Secret{}, false }
func (c *Catalog) Ban(id string) (*Ban, bool)                         { return nil, false }
func (c *Catalog) Bans() []*Ban                                       { return nil }
func (c *Catalog) SigningKey(id string) (*SigningKey, bool)           { return nil, false }
func (c *Catalog) SigningKeyList() []*SigningKey                      { return nil }
func (c *Catalog) SigningKeys() []ticket.Key                          { return nil }
func (c *Catalog) Revocations() []ticket.Revocation                   { return nil }

// Used notes a use of a KindKey, KindCredential or KindToken.
func (c *Catalog) Used(kind, id string, u Use) {}

// Spent says that the broadcast of a Once key is over.
func (c *Catalog) Spent(ctx context.Context, keyID string) {}

// SentPlain notes that a key came without TLS.
func (c *Catalog) SentPlain(keyID string) {}

func (c *Catalog) CreateStream(ctx context.Context, by Actor, s Stream, o CreateOptions) (*Stream, *Key, config.Secret, error) {
	return nil, nil, config.Secret{}, errStub
}
func (c *Catalog) ChangeStream(ctx context.Context, by Actor, id string, revision int64, change func(*Stream) error) (*Stream, error) {
	return nil, errStub
}
func (c *Catalog) DeleteStream(ctx context.Context, by Actor, id string, revision int64) error {
	return errStub
}

// CreateKey makes a key of the stream k.Stream (an id).
func (c *Catalog) CreateKey(ctx context.Context, by Actor, k Key) (*Key, config.Secret, error) {
	return nil, config.Secret{}, errStub
}
func (c *Catalog) ChangeKey(ctx context.Context, by Actor, id string, revision int64, change func(*Key) error) (*Key, error) {
	return nil, errStub
}
func (c *Catalog) RevokeKey(ctx context.Context, by Actor, id string, revision int64) error {
	return errStub
}
func (c *Catalog) RotateKey(ctx context.Context, by Actor, id string, overlap time.Duration) (*Key, config.Secret, error) {
	return nil, config.Secret{}, errStub
}

// ShowKey shows the secret of a key that rotation by age made, once.
func (c *Catalog) ShowKey(ctx context.Context, by Actor, id string) (*Key, config.Secret, error) {
	return nil, config.Secret{}, errStub
}

// CreateCredential makes a credential of the stream k.Stream (an id); without a password it makes one.
func (c *Catalog) CreateCredential(ctx context.Context, by Actor, k Credential, password config.Secret) (*Credential, config.Secret, error) {
	return nil, config.Secret{}, errStub
}
func (c *Catalog) ChangeCredential(ctx context.Context, by Actor, id string, revision int64, change func(*Credential) error) (*Credential, error) {
	return nil, errStub
}
func (c *Catalog) DeleteCredential(ctx context.Context, by Actor, id string, revision int64) error {
	return errStub
}

func (c *Catalog) CreateToken(ctx context.Context, by Actor, t Token) (*Token, config.Secret, error) {
	return nil, config.Secret{}, errStub
}
func (c *Catalog) ChangeToken(ctx context.Context, by Actor, id string, revision int64, change func(*Token) error) (*Token, error) {
	return nil, errStub
}
func (c *Catalog) RevokeToken(ctx context.Context, by Actor, id string, revision int64) error {
	return errStub
}

func (c *Catalog) CreateWebhook(ctx context.Context, by Actor, w Webhook) (*Webhook, config.Secret, error) {
	return nil, config.Secret{}, errStub
}
func (c *Catalog) ChangeWebhook(ctx context.Context, by Actor, id string, revision int64, change func(*Webhook) error) (*Webhook, error) {
	return nil, errStub
}
func (c *Catalog) RotateWebhookSecret(ctx context.Context, by Actor, id string, revision int64) (*Webhook, config.Secret, error) {
	return nil, config.Secret{}, errStub
}
func (c *Catalog) DeleteWebhook(ctx context.Context, by Actor, id string, revision int64) error {
	return errStub
}

func (c *Catalog) CreateBan(ctx context.Context, by Actor, b Ban) (*Ban, error) { return nil, errStub }
func (c *Catalog) ChangeBan(ctx context.Context, by Actor, id string, revision int64, change func(*Ban) error) (*Ban, error) {
	return nil, errStub
}
func (c *Catalog) DeleteBan(ctx context.Context, by Actor, id string, revision int64) error {
	return errStub
}

// CreateSigningKey makes a key beside those there are; they stay good.
func (c *Catalog) CreateSigningKey(ctx context.Context, by Actor, k SigningKey) (*SigningKey, config.Secret, error) {
	return nil, config.Secret{}, errStub
}

// RotateSigningKey makes a key; all others (of the API) end after the overlap.
func (c *Catalog) RotateSigningKey(ctx context.Context, by Actor, overlap time.Duration) (*SigningKey, config.Secret, error) {
	return nil, config.Secret{}, errStub
}
func (c *Catalog) DeleteSigningKey(ctx context.Context, by Actor, id string, revision int64) error {
	return errStub
}

// Revoke takes a permission to watch back.
func (c *Catalog) Revoke(ctx context.Context, by Actor, r ticket.Revocation) error { return errStub }

func (c *Catalog) Apply(ctx context.Context, by Actor, set []Stream, o ApplyOptions) ([]Difference, error) {
	return nil, errStub
}

// History is what became of an object, newest first; before is the Sequence of the last one seen, 0: from the newest.
func (c *Catalog) History(ctx context.Context, id string, before int64, limit int) ([]Version, error) {
	return nil, errStub
}

// Audit is History of all objects.
func (c *Catalog) Audit(ctx context.Context, before int64, limit int) ([]Version, error) {
	return nil, errStub
}

func (c *Catalog) RollBack(ctx context.Context, by Actor, id string, toRevision, revision int64) (*Stream, error) {
	return nil, errStub
}
