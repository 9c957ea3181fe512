package catalog

import (
	"net/netip"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/config"
)

// Credential is a user and password that publish a stream, for the challenges of
// Adobe ("adobe") and Limelight ("llnw") that old encoders know.
type Credential struct {
	Meta
	Stream  string    `json:"stream"` // its stream's id
	Path    string    `json:"path"`   // its stream's path
	User    string    `json:"user"`   // unique
	Label   string    `json:"label,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	LastUse *Use      `json:"last_use,omitempty"`
}

// Verifier is what the server must have to check a user's answer to a challenge.
// Who has it can answer, so it is as secret as the password.
type Verifier struct {
	Salt      string        // that Adobe's challenge names
	Adobe     config.Secret // base 64 of MD5(user + salt + password)
	Limelight config.Secret // HA1: hexadecimal MD5(user + ":live:" + password)
}

// Role is what the bearer of a token may do.
type Role string

// The roles.
const (
	Admin    Role = "admin"    // everything
	Operator Role = "operator" // streams and keys of its apps
	Viewer   Role = "viewer"   // reads
)

// Token lets somebody use the API.
type Token struct {
	Meta
	Label   string    `json:"label,omitempty"`
	Role    Role      `json:"role"`
	Apps    []string  `json:"apps,omitempty"` // empty: all
	Hash    string    `json:"-"`
	Expires time.Time `json:"expires,omitzero"`
	LastUse *Use      `json:"last_use,omitempty"`
}

// Good reports whether the token may be used at a time.
func (t *Token) Good(now time.Time) bool { return t.Expires.IsZero() || now.Before(t.Expires) }

// May reports whether the token is for an app.
func (t *Token) May(app string) bool { return len(t.Apps) == 0 || slices.Contains(t.Apps, app) }

// Webhook is an address that events are delivered to.
type Webhook struct {
	Meta
	URL      string   `json:"url"`
	Label    string   `json:"label,omitempty"`
	Types    []string `json:"types,omitempty"` // empty: all; "stream.*" is all that begin so
	Apps     []string `json:"apps,omitempty"`  // empty: all
	Disabled bool     `json:"disabled,omitempty"`
}

// Ban keeps an address or a key out.
type Ban struct {
	Meta
	Address netip.Prefix `json:"address,omitzero"` // or
	Key     string       `json:"key,omitempty"`    // a key's id
	Reason  string       `json:"reason,omitempty"`
	Until   time.Time    `json:"until,omitzero"` // zero: for ever
}

// Good reports whether the ban holds at a time.
func (b *Ban) Good(now time.Time) bool { return b.Until.IsZero() || now.Before(b.Until) }

// SigningKey is what can be told of a [ticket.Key], which signs permissions to
// watch. Its ID is the kid of tokens.
type SigningKey struct {
	Meta
	Label string    `json:"label,omitempty"`
	Until time.Time `json:"until,omitzero"` // when one that was rotated ends
}
