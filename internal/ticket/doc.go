// Package ticket lets viewers in who show a signed permission: a token, which is
// a JWT (RFC 7519), or a link, which is a stream's path with an end and an HMAC
// over both.
//
// Whoever runs the web site around the streams makes them, with a [Key] that it
// shares with the server or with a private key of its own whose public half the
// server fetches (an [Issuer]). A [Verifier] holds all that is trusted and the
// permissions that were taken back.
//
// Own keys sign by HMAC-SHA-256 (HS256), since both sides are the operator's: it
// takes one line in any language, a shell included, it costs a tenth of what
// Ed25519 does, and links need a shared secret anyway. Who doesn't want to share
// a secret has issuers. Which algorithm may be used is a matter of the key, never of
// the token: own keys take HS256 alone, and a public key takes the one algorithm
// that its issuer names for it or its kind implies.
//
// Clocks may differ by [Leeway].
package ticket
