package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Explain says in one line why a TLS connection failed and what to do about it.
// The error is that of the handshake, or of the first read after it: in TLS 1.3
// a client may refuse the certificate when the server is done already. hello is
// nil if none came.
func (s *Source) Explain(err error, hello *tls.ClientHelloInfo) string {
	if hello == nil {
		hello = &tls.ClientHelloInfo{}
	}
	if refused := alertOf(err); refused != "" {
		return s.explainAlert(refused, hello)
	}
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	bad, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	switch text := err.Error(); {
	case notTLS:
		return "the client does not speak TLS here: its first bytes are no TLS record"
	case strings.Contains(text, "unsupported versions"):
		return s.explainVersion(hello)
	case strings.Contains(text, "no cipher suite"):
		return "the client and this server have no cipher in common: update the client"
	case unverified:
		return fmt.Sprintf("the client's certificate is not from an authority that the client CA file has (%v): "+
			"give the client one from there", bad.Err)
	case strings.Contains(text, "didn't provide a certificate"):
		return "the client showed no certificate, and the client CA setting asks for one: give the client a certificate"
	case errors.Is(err, errNoChallenge), isChallengeOnly(hello):
		return "somebody asked for the proof of an ACME order that this server did not make"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "the client began TLS and did not go on in time"
	case strings.Contains(text, "bad record MAC") && hello.Conn != nil:
		// OpenSSL sends its alert before it turns encryption on, so that which
		// one it is cannot be read. Nothing else does that on an honest line.
		return "the client refused our certificate, or something between it and this server alters TLS: " + s.distrust(hello)
	case isEnd(err) && hello.Conn != nil:
		return "the client went away when it saw the certificate: " + s.distrust(hello)
	case isEnd(err):
		return "the client went away before it had begun TLS"
	case hello.Conn == nil:
		return fmt.Sprintf("the client began TLS with a hello that cannot be read (%s): use one that speaks TLS, and look "+
			"for what may alter it on its way", withoutPrefix(text))
	case isLocalAlert(err):
		return fmt.Sprintf("the client does not keep to the rules of TLS (%s): update it, and look for what may alter TLS "+
			"between it and this server", withoutPrefix(text))
	default:
		return "TLS failed: " + text
	}
}

// isLocalAlert reports whether this side ended TLS because of what came.
func isLocalAlert(err error) bool {
	e, ok := errors.AsType[*net.OpError](err)
	return ok && e.Op == "local error"
}

// withoutPrefix takes off what the standard library begins its errors with.
func withoutPrefix(text string) string {
	return strings.TrimPrefix(strings.TrimPrefix(text, "local error: "), "tls: ")
}

// alertOf is the text of the alert by which the client ended TLS, "" when it
// sent none. The standard library keeps the type of alerts to itself.
func alertOf(err error) string {
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "remote error" {
		return strings.TrimPrefix(e.Err.Error(), "tls: ")
	}
	return ""
}

// isEnd reports whether the connection is simply gone.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

func isChallengeOnly(hello *tls.ClientHelloInfo) bool {
	return len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == protoACME
}

// The alerts by which clients refuse a certificate (RFC 8446, 6.2), in Go's
// words.
var certificateAlerts = []string{
	"bad certificate", "unsupported certificate", "revoked certificate", "expired certificate",
	"unknown certificate", "unknown certificate authority", "access denied",
}

func (s *Source) explainAlert(alert string, hello *tls.ClientHelloInfo) string {
	switch {
	case slices.Contains(certificateAlerts, alert):
		return fmt.Sprintf("the client refused our certificate (%s): %s", alert, s.distrust(hello))
	case alert == "protocol version not supported":
		return "the client refuses the version of TLS: this server speaks " + tls.VersionName(s.minVersion) + " to TLS 1.3"
	case alert == "handshake failure", alert == "insufficient security level":
		return fmt.Sprintf("the client ended TLS (%s): it has no cipher or version in common with this server; update it", alert)
	case alert == "close notify", alert == "user canceled":
		return fmt.Sprintf("the client ended TLS by itself (%s); if it goes on like that: %s", alert, s.distrust(hello))
	}
	return fmt.Sprintf("the client ended TLS (%s)", alert)
}

// distrust says what is wrong with the certificate that a client got, the most
// certain reason first.
func (s *Source) distrust(hello *tls.ClientHelloInfo) string {
	h := s.choose(hello)
	leaf := h.cert.Leaf
	names := strings.Join(h.names(), ", ")
	if names == "" {
		names = "no name at all"
	}
	now := time.Now()
	switch {
	case h.isSelfSigned():
		return fmt.Sprintf("it is self-signed. Get one for a domain with --domain or give one with --cert and --key, "+
			"make %s trusted where the client runs, or use rtmp:// at home", h.from)
	case h.expired(now):
		return fmt.Sprintf("it ran out on %s; renew %s", leaf.NotAfter.UTC().Format(time.DateOnly), h.from)
	case now.Before(leaf.NotBefore):
		return fmt.Sprintf("it is good from %s on only; set this machine's clock, or wait",
			leaf.NotBefore.UTC().Format(time.DateTime))
	case hello.ServerName == "" && !h.isForAddress(hello.Conn):
		return fmt.Sprintf("the client connected by address, or names no server, and it is for %s; connect by that name", names)
	case hello.ServerName != "" && leaf.VerifyHostname(hello.ServerName) != nil:
		return fmt.Sprintf("the client asked for %q, and it is for %s; connect by that name, or get a certificate for %[1]q",
			hello.ServerName, names)
	case h.isAlone():
		return fmt.Sprintf("its chain is incomplete, as %s has only the server's own certificate; append that of its "+
			"signer %s (fullchain.pem), or, if the signer is your own authority, give the client its certificate",
			h.from, leaf.Issuer)
	}
	return fmt.Sprintf("the client does not know the authority behind it (%s), or its clock is wrong; give the client "+
		"the authority's certificate, or update it", h.top())
}

// isForAddress reports whether the certificate is for the address that a client
// came to.
func (h *held) isForAddress(c net.Conn) bool {
	if c == nil {
		return false
	}
	a, ok := c.LocalAddr().(*net.TCPAddr)
	return ok && h.cert.Leaf.VerifyHostname(a.IP.String()) == nil
}

func (s *Source) explainVersion(hello *tls.ClientHelloInfo) string {
	best := uint16(0)
	for _, v := range hello.SupportedVersions {
		if v <= tls.VersionTLS13 { // above it are those that no server knows (RFC 8701)
			best = max(best, v)
		}
	}
	offer := "an old version of TLS only"
	if best > 0 {
		offer = "at most " + tls.VersionName(best)
	}
	return fmt.Sprintf("the client offers %s, and this server wants at least %s: update the client, or let it in with "+
		"the setting tls-min", offer, tls.VersionName(s.minVersion))
}
