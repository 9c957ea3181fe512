package server

import (
	"crypto/tls"
	"fmt"
	"net/url"

	"github.com/millrace-live/millrace/internal/certs"
	"github.com/millrace-live/millrace/internal/netx"
)

// tlsVersions are the values of tls-min.
var tlsVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// openCerts loads the certificates.
func (s *Server) openCerts() error {
	o := certs.Options{
		Domains: s.set.Domain, Data: s.folder, Hosts: s.set.hosts(), MinVersion: tlsVersions[s.set.TLSMin],
		ClientCA: s.set.ClientCA, Logger: s.log,
		ACME: certs.ACME{Directory: s.set.ACMEDirectory, CA: s.set.ACMECA, Email: s.set.ACMEEmail},
	}
	for i := range s.set.Cert {
		o.Pairs = append(o.Pairs, certs.Pair{Cert: s.set.Cert[i], Key: s.set.Key[i]})
	}
	var err error
	if s.certs, err = certs.Open(o); err != nil {
		return err
	}
	s.tls = &netx.TLS{Config: s.certs.Config, Explain: s.certs.Explain}
	return nil
}

// hosts are the names by which this server is known beside those of its machine.
func (s *Settings) hosts() []string {
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return []string{u.Hostname()}
}

// acmePorts are those on which an authority's questions may come: the ports at
// which it asks, or where those lead to if they are another program's.
func (p ports) acmePorts() (http, https int) {
	pick := func(names ...string) int {
		if l := p.first(names...); l != nil {
			return port(l.socket)
		}
		return 0
	}
	if p.has(80) {
		http = 80
	} else {
		http = pick("http", "rtmp", "rtmps")
	}
	if p.has(443) {
		https = 443
	} else {
		https = pick("rtmps", "http", "rtmp")
	}
	return http, https
}

// selfSigned says what a self-signed certificate is good for.
func (b banner) selfSigned() string {
	return fmt.Sprintf("%s has a self-signed certificate: FFmpeg and librtmp take it, OBS, GStreamer and browsers refuse it. "+
		"At home use %s; for the world get a certificate with --domain, or give one with --cert and --key.",
		first(b.secure), first(b.servers))
}
