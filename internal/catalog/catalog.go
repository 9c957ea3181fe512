package catalog

import (
	"context"
	"log/slog"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/ticket"
)

// Options are what a catalogue works with.
type Options struct {
	Folder *store.Folder    // of the key file and the older keys.json
	Log    *slog.Logger     // nil: silence
	Now    func() time.Time // nil: time.Now
	// OnChange is told each change after it was made, in order, with no lock held.
	OnChange func(Changed)
	// Events makes the events that are stored together with a change.
	Events func(Changed) []database.Event
	// CheckStream returns an *UnsupportedError for what this build can't carry out.
	CheckStream func(*Stream) error
	// CheckName says why a path cannot be that of a stream; access.CheckName fits.
	CheckName func(path string) error
}

// Declared is what the config file declares. Objects in it need no Meta.
type Declared struct {
	File        string // its path, for people
	Streams     []Stream
	Keys        []DeclaredKey
	Credentials []DeclaredCredential
	Tokens      []DeclaredToken
	Webhooks    []DeclaredWebhook
	SigningKeys []ticket.Key
	Bans        []Ban
}

// DeclaredKey is a key of the config file. Of the Key, Path counts and Stream
// does not; a stream that nobody declares is made, public.
type DeclaredKey struct {
	Key
	Secret config.Secret
}

// DeclaredCredential is a credential of the config file, with Path as a DeclaredKey.
type DeclaredCredential struct {
	Credential
	Password config.Secret
}

// DeclaredToken is a token of the config file.
type DeclaredToken struct {
	Token
	Secret config.Secret
}

// DeclaredWebhook is a webhook of the config file.
type DeclaredWebhook struct {
	Webhook
	Secret config.Secret // signs deliveries
}

// CreateOptions are what CreateStream does besides.
type CreateOptions struct {
	Request  string // as of WithRequest
	Key      bool   // also make a key
	KeyLabel string
}

// ApplyOptions are how a set of streams is applied.
type ApplyOptions struct {
	DryRun bool
	Prune  bool              // delete streams that are not in the set
	App    string            // only in this app; "": in all
	Apps   []string          // that whoever asks may change; empty: all
	Labels map[string]string // prune only streams with these labels
}

type requestKey struct{}

// WithRequest returns a context with which a change is made once: a repeat of it
// by the same actor within 24 hours changes nothing and returns the same,
// secrets included.
func WithRequest(ctx context.Context, request string) context.Context {
	return context.WithValue(ctx, requestKey{}, request)
}
