package certs

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func contains(err error, want string) bool { return strings.Contains(err.Error(), want) }

func TestEachFailureHasALineWithTheMend(t *testing.T) {
	root := newAuthority(t, "Root CA", nil)
	middle := newAuthority(t, "Middle CA", root)
	clients, strangers := newAuthority(t, "Encoders", nil), newAuthority(t, "Strangers", nil)
	one := func(how issued) Options {
		if how.hosts == nil {
			how.hosts = []string{"tv.example"}
		}
		return Options{Pairs: []Pair{middle.pair(t, how)}}
	}
	good := func() *tls.Config { return &tls.Config{ServerName: "tv.example", RootCAs: root.pool()} }
	with := func(change func(*tls.Config)) *tls.Config {
		c := good()
		change(c)
		return c
	}
	checked := one(issued{})
	checked.ClientCA = clients.file(t)
	certs, key := strangers.pems(t, issued{client: true})
	stranger, err := tls.X509KeyPair(certs, key)
	if err != nil {
		t.Fatal(err)
	}
	acme := Options{Domains: []string{"tv.example"}}

	for _, c := range []struct {
		name   string
		server Options
		client *tls.Config
		want   []string
	}{
		{
			"self-signed",
			Options{},
			good(),
			[]string{"the client refused our certificate (bad certificate): it is self-signed", "--domain", "self-signed.crt trusted", "rtmp:// at home"},
		},
		{
			"a name that is not in the certificate", one(issued{hosts: []string{"a.example", "b.example"}}), good(),
			[]string{`the client asked for "tv.example", and it is for a.example, b.example; connect by that name, or get a certificate for "tv.example"`},
		},
		{
			"by address", one(issued{}), with(func(c *tls.Config) { c.ServerName = "127.0.0.1" }),
			[]string{"the client connected by address, or names no server, and it is for tv.example; connect by that name"},
		},
		{
			"an incomplete chain", one(issued{alone: true}), good(),
			[]string{"its chain is incomplete, as ", "cert.pem has only the server's own certificate", "CN=Middle CA", "fullchain.pem"},
		},
		{
			"an authority that the client does not know", one(issued{}), with(func(c *tls.Config) { c.RootCAs = strangers.pool() }),
			[]string{"the client does not know the authority behind it (CN=Root CA)"},
		},
		{
			"run out", one(issued{from: time.Now().Add(-48 * time.Hour), until: time.Now().Add(-time.Hour)}), good(),
			[]string{"it ran out on ", "renew "},
		},
		{
			"not good yet", one(issued{from: time.Now().Add(time.Hour)}), good(),
			[]string{"it is good from ", "set this machine's clock"},
		},
		{
			"TLS 1.0 only", one(issued{}), with(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }),
			[]string{"the client offers at most TLS 1.0, and this server wants at least TLS 1.2: update the client, or let it in with the setting tls-min"},
		},
		{
			"no cipher in common", one(issued{rsa: true}), with(func(c *tls.Config) {
				c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
			}),
			[]string{"no cipher in common: update the client"},
		},
		{
			"no client certificate", checked, good(),
			[]string{"the client showed no certificate", "client CA"},
		},
		{
			"a client certificate of strangers", checked, with(func(c *tls.Config) {
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }
			}),
			[]string{"the client's certificate is not from an authority that the client CA file has"},
		},
		{
			"a proof that nobody ordered", acme, with(func(c *tls.Config) { c.NextProtos = []string{"acme-tls/1"} }),
			[]string{"the proof of an ACME order that this server did not make"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, failed := listen(t, open(t, c.server))
			conn, err := tls.Dial("tcp", addr, c.client)
			if err == nil { // in TLS 1.3 a client is done before the server has seen its certificate
				conn.SetDeadline(time.Now().Add(20 * time.Second))
				if _, err := conn.Read(make([]byte, 1)); err == nil {
					t.Fatal("the client was let in")
				}
				conn.Close()
			}
			got := next(t, failed)
			for _, want := range c.want {
				if !contains(got, want) {
					t.Errorf("got %q\nwant %q", got, want)
				}
			}
			if strings.Contains(got.Error(), "\n") {
				t.Error("more than one line")
			}
		})
	}
}

func next(t *testing.T, failed <-chan error) error {
	t.Helper()
	select {
	case err := <-failed:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("no handshake failed")
		return nil
	}
}

func TestClientsThatBreakOff(t *testing.T) {
	s := open(t, Options{})
	for _, c := range []struct {
		name, want string
		client     func(net.Conn)
	}{
		{"without a byte", "the client went away before it had begun TLS", func(c net.Conn) { c.Close() }},
		{"in the hello", "the client went away before it had begun TLS", func(c net.Conn) {
			c.Write([]byte{0x16, 3, 1, 1, 0, 1})
			c.Close()
		}},
		{"with half a hello", "a hello that cannot be read (error decoding message): use one that speaks TLS", func(c net.Conn) {
			c.Write([]byte{0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3})
		}},
		{"with another message", "a hello that cannot be read (received unexpected handshake message", func(c net.Conn) {
			c.Write([]byte{0x16, 3, 1, 0, 4, 14, 0, 0, 0})
		}},
		{"no TLS at all", "its first bytes are no TLS record", func(c net.Conn) { c.Write([]byte("GET / HTTP/1.1\r\n\r\n")) }},
		{"at the sight of the certificate", "the client went away when it saw the certificate: it is self-signed", func(c net.Conn) {
			tls.Client(c, &tls.Config{
				InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { return c.Close() },
			}).Handshake()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, failed := listen(t, s)
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			c.client(conn)
			if got := next(t, failed); !contains(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

// In TLS 1.3 some clients look at the certificate when the handshake is over:
// then the alert, or the end, comes in its first read.
func TestTheErrorOfTheFirstRead(t *testing.T) {
	s := open(t, Options{})
	hello := &tls.ClientHelloInfo{}
	client, server := net.Pipe()
	defer client.Close()
	hello.Conn = server
	alert := &net.OpError{Op: "remote error", Err: errors.New("tls: unknown certificate authority")}
	for err, want := range map[error]string{
		alert: "the client refused our certificate (unknown certificate authority): it is self-signed",
		&net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}:              "no cipher or version in common",
		&net.OpError{Op: "remote error", Err: errors.New("tls: protocol version not supported")}: "TLS 1.2 to TLS 1.3",
		&net.OpError{Op: "remote error", Err: errors.New("tls: user canceled")}:                  "the client ended TLS by itself",
		&net.OpError{Op: "remote error", Err: errors.New("tls: bad record MAC")}:                 "the client ended TLS (bad record MAC)",
		io.EOF:                 "the client went away when it saw the certificate",
		os.ErrDeadlineExceeded: "did not go on in time",
		&net.OpError{Op: "local error", Err: errors.New("tls: illegal parameter")}: "does not keep to the rules of TLS (illegal parameter): update it",
		errors.New("tls: odd"): "TLS failed: tls: odd",
	} {
		if got := s.Explain(err, hello); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestOpenSSL(t *testing.T) {
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	root := newAuthority(t, "Root CA", nil)
	ca := root.file(t)
	addr, failed := listen(t, open(t, Options{Pairs: []Pair{root.pair(t, issued{hosts: []string{"tv.example"}})}}))
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"trusting", "", []string{"-servername", "tv.example", "-verify_hostname", "tv.example", "-CAfile", ca}},
		{"of TLS 1.2", "", []string{"-tls1_2", "-servername", "tv.example", "-CAfile", ca}},
		{"that knows no authority", "the client refused our certificate, or something", []string{"-servername", "tv.example", "-no-CAfile", "-no-CApath"}},
		{"of TLS 1.2 that knows no authority", "the client refused our certificate (unknown certificate authority): its chain is incomplete", []string{"-tls1_2", "-servername", "tv.example", "-no-CAfile", "-no-CApath"}},
		{"without SNI", "names no server, and it is for tv.example", []string{"-noservername", "-verify_ip", "127.0.0.1", "-CAfile", ca}},
		{"of TLS 1.1", "the client offers at most TLS 1.1", []string{"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"s_client", "-connect", addr, "-verify_return_error", "-brief"}, c.args...)
			out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
			if (err == nil) != (c.want == "") {
				t.Fatalf("%v: %s", err, out)
			}
			if c.want == "" {
				return
			}
			if got := next(t, failed); !contains(got, c.want) {
				t.Errorf("got %q\nwant %q\n%s", got, c.want, out)
			}
		})
	}
}
