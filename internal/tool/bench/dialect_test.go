//go:build linux && !portable

package bench

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmpt"
)

// In every dialect all players get the stream, and what cannot be drained is
// read.
func TestDialects(t *testing.T) {
	r := newRelay()
	o := loopback(t, r)
	o.Time, o.Players, o.Observers = time.Second, 8, 2
	tunnel, secureTunnel := rtmpt.NewListener(nil), rtmpt.NewListener(nil)
	web, secureWeb := httptest.NewServer(tunnel), httptest.NewTLSServer(secureTunnel)
	defer web.Close()
	defer secureWeb.Close()
	secure, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: secureWeb.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	r.sessions.Go(func() { _ = r.Serve(secure) })
	r.sessions.Go(func() { _ = r.Serve(tunnel) })
	r.sessions.Go(func() { _ = r.Serve(secureTunnel) })
	o.Dialer.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	o.Dialer.TLSConfig.RootCAs.AddCert(secureWeb.Certificate())
	_, path, _ := strings.Cut(strings.TrimPrefix(o.URL, "rtmp://"), "/")
	host := func(url string) string {
		_, host, _ := strings.Cut(url, "//")
		return "//" + host + "/" + path
	}
	for _, address := range []string{
		strings.Replace(o.URL, "rtmp:", "rtmpe:", 1),
		"rtmps:" + host("//"+secure.Addr().String()),
		"rtmpt:" + host(web.URL),
		"rtmpte:" + host(web.URL),
		"rtmpts:" + host(secureWeb.URL),
	} {
		o.URL = address
		got, _, err := report(t, o)
		if err != nil || got.Players != (Group{8, 8, 8}) || got.NeverJoined != 0 ||
			got.Lost+got.Unknown != 0 {
			t.Errorf("%s: %+v, %v", address, got, err)
		}
		if s := got.Steady; s == nil || s.Bytes < 4*s.BytesSent {
			t.Errorf("%s: steady: %+v", address, s)
		}
		r.mu.Lock()
		r.kept = nil
		r.mu.Unlock()
	}
}
