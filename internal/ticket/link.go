package ticket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// linkMessage is what a link's signature is of: the stream's path and those
// parameters that count, in the order of the alphabet and as they are before they
// are escaped. It can't be taken for a JWT's, which has no question mark.
func linkMessage(stream string, query url.Values) string {
	m := stream + "?exp=" + query.Get("exp")
	if query.Has("ip") {
		m += "&ip=" + query.Get("ip")
	}
	return m
}

func linkMAC(k Key, message string) []byte {
	mac := hmac.New(sha256.New, []byte(k.Secret.Reveal()))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

func linkSignature(k Key, message string) string { return hex.EncodeToString(linkMAC(k, message)) }

// IsLink reports whether the query is that of a link.
func IsLink(query url.Values) bool { return query.Has("sig") }

// VerifyLink lets a viewer in who shows a link for the stream: the query of the
// address. What it does not know in there is not its concern.
func (v *Verifier) VerifyLink(now time.Time, stream string, query url.Values, ip netip.Addr) (Claims, error) {
	c, err := v.readLink(now, stream, query)
	if err == nil {
		err = v.judge(now, c, stream, ip)
	}
	if err != nil {
		return Claims{}, err
	}
	return c, nil
}

func (v *Verifier) readLink(now time.Time, stream string, query url.Values) (Claims, error) {
	damaged := func(reason string) (Claims, error) { return Claims{}, &DamagedError{Link, reason} }
	for _, name := range []string{"exp", "ip", "sig"} {
		// Two of one name could be understood in two ways.
		if n := len(query[name]); n > 1 || n == 0 && name != "ip" {
			return damaged("it must have exp and sig once, and ip at most once")
		}
	}
	if strings.Contains(stream, "?") {
		return damaged("no stream has a question mark in its name") // or what was signed could be understood in two ways
	}
	exp := query.Get("exp")
	n, err := strconv.ParseInt(exp, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != exp {
		return damaged("its exp is no time in seconds since 1970")
	}
	c := Claims{Kind: Link, Subject: stream}
	if c.Expires, err = seconds(n); err != nil {
		return damaged("its exp " + err.Error())
	}
	if query.Has("ip") {
		if c.IP, err = parseIP(query.Get("ip")); err != nil {
			return damaged("its ip " + err.Error())
		}
	}
	sig, err := hex.DecodeString(query.Get("sig"))
	if err != nil || len(sig) != sha256.Size {
		return damaged("its sig must be of 64 hexadecimal digits")
	}
	message := linkMessage(stream, query)
	known := false
	for _, k := range v.trust.Load().keys {
		if !k.good(now) {
			continue
		}
		known = true
		if hmac.Equal(sig, linkMAC(k, message)) {
			c.Key, c.ID = k.ID, fingerprint(message)
			return c, nil
		}
	}
	if !known {
		return Claims{}, &UnknownKeyError{Kind: Link}
	}
	return damaged("its signature does not fit: it was altered, made for another stream, or signed with another secret")
}

// fingerprint names a permission that has no name of its own. It is of what was
// signed without the signature, since some algorithms have several signatures
// that fit.
func fingerprint(signed string) string {
	sum := sha256.Sum256([]byte(signed))
	return "fp_" + hex.EncodeToString(sum[:16])
}
