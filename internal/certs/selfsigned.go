package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/store"
)

// The files of the self-signed certificate in the data folder.
const (
	SelfSignedFile = "self-signed.crt"
	selfSignedKey  = "self-signed.key"
)

// lifetime is long since whoever made the certificate trusted on an encoder
// would have to do it again.
const lifetime = 10 * 365 * 24 * time.Hour

// selfSigned reads the self-signed certificate of the data folder, and makes it
// when there is none or it has run out.
func selfSigned(f *store.Folder, hosts []string, now time.Time) (*held, error) {
	certs, err := f.Read(SelfSignedFile)
	var key []byte
	if err == nil {
		key, err = f.Read(selfSignedKey)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return newSelfSigned(f, hosts, now)
	} else if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(certs, key)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): remove it, and the next start makes another",
			f.Path(SelfSignedFile), err)
	}
	h := &held{cert: cert, from: f.Path(SelfSignedFile)}
	if h.expired(now) {
		return newSelfSigned(f, hosts, now)
	}
	return h, nil
}

func newSelfSigned(f *store.Folder, hosts []string, now time.Time) (*held, error) {
	certs, key, err := makeSelfSigned(hosts, now)
	if err != nil {
		return nil, fmt.Errorf("cannot make a certificate: %w", err)
	}
	// The key comes first: a certificate without one would be damage, while a
	// key without a certificate is replaced.
	if err := f.Write(selfSignedKey, key, 0o600); err != nil {
		return nil, err
	}
	if err := f.Write(SelfSignedFile, certs, 0o600); err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(certs, key)
	return &held{cert: cert, from: f.Path(SelfSignedFile)}, err
}

// makeSelfSigned returns a certificate and its key in PEM form. It is no
// authority's: whoever trusts it trusts this server and nothing else.
func makeSelfSigned(hosts []string, now time.Time) (certs, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "Millrace"},
		// A day back, for encoders whose clock is slow.
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, host := range append(machine(), hosts...) {
		if ip := net.ParseIP(host); ip == nil && !slices.Contains(leaf.DNSNames, host) {
			leaf.DNSNames = append(leaf.DNSNames, host)
		} else if ip != nil && !slices.ContainsFunc(leaf.IPAddresses, ip.Equal) {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, leaf, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	certs = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	return certs, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// machine returns the names and addresses by which this machine is reached.
func machine() []string {
	hosts := []string{"localhost"}
	if name, err := os.Hostname(); err == nil && name != "" {
		hosts = append(hosts, name)
	}
	hosts = append(hosts, "127.0.0.1", "::1")
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return hosts
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			hosts = append(hosts, n.IP.String())
		}
	}
	return hosts
}
