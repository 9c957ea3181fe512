package ticket

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Signer makes tokens and links with an own key.
type Signer struct {
	key *Key // a pointer, since package fmt would print the secret in an unexported field
}

// NewSigner returns a signer with the first of the keys that has no end.
func NewSigner(keys []Key) (*Signer, error) {
	if err := CheckKeys(keys); err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.Until.IsZero() {
			return &Signer{&k}, nil
		}
	}
	return nil, errors.New("there is no key that signs permissions to watch: make one")
}

// Issue returns a token. Of the claims it needs Subject and Expires.
func (s *Signer) Issue(c Claims) (string, error) {
	if err := c.check(); err != nil {
		return "", &DamagedError{Token, err.Error()}
	}
	m := jwt.MapClaims{"sub": c.Subject, "exp": c.Expires.Unix()}
	if !c.NotBefore.IsZero() {
		m["nbf"] = c.NotBefore.Unix()
	}
	if c.ID != "" {
		m["jti"] = c.ID
	}
	if c.IP.IsValid() {
		m["ip"] = formatIP(c.IP)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, m)
	token.Header["kid"] = s.key.ID
	signed, err := token.SignedString([]byte(s.key.Secret.Reveal()))
	if err != nil {
		return "", fmt.Errorf("sign a token for %s: %w", c.Subject, err)
	}
	return signed, nil
}

// Link returns the query of a link: exp, ip if there is one, and sig. It opens one
// stream, so that the claims cannot be for all of an app; they have no beginning and
// no identifier.
func (s *Signer) Link(c Claims) (url.Values, error) {
	if err := c.check(); err != nil {
		return nil, &DamagedError{Link, err.Error()}
	}
	if strings.HasSuffix(c.Subject, "/*") || !c.NotBefore.IsZero() || c.ID != "" {
		return nil, &DamagedError{Link, "a link is for one stream, without nbf and jti: issue a token instead"}
	}
	q := url.Values{"exp": {fmt.Sprint(c.Expires.Unix())}}
	if c.IP.IsValid() {
		q.Set("ip", formatIP(c.IP))
	}
	q.Set("sig", linkSignature(*s.key, linkMessage(c.Subject, q)))
	return q, nil
}
