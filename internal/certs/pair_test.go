package certs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFaultsOfAPairNameTheFileAndTheMend(t *testing.T) {
	root := newAuthority(t, "Root CA", nil)
	middle := newAuthority(t, "Middle CA", root)
	certs, key := middle.pems(t, issued{hosts: []string{"tv.example"}})
	otherCerts, otherKey := middle.pems(t, issued{hosts: []string{"tv.example"}})
	leafEnd := strings.Index(string(certs), "-----END CERTIFICATE-----\n") + len("-----END CERTIFICATE-----\n")
	reversed := append(append([]byte{}, certs[leafEnd:]...), certs[:leafEnd]...)
	damaged := []byte(strings.Replace(string(certs), "\nMII", "\nMMM", 1))
	dir := t.TempDir()
	cert, private := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for _, c := range []struct {
		name       string
		certs, key []byte
		want       []string // nil when there is no fault
	}{
		{"good", certs, key, nil},
		{"one file", append(append([]byte{}, key...), certs...), key, nil},
		{"of two pairs", certs, otherKey, []string{"the key " + private + " does not belong to the certificate " + cert}},
		{"of two pairs, the other way", otherCerts, key, []string{"does not belong"}},
		{"half written", certs[:len(certs)/4], key, []string{cert + " should hold a certificate, and holds nothing in PEM form"}},
		{"empty", nil, key, []string{cert + " should hold a certificate"}},
		{"key half written", certs, key[:len(key)/2], []string{private + " should hold a private key, and holds nothing in PEM form"}},
		{"exchanged", key, certs, []string{cert + " should hold a certificate, and holds a private key: give the file of the certificate instead"}},
		{"certificate twice", certs, certs, []string{private + " should hold a private key, and holds a certificate"}},
		{"in the wrong order", reversed, key, []string{"in the wrong order: put the server's own first"}},
		{"damaged", damaged, key, []string{"the certificate " + cert + " cannot be read"}},
		{"key damaged", certs, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), []string{"the key " + private + " cannot be read"}},
		{"locked", certs, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), []string{"locked by a passphrase", "openssl pkey -in " + private}},
	} {
		t.Run(c.name, func(t *testing.T) {
			write(t, cert, c.certs)
			write(t, private, c.key)
			err := Pair{cert, private}.Check()
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no fault was found")
			}
			for _, want := range c.want {
				if !contains(err, want) {
					t.Errorf("got %q\nwant %q", err, want)
				}
			}
			if _, err := Open(Options{Pairs: []Pair{{cert, private}}}); err == nil {
				t.Error("the source opened")
			}
		})
	}
	write(t, cert, certs)
	os.Remove(private)
	if err := (Pair{cert, private}).Check(); err == nil || !contains(err, "cannot read the certificate's key") {
		t.Error(err)
	}
	if err := (Pair{private, cert}).Check(); err == nil || !contains(err, "cannot read the certificate: ") {
		t.Error(err)
	}
}
