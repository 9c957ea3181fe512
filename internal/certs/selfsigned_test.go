package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestTheSelfSignedCertificateIsMadeOnceAndKept(t *testing.T) {
	f := folder(t)
	first := open(t, Options{Data: f, Hosts: []string{"tv.example", "192.0.2.7", "localhost"}})
	again := open(t, Options{Data: f})
	if !first.SelfSigned() || !bytes.Equal(first.own.cert.Leaf.Raw, again.own.cert.Leaf.Raw) {
		t.Error("another certificate was made")
	}
	names := first.Names()
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "tv.example", "192.0.2.7"} {
		if i := slices.Index(names, name); i < 0 || slices.Contains(names[i+1:], name) {
			t.Errorf("it is for %q, want %s once", names, name)
		}
	}
	if first.own.cert.Leaf.IsCA {
		t.Error("whoever trusts it would trust all that is signed with its key")
	}
	for _, name := range []string{SelfSignedFile, selfSignedKey} {
		info, err := os.Stat(f.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
	if c := first.Certificates()[0]; !c.SelfSigned || c.From != f.Path(SelfSignedFile) || time.Until(c.NotAfter) < 9*365*24*time.Hour {
		t.Errorf("%+v", c)
	}
}

func TestTheSelfSignedCertificateCanBeTrusted(t *testing.T) {
	f := folder(t)
	addr, _ := listen(t, open(t, Options{Data: f}))
	b, err := f.Read(SelfSignedFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(b)
	dial(t, addr, &tls.Config{ServerName: "localhost", RootCAs: pool})
	dial(t, addr, &tls.Config{ServerName: "127.0.0.1", RootCAs: pool})
}

func TestASelfSignedCertificateThatRanOutIsReplaced(t *testing.T) {
	f := folder(t)
	old, err := selfSigned(f, nil, time.Now().Add(-lifetime-48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if s := open(t, Options{Data: f}); bytes.Equal(s.own.cert.Leaf.Raw, old.cert.Leaf.Raw) || s.own.expired(time.Now()) {
		t.Error("the old certificate stayed")
	}
}

// What keeps both files from being read is said once, in one line.
func TestASelfSignedCertificateThatCannotBeRead(t *testing.T) {
	f := folder(t)
	for _, name := range []string{SelfSignedFile, selfSignedKey} {
		if err := os.Mkdir(f.Path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(Options{Data: f})
	if err == nil || !contains(err, "cannot read "+f.Path(SelfSignedFile)) || contains(err, "\n") {
		t.Errorf("%v", err)
	}
}

func TestADamagedSelfSignedCertificate(t *testing.T) {
	f := folder(t)
	open(t, Options{Data: f})
	write(t, f.Path(SelfSignedFile), []byte("half"))
	if _, err := Open(Options{Data: f}); err == nil || !contains(err, "self-signed.crt is damaged") || !contains(err, "remove it") {
		t.Fatal(err)
	}
	os.Remove(f.Path(SelfSignedFile))
	open(t, Options{Data: f}) // as it says, although the key is still there
}
