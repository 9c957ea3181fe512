package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/store"
)

// Options say where certificates come from.
type Options struct {
	// Pairs are the operator's own. The first is for clients that name no
	// server, or one that no certificate is for.
	Pairs []Pair
	// Domains get certificates by ACME.
	Domains []string
	ACME    ACME
	// Data keeps what is made here: the self-signed certificate, and accounts
	// and certificates of ACME.
	Data *store.Folder
	// Hosts are names and addresses for the self-signed certificate, beside
	// those of this machine.
	Hosts []string
	// MinVersion is the least version of TLS: 0 is TLS 1.2.
	MinVersion uint16
	// ClientCA is a file of the authorities one of which must have signed each
	// client's certificate; without it clients need none.
	ClientCA string
	Logger   *slog.Logger
}

// Source has the certificates of a server. Its methods may be called from any
// goroutine. It works from Open on; Run keeps it fresh.
type Source struct {
	log        *slog.Logger
	minVersion uint16
	pairs      []Pair
	domains    []string
	acme       *manager // nil without domains
	own        *held    // self-signed, nil with pairs

	files   atomic.Pointer[[]*held] // of pairs, in their order
	reading sync.Mutex              // one reload at a time; guards refused
	refused string                  // why the last reload was, to say it once

	// The settings for a hello, by what it offers in ALPN.
	bare, web, challenge, foreign *tls.Config
}

// Open loads the certificates. Its errors name the file and the mend.
func Open(o Options) (*Source, error) {
	s := &Source{
		log: o.Logger, minVersion: o.MinVersion, pairs: slices.Clone(o.Pairs), domains: slices.Clone(o.Domains),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.minVersion == 0 {
		s.minVersion = tls.VersionTLS12
	}
	var clients *x509.CertPool
	if o.ClientCA != "" {
		var err error
		if clients, err = authorities(o.ClientCA); err != nil {
			return nil, err
		}
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	if len(s.pairs) == 0 {
		var err error
		if s.own, err = selfSigned(o.Data, o.Hosts, time.Now()); err != nil {
			return nil, err
		}
	}
	if len(s.domains) > 0 {
		var err error
		if s.acme, err = newManager(o, s.log); err != nil {
			return nil, err
		}
	}
	s.configure(clients)
	return s, nil
}

// load reads the pairs for the first time. One that has run out is taken all
// the same: a server that does not start would be worse.
func (s *Source) load() error {
	var all []*held
	for _, p := range s.pairs {
		h, err := readPair(p)
		if err != nil {
			return err
		}
		s.warn(h)
		all = append(all, h)
	}
	s.files.Store(&all)
	return nil
}

// authorities reads a file of CA certificates.
func authorities(file string) (*x509.CertPool, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the authorities for client certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form: it should hold those of the authorities that "+
			"sign your clients' certificates", file)
	}
	return pool, nil
}

// Certificate is one that the source has.
type Certificate struct {
	Names      []string // host names and addresses that it is for
	From       string   // its file, "ACME" or "self-signed"
	NotAfter   time.Time
	SelfSigned bool
}

// Certificates lists what the source has, the default one first.
func (s *Source) Certificates() []Certificate {
	var list []Certificate
	for _, h := range s.all() {
		list = append(list, Certificate{h.names(), h.from, h.cert.Leaf.NotAfter, h.isSelfSigned()})
	}
	return list
}

// Names are the names and addresses that any of the certificates is for,
// wildcards among them.
func (s *Source) Names() []string {
	var names []string
	for _, h := range s.all() {
		for _, n := range h.names() {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// SelfSigned reports whether clients that name no server get a certificate that
// no authority has signed, which most encoders refuse.
func (s *Source) SelfSigned() bool { return s.all()[0].isSelfSigned() }

// all has at least one.
func (s *Source) all() []*held {
	all := slices.Clone(*s.files.Load())
	if s.acme != nil {
		for _, name := range s.domains {
			all = append(all, s.acme.find(name)...)
		}
	}
	if s.own != nil {
		all = append(all, s.own)
	}
	return all
}

// choose returns the certificate for a hello: one that is for the name and that
// the client can read, or at least for the name, or the default.
func (s *Source) choose(hello *tls.ClientHelloInfo) *held {
	name := hello.ServerName
	if name == "" && hello.Conn != nil {
		// Who gives an address as the host sends no name (RFC 6066, 3).
		if a, ok := hello.Conn.LocalAddr().(*net.TCPAddr); ok {
			name = a.IP.String()
		}
	}
	all := s.all()
	var named *held
	for _, h := range all {
		if name == "" || h.cert.Leaf.VerifyHostname(name) != nil {
			continue
		}
		if hello.SupportsCertificate(&h.cert) == nil {
			return h
		}
		if named == nil {
			named = h
		}
	}
	if named != nil {
		return named
	}
	nameless := *hello // with its name no certificate would do
	nameless.ServerName = ""
	for _, h := range all { // of RSA and ECDSA for one name, what the client can read
		if slices.Equal(h.names(), all[0].names()) && nameless.SupportsCertificate(&h.cert) == nil {
			return h
		}
	}
	return all[0]
}

// Run keeps the certificates fresh until ctx ends: it picks up the files when
// they change, and gets and renews what comes by ACME. The ports are those on
// which the server is listening already: an authority's questions come to http
// in plain HTTP (see HTTPChallenge) and to https in TLS; 0 means that they do
// not.
func (s *Source) Run(ctx context.Context, http, https int) {
	if s.acme != nil {
		s.acme.start(ctx, http, https)
		defer s.acme.stop()
	}
	s.watch(ctx)
}
