package certs

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// listen serves an echo over TLS, until the test ends, and returns its address
// and how each handshake failed.
func listen(t *testing.T, s *Source) (addr string, failed <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	errs := make(chan error, 16)
	var hellos sync.Map // by connection
	base := &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hellos.Store(h.Conn, h)
		return s.Config(h)
	}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(20 * time.Second))
				conn := tls.Server(c, base)
				if err := conn.Handshake(); err != nil {
					hello, _ := hellos.Load(c)
					known, _ := hello.(*tls.ClientHelloInfo)
					errs <- errors.New(s.Explain(err, known))
					return
				}
				io.Copy(conn, conn)
			}()
		}
	}()
	return l.Addr().String(), errs
}

// dial connects and sends a byte there and back.
func dial(t *testing.T, addr string, config *tls.Config) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", addr, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	echo(t, c)
	return c
}

func echo(t *testing.T, c *tls.Conn) {
	t.Helper()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestTheNameChoosesTheCertificate(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	s := open(t, Options{Pairs: []Pair{
		ca.pair(t, issued{hosts: []string{"first.example"}}),
		ca.pair(t, issued{hosts: []string{"second.example"}}),
		ca.pair(t, issued{hosts: []string{"*.wild.example"}}),
		ca.pair(t, issued{hosts: []string{"127.0.0.1"}}),
	}})
	addr, _ := listen(t, s)
	for name, want := range map[string]string{
		"first.example": "first.example", "second.example": "second.example", "SECOND.example": "second.example",
		"a.wild.example": "*.wild.example", "a.b.wild.example": "first.example", "other.example": "first.example",
		"": "127.0.0.1", // the address that it came to
	} {
		c := dial(t, addr, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		leaf := c.ConnectionState().PeerCertificates[0]
		got := slices.Clone(leaf.DNSNames)
		for _, ip := range leaf.IPAddresses {
			got = append(got, ip.String())
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%q: got the certificate for %q, want %q", name, got, want)
		}
	}
	if s.SelfSigned() || len(s.Certificates()) != 4 ||
		!slices.Equal(s.Names(), []string{"first.example", "second.example", "*.wild.example", "127.0.0.1"}) {
		t.Errorf("the source lists %+v, names %q", s.Certificates(), s.Names())
	}
}

func TestNoNameGetsTheFirst(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	addr, _ := listen(t, open(t, Options{Pairs: []Pair{
		ca.pair(t, issued{hosts: []string{"first.example"}}), ca.pair(t, issued{hosts: []string{"second.example"}}),
	}}))
	c := dial(t, addr, &tls.Config{InsecureSkipVerify: true})
	if err := c.ConnectionState().PeerCertificates[0].VerifyHostname("first.example"); err != nil {
		t.Error(err)
	}
}

func TestTheKindOfKeyThatTheClientReads(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	both := []string{"tv.example"}
	addr, _ := listen(t, open(t, Options{Pairs: []Pair{
		ca.pair(t, issued{hosts: both}), ca.pair(t, issued{hosts: both, rsa: true}),
	}}))
	for _, name := range []string{"tv.example", "", "other.example"} {
		c := dial(t, addr, &tls.Config{
			ServerName: name, InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		})
		if c.ConnectionState().CipherSuite != tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 {
			t.Errorf("%q: not the RSA certificate", name)
		}
	}
}

// cache counts the tickets that a client got.
type cache struct {
	tls.ClientSessionCache
	tickets int
}

func (c *cache) Put(key string, s *tls.ClientSessionState) {
	c.tickets++
	c.ClientSessionCache.Put(key, s)
}

func TestWhatIsOfferedDependsOnTheHello(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	addr, _ := listen(t, open(t, Options{Pairs: []Pair{ca.pair(t, issued{hosts: []string{"tv.example"}})}}))
	for _, c := range []struct {
		name    string
		offer   []string
		want    string
		tickets bool
	}{
		{"an encoder", nil, "", false},
		{"a browser", []string{"h2", "http/1.1"}, "h2", true},
		{"an old browser", []string{"http/1.1"}, "http/1.1", true},
		{"nothing that we know", []string{"rtmp/1", "spdy/3"}, "", true},
		{"a proof that nobody asked for", []string{"acme-tls/1"}, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				kept := &cache{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
				config := &tls.Config{
					ServerName: "tv.example", RootCAs: ca.pool(), NextProtos: c.offer, ClientSessionCache: kept,
					MinVersion: version, MaxVersion: version,
				}
				if got := dial(t, addr, config).ConnectionState().NegotiatedProtocol; got != c.want {
					t.Errorf("%s: the protocol is %q, want %q", tls.VersionName(version), got, c.want)
				}
				if (kept.tickets > 0) != c.tickets {
					t.Errorf("%s: the client got %d tickets", tls.VersionName(version), kept.tickets)
				}
				if again := dial(t, addr, config).ConnectionState(); again.DidResume != c.tickets {
					t.Errorf("%s: resumed is %v", tls.VersionName(version), again.DidResume)
				}
			}
		})
	}
}

func TestOldVersionsOnlyWhereTheyAreAllowed(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	p := ca.pair(t, issued{hosts: []string{"tv.example"}, rsa: true})
	for _, least := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		addr, _ := listen(t, open(t, Options{Pairs: []Pair{p}, MinVersion: least}))
		for version := uint16(tls.VersionTLS10); version <= tls.VersionTLS13; version++ {
			c, err := tls.Dial("tcp", addr, &tls.Config{
				ServerName: "tv.example", RootCAs: ca.pool(), MinVersion: version, MaxVersion: version,
			})
			if ok := err == nil; ok != (version >= least) {
				t.Errorf("at least %s: %s gave %v", tls.VersionName(least), tls.VersionName(version), err)
			}
			if err == nil {
				c.Close()
			}
		}
	}
}

func TestAnEncoderWithoutEphemeralKeys(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	p := ca.pair(t, issued{hosts: []string{"tv.example"}, rsa: true})
	addr, _ := listen(t, open(t, Options{Pairs: []Pair{p}, MinVersion: tls.VersionTLS10}))
	dial(t, addr, &tls.Config{
		ServerName: "tv.example", RootCAs: ca.pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
	})
}

func TestClientsWithCertificates(t *testing.T) {
	ca, clients := newAuthority(t, "Test CA", nil), newAuthority(t, "Encoders", nil)
	addr, _ := listen(t, open(t, Options{
		Pairs: []Pair{ca.pair(t, issued{hosts: []string{"tv.example"}})}, ClientCA: clients.file(t),
	}))
	certs, key := clients.pems(t, issued{client: true})
	own, err := tls.X509KeyPair(certs, key)
	if err != nil {
		t.Fatal(err)
	}
	dial(t, addr, &tls.Config{ServerName: "tv.example", RootCAs: ca.pool(), Certificates: []tls.Certificate{own}})
}

func TestAFileOfAuthoritiesWithoutAny(t *testing.T) {
	file := t.TempDir() + "/ca.pem"
	write(t, file, []byte("nothing"))
	for name, want := range map[string]string{file: file + " holds no certificate in PEM form", file + "x": "cannot read the authorities"} {
		if _, err := Open(Options{Data: folder(t), ClientCA: name}); err == nil || !contains(err, want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
