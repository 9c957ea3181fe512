package access

import (
	"context"
	"net/netip"
	"net/url"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/ticket"
)

// Catalog is the streams and keys that people manage: a *catalog.Catalog.
type Catalog interface {
	StreamByPath(path string) (*catalog.Stream, bool)
	StreamByPlayback(id string) (*catalog.Stream, bool)
	FindKey(secret string) (*catalog.Key, *catalog.Stream, bool)
	Key(id string) (*catalog.Key, bool)
	HasKeys(path string) bool
	Verifier(user string) (catalog.Verifier, *catalog.Credential, bool)
	Credential(id string) (*catalog.Credential, bool)
	Used(kind, id string, u catalog.Use)
	Spent(ctx context.Context, keyID string)
	SentPlain(keyID string)
}

// Tickets decides about signed permissions to watch: a *ticket.Verifier.
type Tickets interface {
	Verify(ctx context.Context, now time.Time, token, stream string, ip netip.Addr) (ticket.Claims, error)
	VerifyLink(now time.Time, stream string, query url.Values, ip netip.Addr) (ticket.Claims, error)
	Check(now time.Time, c ticket.Claims) error
}
