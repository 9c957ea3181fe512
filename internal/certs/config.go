package certs

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
)

// The names of protocols in ALPN.
const (
	protoHTTP2 = "h2"
	protoHTTP1 = "http/1.1"
	protoACME  = "acme-tls/1" // RFC 8737
)

func (s *Source) configure(clients *x509.CertPool) {
	// Small records at the beginning show a page sooner, and cost a player's
	// first burst a call of the system a kilobyte.
	config := tls.Config{MinVersion: s.minVersion, GetCertificate: s.certificate, DynamicRecordSizingDisabled: true}
	if s.minVersion < tls.VersionTLS12 {
		config.CipherSuites = oldSuites()
	}
	s.challenge = config.Clone() // an authority has no certificate to show
	s.challenge.NextProtos = []string{protoACME}
	if clients != nil {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, clients
	}
	s.foreign = config.Clone()
	s.web = config.Clone()
	s.web.NextProtos = []string{protoHTTP2, protoHTTP1}
	// A client without ALPN is an encoder or an RTMP player, and librtmp on
	// GnuTLS takes a TLS 1.3 ticket for the end of the handshake.
	s.bare = config.Clone()
	s.bare.SessionTicketsDisabled = true
}

// oldSuites are those that Go takes by default and, for encoders of TLS 1.0,
// the ones with RSA key exchange, which it has ceased to.
func oldSuites() []uint16 {
	var ids []uint16
	for _, suite := range tls.CipherSuites() {
		ids = append(ids, suite.ID)
	}
	return append(ids,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
		tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA)
}

// Config returns the settings for a hello, for [tls.Config.GetConfigForClient].
// The protocols depend on what it offers: Go ends a handshake in which the two
// lists have nothing in common.
func (s *Source) Config(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	offers := func(proto string) bool { return slices.Contains(hello.SupportedProtos, proto) }
	switch {
	case len(hello.SupportedProtos) == 0:
		return s.bare, nil
	case offers(protoHTTP2), offers(protoHTTP1):
		return s.web, nil
	case s.isChallenge(hello):
		return s.challenge, nil
	}
	return s.foreign, nil
}

// isChallenge reports whether an ACME authority asks for a proof (RFC 8737, 3).
func (s *Source) isChallenge(hello *tls.ClientHelloInfo) bool {
	return s.acme != nil && len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == protoACME
}

func (s *Source) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.isChallenge(hello) {
		return s.acme.proof(hello)
	}
	return &s.choose(hello).cert, nil
}
