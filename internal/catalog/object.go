package catalog

import (
	"fmt"
	"time"
)

// Actor is who changes something, for the history: "token:tk_…", "config",
// "system", "loopback", "admin".
type Actor string

// System is who does what nobody asked for: the rotation of keys, the first start.
const System Actor = "system"

// Who manages an object.
const (
	ByAPI    = "api"
	ByConfig = "config"
)

// Kinds of objects, as Changed, History and Audit name them.
const (
	KindStream     = "stream"
	KindKey        = "key"
	KindCredential = "credential"
	KindToken      = "token"
	KindWebhook    = "webhook"
	KindBan        = "ban"
	KindSigningKey = "signing-key"
	KindRevocation = "revocation"
)

// Meta is what all objects have.
type Meta struct {
	ID       string    `json:"id"`       // st_…, ky_…, cr_…, tk_…, wh_…, bn_…, sk_…
	Revision int64     `json:"revision"` // rises with each change
	Managed  string    `json:"managed"`  // ByAPI, or ByConfig: only readable here
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

// Use is one use of a secret.
type Use struct {
	At       time.Time `json:"at"`
	Address  string    `json:"address,omitempty"`
	Encoder  string    `json:"encoder,omitempty"`
	Protocol string    `json:"protocol,omitempty"`
}

// Duration is a time.Duration that marshals as text: "30s".
type Duration time.Duration

// String implements [fmt.Stringer].
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is no duration: write it as 30s, 5m or 24h", b)
	}
	*d = Duration(v)
	return nil
}

// Changed is one change that was made.
type Changed struct {
	Kind, ID string
	Stream   string // the path of the stream that it is about, or ""
	// Before and After are the objects (*Stream, *Key, *Credential, *Token,
	// *Webhook, *Ban, *SigningKey, *ticket.Revocation), nil if there was or is none.
	Before, After any
	By            Actor
	Elsewhere     bool // another node made it, and its events
}
