package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"github.com/millrace-live/millrace/internal/certs"
	"github.com/millrace-live/millrace/internal/store"
)

const acmeDomain = "tv.example.com"

// authority is an ACME authority of the test's own, for which every name leads
// to this machine.
type authority struct {
	directory string
	caFile    string // who vouches for the directory
	open      func(http, https int, validity time.Duration)
	roots     *x509.CertPool // of what it issues, once it is open
}

// newAuthority lets the authority's clients wait until open tells it on which
// ports to look for their proofs.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	a := &authority{roots: x509.NewCertPool()}
	opened := make(chan struct{})
	var handler http.Handler
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-opened:
			handler.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	a.directory = server.URL + wfe.DirectoryPath
	a.caFile = filepath.Join(t.TempDir(), "pebble.pem")
	vouched := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(a.caFile, vouched, 0o600); err != nil {
		t.Fatal(err)
	}
	resolver := resolve(t)
	a.open = func(http, https int, validity time.Duration) {
		quiet := log.New(io.Discard, "", 0)
		memory := db.NewMemoryStore()
		issuing := ca.New(quiet, memory, "", "ecdsa", 0, 1, map[string]ca.Profile{
			"default": {Description: "the only one", ValidityPeriod: uint64(validity / time.Second)},
		})
		proving := va.New(quiet, http, https, false, resolver, memory)
		front := wfe.New(quiet, memory, proving, issuing, []string{"pebble.test"}, false, false, 1, 1)
		handler = front.Handler()
		a.roots.AddCert(issuing.GetRootCert(0).Cert)
		close(opened)
	}
	return a
}

// resolve serves a DNS in which every name leads to 127.0.0.1.
func resolve(t *testing.T) (addr string) {
	t.Helper()
	l := listen(t)
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg).SetReply(q)
		if question := q.Question[0]; question.Qtype == dns.TypeA {
			reply.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1),
			}}
		}
		w.WriteMsg(reply)
	})}
	go server.ActivateAndServe()
	t.Cleanup(func() { server.Shutdown() })
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// holder is a source of certificates at work.
type holder struct {
	*certs.Source
	http, https net.Listener
	log         *output
}

// hold serves with the certificates of data, over HTTP and TLS.
func hold(t *testing.T, a *authority, data *store.Folder, check time.Duration) *holder {
	t.Helper()
	h := &holder{http: listen(t), https: listen(t), log: &output{}}
	var err error
	h.Source, err = certs.Open(certs.Options{
		Domains: []string{acmeDomain}, Data: data, Logger: slog.New(slog.NewTextHandler(h.log, nil)),
		ACME: certs.ACME{Directory: a.directory, CA: a.caFile, Email: "ops@example.com", Check: check},
	})
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(h.http, h.HTTPChallenge(http.NotFoundHandler()))
	go func() {
		for {
			c, err := h.https.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				conn := tls.Server(c, &tls.Config{GetConfigForClient: h.Config})
				io.Copy(conn, conn)
			}()
		}
	}()
	return h
}

// run keeps the certificates fresh until the returned function is called.
func (h *holder) run(t *testing.T, http, https int) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.Run(ctx, http, https); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// shown connects as a client that trusts the authority alone and returns the
// certificate that it was shown.
func shown(addr string, roots *x509.CertPool) (*x509.Certificate, error) {
	c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: acmeDomain, RootCAs: roots})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

func dataFolder(t *testing.T) *store.Folder {
	t.Helper()
	f, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestACMEIssue(t *testing.T) {
	for _, c := range []struct {
		name        string
		http, https bool
	}{{"by HTTP", true, false}, {"by TLS-ALPN", false, true}, {"by either", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			a, data := newAuthority(t), dataFolder(t)
			h := hold(t, a, data, 0)
			var ports [2]int
			if c.http {
				ports[0] = portOf(h.http)
			}
			if c.https {
				ports[1] = portOf(h.https)
			}
			stop := h.run(t, ports[0], ports[1])

			// Meanwhile there is one that nobody has signed.
			if !h.SelfSigned() {
				t.Error("the certificate is there before it was issued")
			}
			if _, err := shown(h.https.Addr().String(), a.roots); err == nil {
				t.Error("a client trusted the self-signed certificate")
			}
			a.open(ports[0], ports[1], 90*24*time.Hour)
			var first *x509.Certificate
			wait(t, 30*time.Second, "a certificate", func() (ok bool) {
				cert, err := shown(h.https.Addr().String(), a.roots)
				first = cert
				return err == nil
			})
			if h.SelfSigned() || h.Names()[0] != acmeDomain {
				t.Errorf("the certificates are %+v", h.Certificates())
			}
			if !strings.Contains(h.log.String(), "certificate obtained by ACME") {
				t.Errorf("the log is\n%s", h.log)
			}

			// The next start finds it in the data folder: the authority is not
			// asked again.
			stop()
			later := hold(t, a, data, 0)
			later.run(t, 0, portOf(later.https))
			wait(t, 10*time.Second, "the stored certificate", func() bool {
				cert, err := shown(later.https.Addr().String(), a.roots)
				return err == nil && bytes.Equal(cert.Raw, first.Raw)
			})
		})
	}
}

// A certificate of a few seconds is renewed in time, connections live on, and
// no client ever meets one that has run out.
func TestACMERenewal(t *testing.T) {
	a := newAuthority(t)
	h := hold(t, a, dataFolder(t), 100*time.Millisecond)
	h.run(t, portOf(h.http), portOf(h.https))
	a.open(portOf(h.http), portOf(h.https), 12*time.Second)
	addr := h.https.Addr().String()
	wait(t, 30*time.Second, "a certificate", func() bool { _, err := shown(addr, a.roots); return err == nil })
	running, err := tls.Dial("tcp", addr, &tls.Config{ServerName: acmeDomain, RootCAs: a.roots})
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()

	serials := make(map[string]bool)
	wait(t, 60*time.Second, "two renewals", func() bool {
		cert, err := shown(addr, a.roots)
		if err != nil {
			t.Fatalf("a client was refused: %v\n%s", err, h.log)
		}
		serials[cert.SerialNumber.String()] = true
		return len(serials) == 3
	})
	running.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := running.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(running, make([]byte, 1)); err != nil {
		t.Errorf("a connection did not outlive the renewal: %v", err)
	}
	if n := strings.Count(h.log.String(), "renewal=true"); n < 2 {
		t.Errorf("%d renewals are in the log:\n%s", n, h.log)
	}
}

func TestACMERefusal(t *testing.T) {
	a := newAuthority(t)
	h := hold(t, a, dataFolder(t), 0)
	h.run(t, portOf(h.http), portOf(h.https))
	closed := listen(t)
	closed.Close()
	a.open(portOf(closed), portOf(closed), time.Hour) // as if a firewall stood before the ports
	wait(t, 60*time.Second, "the line with the mend", func() bool {
		return strings.Contains(h.log.String(), "the domain must lead to this machine, and its port 80 or 443 be open")
	})
	if !h.SelfSigned() {
		t.Error("there is no certificate to go on with")
	}
}
