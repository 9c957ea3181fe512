package server

import (
	"net/netip"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/rtmp"
)

// users are those in the catalogue who publish with a password, for the door of
// RTMP. Guesses are counted.
type users struct {
	catalog *catalog.Catalog
	guard   *guard.Guard
}

// Any reports whether there is any user.
func (u users) Any() bool { return u.catalog.HasCredentials() }

// Verifier returns what a user's answers are checked by, false of those who are
// not, or no longer, let in.
func (u users) Verifier(user string) (v rtmp.Verifier, ok bool) {
	kept, credential, ok := u.catalog.Verifier(user)
	if !ok || !credential.Good(time.Now()) {
		return v, false
	}
	text := user + " adobe:" + kept.Salt + ":" + kept.Adobe.Reveal() + " llnw:" + kept.Limelight.Reveal()
	ok = v.UnmarshalText([]byte(text)) == nil
	return v, ok
}

// Allowed says why an address must wait before its answer is looked at.
func (u users) Allowed(from netip.Addr) error { return u.guard.AllowedPassword(from) }

// Failed counts a wrong answer. Each looks different, so it stands for itself.
func (u users) Failed(from netip.Addr) { u.guard.Failed(from, guard.Password, "") }
