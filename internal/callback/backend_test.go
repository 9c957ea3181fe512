package callback

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// backend is a back end that notes what it is asked, and answers with what answer
// writes; nil is a 200 without a body.
type backend struct {
	*httptest.Server
	told   chan told
	mu     sync.Mutex
	answer func(w http.ResponseWriter, body string)
}

type told struct {
	line   string // method and address
	header http.Header
	body   string
}

func newBackend(t *testing.T, answer func(w http.ResponseWriter, body string)) *backend {
	t.Helper()
	b := &backend{told: make(chan told, 1000), answer: answer}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.told <- told{r.Method + " " + r.RequestURI, r.Header, string(body)}
	b.mu.Lock()
	answer := b.answer
	b.mu.Unlock()
	if answer != nil {
		answer(w, string(body))
	}
}

func (b *backend) says(answer func(w http.ResponseWriter, body string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

// next is what the back end is told next.
func (b *backend) next(t *testing.T) told {
	t.Helper()
	select {
	case got := <-b.told:
		return got
	case <-time.After(10 * time.Second):
		t.Fatal("the back end is not told")
		return told{}
	}
}

// quiet reports whether the back end has been told nothing more so far.
func (b *backend) quiet() bool { return len(b.told) == 0 }

func status(code int) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { w.WriteHeader(code) }
}

func text(body string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { io.WriteString(w, body) }
}

func redirect(location string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.Header()["Location"] = []string{location}
		w.WriteHeader(http.StatusFound)
	}
}

// rules is the server's own word. It knows the key KEY, of live/keyed.
type rules struct{ open bool }

func (r rules) Publish(_ context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	key := req.Query.Get("key")
	switch {
	case key == "KEY" || req.Name == "KEY":
		return hub.Grant{Stream: "live/keyed", Owner: "ky_1", Limits: hub.Limits{MaxBitrate: 900}}, nil
	case key != "":
		return hub.Grant{}, &hub.Refusal{Code: hub.BadKey, Reason: "unknown key"}
	case req.Name == "keyed":
		return hub.Grant{}, &hub.Refusal{Code: hub.Forbidden, Stream: "live/keyed", Reason: "a key is needed"}
	case req.Name == "banned":
		return hub.Grant{}, &hub.Refusal{Code: hub.Limit, Reason: "banned"}
	case r.open:
		return hub.Grant{Stream: req.App + "/" + req.Name, Owner: "open:x", Open: true}, nil
	}
	return hub.Grant{}, &hub.Refusal{Code: hub.Forbidden, Reason: "a key is needed"}
}

func (rules) Play(_ context.Context, req *hub.PlayRequest) error {
	if req.Stream == "" {
		req.Stream = req.App + "/" + req.Name
	}
	if strings.HasSuffix(req.Stream, "/private") {
		return &hub.Refusal{Code: hub.Unauthorized, Reason: "private"}
	}
	if strings.HasSuffix(req.Stream, "/hidden") {
		req.Stream = hub.Nowhere(req.Stream)
	}
	req.PlayWait = -1
	return nil
}

type fixture struct {
	*Gate
	log  *bytes.Buffer
	seen *Observer
}

// newGate returns a gate with that back end, open to everybody.
func newGate(t *testing.T, change func(*Options), services ...Settings) *fixture {
	t.Helper()
	f := &fixture{log: new(bytes.Buffer)}
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: f.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.seen = NewObserver(ObserverOptions{Logger: logger})
	t.Cleanup(func() { f.seen.Close(t.Context()) })
	o := Options{
		Services: services, Next: rules{open: true}, Logger: logger, Observer: f.seen,
		HasKeys: func(stream string) bool { return stream == "live/keyed" },
	}
	if change != nil {
		change(&o)
	}
	f.seen = o.Observer
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	f.Gate = g
	return f
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func publish(name string, query ...string) *hub.PublishRequest {
	q, _ := url.ParseQuery(strings.Join(query, "&"))
	return &hub.PublishRequest{
		App: "live", Name: name, Query: q, Session: "s-" + name, Protocol: "rtmp", Remote: netip.MustParseAddrPort("192.0.2.1:5000"),
		Software: "test",
	}
}

func play(name string) *hub.PlayRequest {
	return &hub.PlayRequest{
		App: "live", Name: name, Query: url.Values{}, Session: "p-" + name, Protocol: "rtmp",
		Remote: netip.MustParseAddrPort("192.0.2.2:5000"), Software: "player",
	}
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key, a.file, _ = a.issue("authority", &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true})
	return a
}

// issue makes a certificate, and files with it and its key.
func (a *authority) issue(name string, c *x509.Certificate) (cert *x509.Certificate, key *ecdsa.PrivateKey, certFile, keyFile string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		a.t.Fatal(err)
	}
	return cert, key, certFile, keyFile
}

// newTLSBackend demands a client certificate of the authority.
func newTLSBackend(t *testing.T, a *authority) *backend {
	t.Helper()
	_, _, certFile, keyFile := a.issue("127.0.0.1", &x509.Certificate{IPAddresses: []net.IP{{127, 0, 0, 1}}})
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	b := &backend{told: make(chan told, 100)}
	b.Server = httptest.NewUnstartedServer(b)
	b.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	b.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	b.StartTLS()
	t.Cleanup(b.Close)
	return b
}
