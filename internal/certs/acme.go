package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
)

// ACME is how certificates are got for domains.
type ACME struct {
	// Directory is the address of the authority's directory: "" is that of
	// Let's Encrypt.
	Directory string
	// CA is a file of the authorities that vouch for the directory's server:
	// "" is those that this machine trusts.
	CA string
	// Email is whom the authority may write to; it may be empty.
	Email string
	// Check is how often it is looked whether a certificate must be renewed: 0
	// is every 10 minutes.
	Check time.Duration
}

// acmeFolder is in the data folder.
const acmeFolder = "acme"

// manager gets certificates by ACME and renews them in time.
type manager struct {
	log     *slog.Logger
	domains []string
	options ACME
	issuer  certmagic.ACMEIssuer // a template
	folder  string

	running atomic.Pointer[running] // nil before start
}

type running struct {
	cache  *certmagic.Cache
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
}

func newManager(o Options, log *slog.Logger) (*manager, error) {
	m := &manager{log: log, domains: o.Domains, options: o.ACME, folder: o.Data.Path(acmeFolder)}
	for _, name := range o.Domains {
		if err := CheckDomain(name); err != nil {
			return nil, err
		}
	}
	m.issuer = certmagic.ACMEIssuer{
		CA: o.ACME.Directory, Email: o.ACME.Email, Agreed: true, Logger: zapped(log),
	}
	if m.issuer.CA == "" {
		m.issuer.CA = certmagic.LetsEncryptProductionCA
	}
	if o.ACME.CA != "" {
		pool, err := authorities(o.ACME.CA)
		if err != nil {
			return nil, err
		}
		m.issuer.TrustedRoots = pool
	}
	return m, nil
}

// CheckDomain reports why no certificate can be had by ACME for a name.
func CheckDomain(name string) error {
	switch {
	case strings.HasPrefix(name, "*"):
		return fmt.Errorf("%q is a wildcard, which needs a proof in the DNS that this server cannot give: "+
			"name each host, or get the certificate otherwise and give it with --cert and --key", name)
	case net.ParseIP(name) != nil:
		return fmt.Errorf("%q is an address: give a host name that leads here", name)
	case strings.ContainsAny(name, ":/ "), !strings.Contains(name, "."), !certmagic.SubjectQualifiesForCert(name):
		return fmt.Errorf("%q is not a host name that authorities know: write for instance tv.example.org", name)
	}
	return nil
}

// start gets certificates, or takes them from the data folder, and keeps them
// fresh until stop.
func (m *manager) start(ctx context.Context, http, https int) {
	r := &running{}
	r.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return r.config, nil },
		RenewCheckInterval: m.options.Check,
		Logger:             zapped(m.log),
	})
	r.config = certmagic.New(r.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: m.folder},
		Logger:  zapped(m.log),
		OnEvent: m.event,
		// Authorities give it up, and it would ask the network in between.
		OCSP: certmagic.OCSPConfig{DisableStapling: true},
	})
	template := m.issuer
	// certmagic finds our own listeners on these ports and leaves the answers
	// to them.
	template.AltHTTPPort, template.DisableHTTPChallenge = http, http == 0
	template.AltTLSALPNPort, template.DisableTLSALPNChallenge = https, https == 0
	r.issuer = certmagic.NewACMEIssuer(r.config, template)
	r.config.Issuers = []certmagic.Issuer{r.issuer}
	m.running.Store(r)
	if http == 0 && https == 0 {
		m.log.Error("no certificate can be had by ACME: no port is open on which the authority could ask for proof; open --http or --rtmps")
		return
	}
	// Its errors are those of getting ready; what happens later are events.
	if err := r.config.ManageAsync(ctx, m.domains); err != nil {
		m.log.Error("no certificate can be had by ACME", "reason", err)
	}
}

func (m *manager) stop() { m.running.Load().cache.Stop() }

// event turns what certmagic reports into lines for people.
func (m *manager) event(_ context.Context, event string, data map[string]any) error {
	name, _ := data["identifier"].(string)
	switch event {
	case "cert_obtained":
		m.log.Info("certificate obtained by ACME", "domain", name, "renewal", data["renewal"])
	case "cert_failed":
		m.log.Error("no certificate could be had by ACME: the domain must lead to this machine, and its port 80 or 443 "+
			"be open to the internet; it is tried again", "domain", name, "reason", data["error"])
	}
	return nil
}

// find returns the certificates for a name.
func (m *manager) find(name string) []*held {
	r := m.running.Load()
	if r == nil {
		return nil
	}
	var all []*held
	for _, c := range r.cache.AllMatchingCertificates(strings.ToLower(name)) {
		all = append(all, &held{cert: c.Certificate, from: "ACME"})
	}
	return all
}

var errNoChallenge = errors.New("nobody asked for a certificate a moment ago")

// proof answers the question of an authority over TLS (RFC 8737).
func (m *manager) proof(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	r := m.running.Load()
	if r == nil {
		return nil, errNoChallenge
	}
	return r.config.GetCertificate(hello)
}

// HTTPChallenge answers the questions of ACME authorities (RFC 8555, 8.3), and
// leaves all other requests to next.
func (s *Source) HTTPChallenge(next http.Handler) http.Handler {
	if s.acme == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if run := s.acme.running.Load(); run == nil || !run.issuer.HandleHTTPChallenge(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}
