package catalog

import (
	"net/netip"
	"time"
)

// Key publishes a stream. It does not hold the secret.
type Key struct {
	Meta
	Stream  string    `json:"stream"` // its stream's id
	Path    string    `json:"path"`   // its stream's path
	Label   string    `json:"label,omitempty"`
	Hash    string    `json:"-"`                // SHA-256 of the secret in hexadecimal
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Once    bool      `json:"once,omitempty"`   // for one broadcast, at whose end it is spent
	Spent   time.Time `json:"spent,omitzero"`
	// Addresses are those that it may be used from; none: from any.
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	Rehearsal bool           `json:"rehearsal,omitempty"` // publishes to nowhere, to be checked
	Plain     string         `json:"plain,omitempty"`     // "", allow, warn, refuse: goes over the stream's rule for what comes without TLS
	// SentPlain is when it was first sent without TLS.
	SentPlain time.Time `json:"sent_plain,omitzero"`
	// Unseen is that it was made by rotation, and its secret waits to be shown, by
	// [Catalog.ShowKey].
	Unseen  bool `json:"unseen,omitempty"`
	LastUse *Use `json:"last_use,omitempty"`
}

// Good reports whether the key may be used at a time: it is neither expired nor spent.
func (k *Key) Good(now time.Time) bool {
	return k.Spent.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// Allows reports whether the key may be used from an address.
func (k *Key) Allows(addr netip.Addr) bool {
	if len(k.Addresses) == 0 {
		return true
	}
	addr = addr.Unmap()
	for _, p := range k.Addresses {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
