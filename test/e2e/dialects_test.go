package e2e

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// signer is an authority that nobody knows by himself.
type signer struct {
	cert *x509.Certificate
	key  crypto.Signer
	file string // what its clients are told to trust
}

func newSigner(t *testing.T, name string) *signer {
	t.Helper()
	s := &signer{file: filepath.Join(t.TempDir(), "ca.pem")}
	var err error
	if s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	s.cert = certificateOf(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}, s.key, nil)
	writePEM(t, s.file, "CERTIFICATE", s.cert.Raw)
	return s
}

// certificateOf has by sign a certificate for key; nil is the key itself.
func certificateOf(t *testing.T, c *x509.Certificate, key crypto.Signer, by *signer) *x509.Certificate {
	t.Helper()
	var err error
	if c.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		t.Fatal(err)
	}
	c.NotBefore, c.NotAfter, c.BasicConstraintsValid = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour), true
	if by == nil {
		by = &signer{cert: c, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// pair is a server's certificate with its chain, and its key, in files.
type pair struct{ cert, key string }

// issue writes a new certificate for localhost and 127.0.0.1.
func (s *signer) issue(t *testing.T, p pair) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := certificateOf(t, &x509.Certificate{
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, key, s)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, p.key, "PRIVATE KEY", private)
	writePEM(t, p.cert, "CERTIFICATE", leaf.Raw, s.cert.Raw)
	return leaf
}

func writePEM(t *testing.T, name, kind string, blocks ...[]byte) {
	t.Helper()
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b})...)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// fortress is a server with a TLS port and a certificate.
type fortress struct {
	*server
	ports  map[string]string // host:port by the listener's name
	signer *signer
	pair   pair
	leaf   *x509.Certificate
}

func fortified(t *testing.T, flags ...string) *fortress {
	t.Helper()
	dir := t.TempDir()
	f := &fortress{signer: newSigner(t, "The House's Authority"), pair: pair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}}
	f.leaf = f.signer.issue(t, f.pair)
	f.server = start(t, slices.Concat([]string{
		"--rtmps", "127.0.0.1:0", "--cert", f.pair.cert, "--key", f.pair.key, "--play-wait", "2m",
	}, flags)...)
	text, err := os.ReadFile(filepath.Join(f.data, "addresses.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &f.ports); err != nil {
		t.Fatal(err)
	}
	return f
}

// at is the address of a stream at a port, by name: certificates are for names.
func (f *fortress) at(scheme, port, stream string) string {
	_, number, _ := net.SplitHostPort(f.ports[port])
	return scheme + "://localhost:" + number + "/" + stream
}

// logged waits until the log has a line with all of these words.
func (s *server) logged(t *testing.T, words ...string) {
	t.Helper()
	wait(t, 20*time.Second, "the log to say "+strings.Join(words, " … "), func() bool {
		for line := range strings.Lines(s.log.String()) {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return true
			}
		}
		return false
	})
}

// trusting returns what to put before a command so that it runs on a system
// whose only authority is s.
func (s *signer) trusting(t *testing.T) []string {
	t.Helper()
	needRoot(t)
	// One file as GnuTLS and OpenSSL read it, in a folder as OBS does.
	dir := t.TempDir()
	writePEM(t, filepath.Join(dir, "ca-certificates.crt"), "CERTIFICATE", s.cert.Raw)
	words := []string{"unshare", "-m", "sh", "-c", "mount --bind " + dir + ` /etc/ssl/certs && exec "$@"`, "sh"}
	if out, err := exec.Command(words[0], append(words[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %s", out)
	}
	return words
}
