package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/store"
)

// authority signs certificates, in tests.
type authority struct {
	cert   *x509.Certificate
	key    crypto.Signer
	parent *authority
}

func template(name string, from, until time.Time) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until,
		BasicConstraintsValid: true,
	}
}

func newAuthority(t *testing.T, name string, parent *authority) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, parent: parent}
	c := template(name, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
	signer := parent
	if signer == nil {
		signer = &authority{cert: c, key: key}
	}
	a.cert = sign(t, c, key.Public(), signer)
	return a
}

func sign(t *testing.T, c *x509.Certificate, public crypto.PublicKey, by *authority) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, public, by.key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *authority) file(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "ca.pem")
	write(t, name, pemOf(a.cert))
	return name
}

// issued says how a certificate differs from a good one.
type issued struct {
	hosts       []string
	from, until time.Time // a day around now by default
	rsa         bool
	alone       bool // without the chain
	client      bool
}

// pems returns a certificate with its chain, and its key.
func (a *authority) pems(t *testing.T, how issued) (certs, key []byte) {
	t.Helper()
	if how.from.IsZero() {
		how.from = time.Now().Add(-24 * time.Hour)
	}
	if how.until.IsZero() {
		how.until = time.Now().Add(24 * time.Hour)
	}
	c := template("", how.from, how.until)
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if how.client {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	for _, h := range how.hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	var private crypto.Signer
	var err error
	if how.rsa {
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	certs = pemOf(sign(t, c, private.Public(), a))
	for by := a; by.parent != nil && !how.alone; by = by.parent {
		certs = append(certs, pemOf(by.cert)...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return certs, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// pair writes a certificate into files.
func (a *authority) pair(t *testing.T, how issued) Pair {
	t.Helper()
	dir := t.TempDir()
	p := Pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	a.put(t, p, how)
	return p
}

func (a *authority) put(t *testing.T, p Pair, how issued) {
	t.Helper()
	certs, key := a.pems(t, how)
	write(t, p.Cert, certs)
	write(t, p.Key, key)
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T) *store.Folder {
	t.Helper()
	f, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func open(t *testing.T, o Options) *Source {
	t.Helper()
	if o.Data == nil {
		o.Data = folder(t)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
