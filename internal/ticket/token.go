package ticket

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Audience is the aud of tokens for this server. Those of issuers must name it, or
// a token for any other service of the same issuer would open streams; those of
// own keys may leave it out, since nobody else knows the key.
const Audience = "millrace"

// maxToken bounds a token in bytes: playlists repeat it in every line.
const maxToken = 4096

var parser = jwt.NewParser(jwt.WithJSONNumber(), jwt.WithStrictDecoding())

// readToken returns the claims of a token whose signature is good.
func (v *Verifier) readToken(ctx context.Context, now time.Time, text string) (Claims, error) {
	if err := checkText(text); err != nil {
		return Claims{}, err
	}
	t := v.trust.Load()
	d := digest(sha256.Sum256([]byte(text)))
	if e, ok := v.seen.get(d); ok && t.holds(now, e) {
		return e.claims, nil
	}
	e, err := t.verify(ctx, now, text)
	if err != nil {
		return Claims{}, err
	}
	v.seen.put(d, e)
	return e.claims, nil
}

// checkText refuses at once what is too long and what has letters that base64
// would overlook, by which one good token could be written in a million ways.
func checkText(text string) error {
	switch {
	case text == "":
		return &DamagedError{Token, "it is empty"}
	case len(text) > maxToken:
		return &DamagedError{Token, fmt.Sprintf("it is longer than %d bytes", maxToken)}
	case strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}):
		return &DamagedError{Token, "it has signs that no token has; copy all of it and nothing else"}
	}
	return nil
}

// holds reports whether the keys are still those that a token was verified with.
func (t *trust) holds(now time.Time, e verified) bool {
	if e.set == nil {
		return e.trust == t
	}
	i := t.issuers[e.claims.Issuer]
	return i != nil && i.current(now) == e.set && !i.mayBeOld(now)
}

// verify finds the key of a token and lets it decide. What the token says of its
// algorithm is compared with the key's and decides nothing but which keys to look at.
func (t *trust) verify(ctx context.Context, now time.Time, text string) (verified, error) {
	none := func(reason string) (verified, error) { return verified{}, &DamagedError{Token, reason} }
	fields := jwt.MapClaims{}
	token, parts, err := parser.ParseUnverified(text, fields)
	switch {
	case errors.Is(err, jwt.ErrTokenUnverifiable) || err == nil && !accepted(token.Method):
		return none("its alg is none that is accepted: sign with HS256 and the secret of this server, or with the " +
			"algorithm of the issuer's public key")
	case err != nil:
		return none("it is no JWT: a part of it is missing, cut off or altered")
	}
	if _, ok := token.Header["crit"]; ok {
		return none("its header has crit, and no extension is known here") // RFC 7515, 4.1.11
	}
	kid, ok := token.Header["kid"].(string)
	if !ok && token.Header["kid"] != nil || len(kid) > maxID {
		return none(fmt.Sprintf("its kid is no text of up to %d bytes", maxID))
	}

	e := verified{}
	signed := parts[0] + "." + parts[1]
	if token.Method == jwt.SigningMethodHS256 {
		e.trust = t
		e.claims.Key, err = t.verifyOwn(now, kid, signed, token.Signature)
	} else {
		name, _ := fields["iss"].(string)
		i := t.issuers[name]
		if i == nil {
			return verified{}, &UnknownKeyError{Token, name, kid}
		}
		e.claims.Issuer = i.Name // not the text of the token, which the cache would keep
		e.claims.Key, e.set, err = i.verify(ctx, now, kid, token.Method, signed, token.Signature)
	}
	if err != nil {
		return verified{}, err
	}
	if err := readClaims(&e.claims, fields); err != nil {
		return none(err.Error())
	}
	if e.claims.ID == "" {
		e.claims.ID = fingerprint(signed)
	}
	return e, nil
}

// accepted are the algorithms that some key may have. There is no "none", and HS256
// is for own keys alone.
func accepted(m jwt.SigningMethod) bool {
	return m == jwt.SigningMethodHS256 || slices.Contains(publicMethods, m)
}

var errSignature = &DamagedError{Token, "its signature does not fit: it was altered, or signed with another secret or key"}

// verifyOwn returns the identifier of the own key that signed. A token that does
// not name its key may be of any.
func (t *trust) verifyOwn(now time.Time, kid, signed string, signature []byte) (string, error) {
	known := false
	for _, k := range t.keys {
		if kid != "" && kid != k.ID || !k.good(now) {
			continue
		}
		known = true
		if jwt.SigningMethodHS256.Verify(signed, signature, []byte(k.Secret.Reveal())) == nil {
			return k.ID, nil
		}
	}
	if !known {
		return "", &UnknownKeyError{Kind: Token, Key: kid}
	}
	return "", errSignature
}

// readClaims completes c, which says who signed.
func readClaims(c *Claims, m jwt.MapClaims) error {
	c.Kind = Token
	texts := []struct {
		name string
		to   *string
	}{{"sub", &c.Subject}, {"jti", &c.ID}}
	for _, f := range texts {
		s, ok := m[f.name].(string)
		if !ok && m[f.name] != nil {
			return fmt.Errorf("its %s is no text", f.name)
		}
		*f.to = s
	}
	times := []struct {
		name string
		to   *time.Time
	}{{"exp", &c.Expires}, {"nbf", &c.NotBefore}}
	for _, f := range times {
		if m[f.name] == nil {
			continue
		}
		at, err := readTime(m[f.name])
		if err != nil {
			return fmt.Errorf("its %s %w", f.name, err)
		}
		*f.to = at
	}
	if ip := m["ip"]; ip != nil {
		s, _ := ip.(string)
		p, err := parseIP(s)
		if err != nil {
			return fmt.Errorf("its ip %w", err)
		}
		c.IP = p
	}
	if !isFor(m["aud"], c.Issuer != "") {
		return fmt.Errorf("its aud is not %s: it was made for another service", Audience)
	}
	return c.check()
}

// readTime reads a NumericDate, which may have a fraction (RFC 7519, 2).
func readTime(value any) (time.Time, error) {
	n, ok := value.(json.Number)
	if !ok {
		return time.Time{}, errors.New("is no number")
	}
	if s, err := n.Int64(); err == nil {
		return seconds(s)
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > maxSeconds {
		f = 0 // which is refused, as are all that an int64 doesn't hold
	}
	return seconds(int64(f))
}

func isFor(aud any, required bool) bool {
	switch aud := aud.(type) {
	case nil:
		return !required
	case string:
		return aud == Audience
	case []any:
		return slices.Contains(aud, any(Audience))
	}
	return false
}
