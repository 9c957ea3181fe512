package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// anyone takes the self-signed certificate of a test's server.
var anyone = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the tests look at other things

// onAir publishes until the test ends.
func onAir(t *testing.T, d *rtmp.Dialer, address string) *rtmp.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := d.Publish(ctx, address)
	if err != nil {
		t.Fatalf("publish %s: %v", address, err)
	}
	t.Cleanup(func() { s.Session().Close() })
	return s
}

// Each dialect comes in on each port, and is called by its name everywhere.
func TestEveryDialectOnEveryPort(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Open = true })
	tests := []struct{ scheme, tls string }{
		{"rtmp", ""}, {"rtmps", "1.3"}, {"rtmpe", ""}, {"rtmpt", ""}, {"rtmpts", "1.3"}, {"rtmpte", ""},
	}
	for name, addr := range map[string]string{"rtmp": r.rtmp, "rtmps": r.rtmps, "http": r.http} {
		for _, tt := range tests {
			t.Run(tt.scheme+" on "+name, func(t *testing.T) {
				stream := fmt.Sprintf("live/%s-%s", tt.scheme, name)
				d := &rtmp.Dialer{TLSConfig: anyone}
				onAir(t, d, tt.scheme+"://"+addr+"/"+stream)
				version := ""
				if tt.tls != "" {
					version = fmt.Sprintf(`"tls":%q,`, tt.tls)
				}
				want := fmt.Sprintf(`"protocol":%q,%s"stream":%q`, tt.scheme, version, stream)
				if _, body := get(t, "GET", r.http, "/api/v1/sessions?role=publisher&protocol="+tt.scheme); !strings.Contains(body, want) {
					t.Errorf("the API says %s, want %s", body, want)
				}
				if _, body := get(t, "GET", r.http, "/api/v1/sessions?plain=true&stream="+stream); strings.Contains(body, stream) == (tt.tls != "") {
					t.Errorf("in plain: %s", body)
				}
				want = fmt.Sprintf(`millrace_sessions{protocol=%q,role="publisher",tls=%q} 1`, tt.scheme, first([]string{tt.tls, "none"}[btoi(tt.tls == ""):]))
				// The publisher of the test before may be on its way out.
				for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
					if _, body := get(t, "GET", r.http, "/metrics"); strings.Contains(body, want) {
						break
					}
					if time.Now().After(end) {
						t.Errorf("the metrics lack %s", want)
						break
					}
				}
				want = "protocol=" + tt.scheme + " "
				if log := r.log.String(); !strings.Contains(log, want) {
					t.Errorf("the log has no %s:\n%s", want, log)
				}
			})
		}
	}
}

// The end of a tunnel in so many words is the end of the broadcast.
func TestTunnelThatIsClosedEndsItsBroadcast(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Open = true })
	s := onAir(t, &rtmp.Dialer{}, "rtmpt://"+r.http+"/live/cam")
	s.Session().Conn().Close()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(r.log.String(), "stream ended"); {
		if time.Now().After(end) {
			t.Fatal(r.log.String())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestRTMPECanBeRefused(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Open, s.RTMPE = true, "refuse" })
	for _, scheme := range []string{"rtmpe", "rtmpte"} {
		if _, err := (&rtmp.Dialer{}).Dial(t.Context(), scheme+"://"+r.rtmp+"/live"); !errors.Is(err, rtmp.ErrHandshake) {
			t.Errorf("%s: %v", scheme, err)
		}
	}
	onAir(t, &rtmp.Dialer{}, "rtmp://"+r.rtmp+"/live/cam")
}

// What a trusted proxy says is who the client is: to the log, and to --open.
func TestClientsBehindAProxy(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Open, s.TrustedProxy = true, []string{"127.0.0.1"} })
	through := func(client string) *rtmp.Dialer {
		return &rtmp.Dialer{TLSConfig: anyone, NetDial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err == nil {
				_, err = fmt.Fprintf(c, "PROXY TCP4 %s 10.0.0.1 5000 1935\r\n", client)
			}
			return c, err
		}}
	}
	for _, scheme := range []string{"rtmp", "rtmps", "rtmpt"} {
		onAir(t, through("192.168.7.7"), scheme+"://"+r.rtmp+"/live/"+scheme)
		if _, err := through("192.0.2.7").Publish(t.Context(), scheme+"://"+r.rtmp+"/live/other"); err == nil {
			t.Errorf("%s: a stranger published as if it were the proxy", scheme)
		}
	}
	log := r.log.String()
	if n := strings.Count(log, "remote=192.168.7.7:5000"); n != 3 || !strings.Contains(log, "remote=192.0.2.7:5000") {
		t.Errorf("%d lines of 3:\n%s", n, log)
	}
	req, _ := http.NewRequest(http.MethodGet, "http://"+r.http+"/live/none.flv", nil)
	req.Header.Set("X-Forwarded-For", "192.0.2.9")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if !strings.Contains(r.log.String(), "remote=192.0.2.9:0") {
		t.Errorf("X-Forwarded-For does not count:\n%s", r.log.String())
	}
}

// In the clear the port for TLS sends browsers to itself by https, if plain is
// refused. Elsewhere they are served.
func TestPlainHTTPOnTheTLSPort(t *testing.T) {
	for _, mode := range []string{"allow", "refuse"} {
		r := start(t, func(s *Settings, _ *Options) { s.Plain = mode })
		for addr, want := range map[string]int{r.rtmps: 308, r.http: 200} {
			if mode == "allow" {
				want = 200
			}
			resp, _ := get(t, "GET", addr, "/live/cam1?x=1")
			if resp.StatusCode != want {
				t.Errorf("%s: %s, want %d", mode, resp.Status, want)
			}
			if to := resp.Header.Get("Location"); want == 308 && to != "https://"+addr+"/live/cam1?x=1" {
				t.Errorf("it leads to %s", to)
			}
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: anyone.Clone(), ForceAttemptHTTP2: true}}
		resp, err := client.Get("https://" + r.rtmps + "/live/cam1")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		client.CloseIdleConnections()
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Errorf("%s by https: %s %s", mode, resp.Proto, resp.Status)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	}
}
