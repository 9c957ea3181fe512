package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Pair is a certificate, with the chain behind it, and its private key: two
// files in PEM form, which may be one.
type Pair struct{ Cert, Key string }

// Check reports what is wrong with the files. The error names the file and the
// mend.
func (p Pair) Check() error {
	_, err := readPair(p)
	return err
}

// held is a certificate with where it is from.
type held struct {
	cert tls.Certificate // with its Leaf
	from string
}

func (h *held) names() []string {
	leaf := h.cert.Leaf
	names := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

func (h *held) isSelfSigned() bool {
	leaf := h.cert.Leaf
	return bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignature(
		leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
}

// isAlone reports whether nobody can find the way from the certificate to an
// authority: its chain is not with it, and no authority that machines know has
// signed it.
func (h *held) isAlone() bool {
	if len(h.cert.Certificate) > 1 || h.isSelfSigned() {
		return false
	}
	_, err := h.cert.Leaf.Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	return unknown
}

func (h *held) expired(now time.Time) bool { return now.After(h.cert.Leaf.NotAfter) }

// readPair reads and checks the files of p.
func readPair(p Pair) (*held, error) {
	certs, err := os.ReadFile(p.Cert)
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate: %w", err)
	}
	key, err := os.ReadFile(p.Key)
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate's key: %w", err)
	}
	if kinds := blocks(certs); !slices.Contains(kinds, "CERTIFICATE") {
		return nil, notPEM(p.Cert, "certificate", kinds)
	}
	kinds := blocks(key)
	if slices.Contains(kinds, "ENCRYPTED PRIVATE KEY") || bytes.Contains(key, []byte("Proc-Type: 4,ENCRYPTED")) {
		return nil, fmt.Errorf("the key %s is locked by a passphrase, which nobody can type when a server starts: "+
			"unlock it with openssl pkey -in %[1]s -out NEW", p.Key)
	}
	if !slices.ContainsFunc(kinds, func(k string) bool { return strings.HasSuffix(k, "PRIVATE KEY") }) {
		return nil, notPEM(p.Key, "private key", kinds)
	}
	cert, err := tls.X509KeyPair(certs, key)
	if err != nil {
		return nil, pairError(p, certs, key, err)
	}
	return &held{cert: cert, from: p.Cert}, nil
}

// blocks are the kinds of the PEM blocks in b.
func blocks(b []byte) []string {
	var kinds []string
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			return kinds
		}
		kinds, b = append(kinds, block.Type), rest
	}
}

func notPEM(file, what string, kinds []string) error {
	holds := "nothing in PEM form: write the file as a whole, or convert it with openssl"
	if len(kinds) > 0 {
		holds = "a " + strings.ToLower(kinds[0]) + ": give the file of the " + what + " instead"
	}
	return fmt.Errorf("%s should hold a %s, and holds %s", file, what, holds)
}

// pairError says why a certificate and a key are no pair.
func pairError(p Pair, certs, key []byte, err error) error {
	private, keyErr := parseKey(key)
	if keyErr != nil {
		return fmt.Errorf("the key %s cannot be read (%w): write the file as a whole, or make the key anew", p.Key, keyErr)
	}
	first := true
	for rest := certs; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		leaf, certErr := x509.ParseCertificate(block.Bytes)
		if certErr != nil {
			return fmt.Errorf("the certificate %s cannot be read (%w): write the file as a whole, or get it anew",
				p.Cert, certErr)
		}
		if belongs(private, leaf) && !first {
			return fmt.Errorf("the certificates in %s are in the wrong order: put the server's own first, "+
				"then the one that signed it", p.Cert)
		}
		first = false
	}
	return fmt.Errorf("the key %s does not belong to the certificate %s (%w): give the key that the certificate "+
		"was made with", p.Key, p.Cert, err)
}

func parseKey(b []byte) (crypto.Signer, error) {
	for {
		block, rest := pem.Decode(b)
		if block == nil {
			return nil, errors.New("no private key")
		}
		if b = rest; !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			return k, nil
		}
		if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return k, nil
		}
		k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		signer, ok := k.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("a key of the type %T signs nothing", k)
		}
		return signer, nil
	}
}

func belongs(private crypto.Signer, leaf *x509.Certificate) bool {
	public, ok := private.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(leaf.PublicKey)
}

// top is who signed the last certificate of the chain.
func (h *held) top() string {
	last, err := x509.ParseCertificate(h.cert.Certificate[len(h.cert.Certificate)-1])
	if err != nil {
		last = h.cert.Leaf
	}
	return last.Issuer.String()
}
