package ticket

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// Leeway is how far the clock of whoever signs may be from ours: permissions are
// good that long before they begin and after they end.
const Leeway = time.Minute

// Kind is what somebody showed.
type Kind string

// The kinds of permission.
const (
	Token Kind = "token"
	Link  Kind = "link"
)

// Bounds of what a permission may say, in bytes.
const (
	maxSubject = 255 // as a stream's name
	maxID      = 128
)

// Claims are what a permission says: what it opens, for how long, for whom.
type Claims struct {
	Kind Kind
	// Subject is the stream, "app/name", or all those below a path, "app/*".
	Subject string
	// NotBefore may be zero.
	NotBefore, Expires time.Time
	// ID is what it is revoked by: the token's jti, else a fingerprint of what
	// was signed. Whoever issues a token may leave it empty.
	ID string
	// IP is where the viewer must come from; the zero prefix is anywhere.
	IP netip.Prefix
	// Issuer is the name of the [Issuer], empty for own keys. Key is the
	// identifier of the key. Both are told by [Verifier.Verify].
	Issuer, Key string
}

// covers reports whether the stream is among those of the subject.
func (c Claims) covers(stream string) bool {
	if path, ok := strings.CutSuffix(c.Subject, "*"); ok && strings.HasSuffix(path, "/") {
		return len(stream) > len(path) && strings.HasPrefix(stream, path)
	}
	return stream == c.Subject
}

// admits reports whether a viewer may come from that address.
func (c Claims) admits(ip netip.Addr) bool {
	return !c.IP.IsValid() || c.IP.Contains(ip.Unmap().WithZone(""))
}

// check says what is missing or wrong in the words of the claims of a JWT.
func (c Claims) check() error {
	switch app, name, _ := strings.Cut(c.Subject, "/"); {
	case c.Subject == "":
		return errors.New("it has no sub, which names the stream, for instance live/cam1")
	case len(c.Subject) > maxSubject || !utf8.ValidString(c.Subject):
		return fmt.Errorf("its sub is no stream: it is longer than %d bytes or not UTF-8", maxSubject)
	case app == "" || name == "" || app == "*":
		return errors.New("its sub is no stream: write APP/NAME, or APP/* for all of an app")
	case c.Expires.IsZero():
		return errors.New("it has no exp, the time when it ends")
	case len(c.ID) > maxID:
		return fmt.Errorf("its jti is longer than %d bytes", maxID)
	case c.IP.Addr().Is4In6():
		return errors.New("its ip is an IPv4 address written as one of IPv6")
	}
	if _, err := seconds(c.Expires.Unix()); err != nil {
		return fmt.Errorf("its exp %w", err)
	}
	if _, err := seconds(c.NotBefore.Unix()); err != nil && !c.NotBefore.IsZero() {
		return fmt.Errorf("its nbf %w", err)
	}
	return nil
}

// maxSeconds is the last second of the year 9999. A time in milliseconds is
// beyond it.
const maxSeconds = 253402300799

func seconds(s int64) (time.Time, error) {
	if s <= 0 || s > maxSeconds {
		return time.Time{}, errors.New("is not in seconds since 1970; milliseconds are the usual mistake")
	}
	return time.Unix(s, 0).UTC(), nil
}

// parseIP reads an address or a range of them, as in 203.0.113.7 and
// 2001:db8:1::/48.
func parseIP(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("is neither an address nor a range of them; " +
			"write for instance 203.0.113.7 or 2001:db8:1::/48")
	}
	return p.Masked(), nil
}

func formatIP(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
