package ticket

import (
	"fmt"
	"net/netip"
	"time"
)

// None of the errors holds a token, a signature or a secret: all of them may be
// shown to the viewer and logged.

// ExpiredError says that a permission has ended.
type ExpiredError struct {
	Kind Kind
	At   time.Time
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("the %s expired at %s: ask for a new one", e.Kind, e.At.UTC().Format(time.RFC3339))
}

// EarlyError says that a permission has not begun.
type EarlyError struct {
	Kind Kind
	From time.Time
}

func (e *EarlyError) Error() string {
	return fmt.Sprintf("the %s is good from %s on only", e.Kind, e.From.UTC().Format(time.RFC3339))
}

// StreamError says that a permission is for another stream.
type StreamError struct {
	Kind   Kind
	Stream string // that was asked for
}

func (e *StreamError) Error() string {
	return fmt.Sprintf("the %s is for another stream, not for %s", e.Kind, e.Stream)
}

// AddressError says that a permission is for somebody else's address.
type AddressError struct {
	Kind Kind
	IP   netip.Addr // of who came
}

func (e *AddressError) Error() string {
	if !e.IP.IsValid() {
		return fmt.Sprintf("the %s is for one address only, and yours is not known", e.Kind)
	}
	return fmt.Sprintf("the %s is for another address, not for %s", e.Kind, e.IP)
}

// RevokedError says that a permission was taken back.
type RevokedError struct {
	Kind Kind
	ID   string
}

func (e *RevokedError) Error() string { return fmt.Sprintf("the %s was revoked", e.Kind) }

// UnknownKeyError says that nobody here knows the key that signed a permission, or
// that the key was retired.
type UnknownKeyError struct {
	Kind   Kind
	Issuer string // empty: own keys were looked at
	Key    string // its identifier as the token has it, may be empty
}

func (e *UnknownKeyError) Error() string {
	const most = 64 // of a name that a stranger chose
	signer := "a key"
	if e.Key != "" {
		signer = fmt.Sprintf("the key %.*q", most, e.Key)
	}
	if e.Issuer != "" {
		signer += fmt.Sprintf(" of %.*q", most, e.Issuer)
	}
	return fmt.Sprintf("the %s is signed with %s, which is not known here", e.Kind, signer)
}

// UnavailableError says that the keys of an issuer are not to be had for the
// moment. Unwrap tells why, in words for the log.
type UnavailableError struct {
	Issuer string
	Err    error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the keys of %s cannot be fetched just now: try again later", e.Issuer)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// DamagedError says that something is no permission: it is cut off or altered, was signed
// with another secret, or lacks what it needs.
type DamagedError struct {
	Kind   Kind
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the %s cannot be used: %s", e.Kind, e.Reason)
}
