package tool

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/rtmp"
)

func TestTLSConfig(t *testing.T) {
	dir := t.TempDir()
	words := filepath.Join(dir, "words.pem")
	if err := os.WriteFile(words, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ ca, want string }{
		{filepath.Join(dir, "none.pem"), "none.pem cannot be read: no such file"},
		{words, "holds no certificate"},
	} {
		_, err := TLSConfig(test.ca, false)
		if StatusOf(err) != Usage || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: status %d: %v", test.ca, StatusOf(err), err)
		}
	}
	if config, err := TLSConfig("", false); config != nil || err != nil {
		t.Errorf("nothing asked for: %v, %v", config, err)
	}
}

// A server is trusted if its certificate is given, or none is asked for; else
// the error says what to do.
func TestTrust(t *testing.T) {
	web := httptest.NewTLSServer(http.NotFoundHandler())
	defer web.Close()
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	srv := &rtmp.Server{} // refuses all streams
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	defer func() { srv.Close(); <-served }()
	secure := "rtmps://" + l.Addr().String() + "/live/cam"
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	localhost := "rtmps://localhost:" + port + "/live/cam"
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	notTLS := "rtmps" + strings.TrimPrefix(plain.URL, "http") + "/live/cam"

	tests := []struct {
		name, address, ca string
		insecure          bool
		status            Status
		want              string
	}{
		{"rtmps, by nobody", secure, "", false, Failed, "--ca FILE, or do without by --insecure"},
		{"rtmps, by its certificate", secure, ca, false, Refused, "the server says"},
		{"rtmps, by none", secure, "", true, Refused, "the server says"},
		{"rtmps, another name", localhost, ca, false, Failed, "put a name that the certificate has"},
		{"rtmps, no TLS", notTLS, ca, false, Failed, "does not speak TLS"},
		{"https, by nobody", web.URL + "/a.flv", "", false, Failed, "--ca FILE"},
		{"https, by its certificate", web.URL + "/a.flv", ca, false, Refused, "404"},
	}
	for _, test := range tests {
		config, err := TLSConfig(test.ca, test.insecure)
		if err != nil {
			t.Fatal(err)
		}
		a, err := PlayAddress(test.address)
		if err != nil {
			t.Fatal(err)
		}
		clients := NewClients(config)
		_, err = clients.Open(context.Background(), a)
		if StatusOf(err) != test.status || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: status %d: %v", test.name, StatusOf(err), err)
		}
		if clients.HTTP != nil {
			clients.HTTP.CloseIdleConnections()
		}
	}
}
