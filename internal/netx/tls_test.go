package netx

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// selfSigned is a certificate for this test run.
var selfSigned = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().AddDate(50, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// ours is TLS with that certificate, which agrees on the protocols that are
// offered.
func ours() *TLS {
	return &TLS{
		Config: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			c := &tls.Config{Certificates: []tls.Certificate{selfSigned()}, MinVersion: tls.VersionTLS12}
			c.NextProtos = hello.SupportedProtos
			return c, nil
		},
		Explain: func(err error, hello *tls.ClientHelloInfo) string {
			return fmt.Sprintf("explained: %v; a hello came: %t", err, hello != nil)
		},
	}
}

var anyone = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the tests look at other things

// echo answers what came, and how it arrived.
func echo(a *Arrival) {
	defer a.Conn.Close()
	fmt.Fprintf(a.Conn, "%s %s %s %q %T ", a.Protocol(len(a.Head) > 0 && a.Head[0] != 3), a.Port, TLSVersion(a.TLS), a.Head, a.Conn)
	if a.proxied {
		fmt.Fprint(a.Conn, a.Remote)
	}
}

func TestWhatArrives(t *testing.T) {
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	addr := serve(t, &Detector{RTMP: echo, TLS: ours(), Port: "rtmps", Trusted: Trust{loopback}, Logger: slog.New(slog.DiscardHandler)})
	const proxy = "PROXY TCP4 192.0.2.7 10.0.0.1 5000 1935\r\n"
	ended := v2(0x21, 0x11, four, attr(0x20, "\x01\x00\x00\x00\x00"+attr(0x21, "TLSv1.2")))
	tests := []struct {
		name   string
		before string // in the clear
		secure bool
		sent   string
		want   string
	}{
		{"RTMP", "", false, "\x03", `rtmp rtmps  "\x03" *net.TCPConn `},
		{"RTMPE", "", false, "\x06ab", `rtmpe rtmps  "\x06ab" *net.TCPConn `},
		{"RTMPS", "", true, "\x03ab", `rtmps rtmps 1.3 "\x03ab" *tls.Conn `},
		{"RTMP behind a proxy", proxy, false, "\x03", `rtmp rtmps  "\x03" *net.TCPConn 192.0.2.7:5000`},
		{"RTMP behind another proxy", v2(0x21, 0x21, six), false, "\x08", `rtmpe rtmps  "\b" *net.TCPConn [2001:db8::7]:5000`},
		{"RTMPS behind a proxy", proxy, true, "\x03", `rtmps rtmps 1.3 "\x03" *tls.Conn 192.0.2.7:5000`},
		{"RTMPS that a proxy ended", ended, false, "\x03", `rtmps rtmps 1.2 "\x03" *net.TCPConn 192.0.2.7:5000`},
		{"a long header", v2(0x21, 0x11, four, attr(0x05, strings.Repeat("x", 3000))), false, "\x03", `rtmp rtmps  "\x03" *net.TCPConn 192.0.2.7:5000`},
		{"a proxy's own", "PROXY UNKNOWN\r\n", false, "\x03", `rtmp rtmps  "\x03" *net.TCPConn `},
	}
	for _, tt := range tests {
		for _, drip := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, byte by byte %t", tt.name, drip), func(t *testing.T) {
				c := dial(t, addr)
				for i := range len(tt.before) {
					if !drip {
						io.WriteString(c, tt.before)
						break
					}
					io.WriteString(c, tt.before[i:i+1])
				}
				if tt.secure {
					c = tls.Client(c, anyone)
				}
				io.WriteString(c, tt.sent)
				got, err := io.ReadAll(c)
				if err != nil || string(got) != tt.want {
					t.Errorf("%s, %v; want %s", got, err, tt.want)
				}
			})
		}
	}
}

func TestHTTPInsideTLS(t *testing.T) {
	d := &Detector{TLS: ours(), Trusted: Trust{netip.MustParsePrefix("127.0.0.1/32")}, Logger: slog.New(slog.DiscardHandler)}
	h := NewHandoff(&net.TCPAddr{})
	d.HTTP = h.Door
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && r.URL.Path == "/hijack" {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			body := fmt.Sprintf("%T", Raw(c))
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			return
		}
		fmt.Fprintf(w, "%s %t %s", r.Proto, r.TLS != nil, r.RemoteAddr)
	})}
	go srv.Serve(h)
	defer srv.Close()
	addr := serve(t, d)
	const proxy = "PROXY TCP4 192.0.2.7 10.0.0.1 5000 1935\r\n"
	for _, tt := range []struct {
		name  string
		alpn  []string
		http2 bool
		path  string
		want  string
	}{
		{"HTTP/2", []string{"h2", "http/1.1"}, true, "/", "HTTP/2.0 true 192.0.2.7:5000"},
		{"HTTP/1.1", []string{"http/1.1"}, false, "/", "HTTP/1.1 true 192.0.2.7:5000"},
		{"no ALPN", nil, false, "/", "HTTP/1.1 true 192.0.2.7:5000"},
		{"hijacked", []string{"http/1.1"}, false, "/hijack", "*tls.Conn"},
		{"hijacked without ALPN", nil, false, "/hijack", "*tls.Conn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			protocols := new(http.Protocols)
			protocols.SetHTTP1(!tt.http2)
			protocols.SetHTTP2(tt.http2)
			transport := &http.Transport{Protocols: protocols, DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				c := dial(t, addr)
				io.WriteString(c, proxy)
				config := anyone.Clone()
				config.NextProtos = tt.alpn
				secure := tls.Client(c, config)
				return secure, secure.HandshakeContext(ctx)
			}}
			defer transport.CloseIdleConnections()
			resp, err := (&http.Client{Transport: transport}).Get("https://localhost" + tt.path)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, _ := io.ReadAll(resp.Body); string(body) != tt.want {
				t.Errorf("%s, want %s", body, tt.want)
			}
		})
	}
}

// A client resumes on one port the session that it had on another.
func TestTicketsAreGoodOnEveryPort(t *testing.T) {
	shared := ours()
	config := anyone.Clone()
	config.ServerName, config.ClientSessionCache = "localhost", tls.NewLRUClientSessionCache(1)
	for i := range 2 {
		c := tls.Client(dial(t, serve(t, &Detector{RTMP: echo, TLS: shared, Logger: slog.New(slog.DiscardHandler)})), config)
		io.WriteString(c, "\x03")
		if _, err := io.ReadAll(c); err != nil {
			t.Fatal(err)
		}
		if resumed := c.ConnectionState().DidResume; resumed != (i > 0) {
			t.Errorf("on port %d resumed is %t", i, resumed)
		}
	}
}

// refused serves one connection of a pipe and returns what the server logged.
func refused(t *testing.T, d *Detector, talk func(c net.Conn)) string {
	t.Helper()
	var log bytes.Buffer
	d.Logger = slog.New(slog.NewTextHandler(&log, nil))
	server, client := net.Pipe()
	d.accept(server)
	talk(client)
	client.Close()
	d.serving.Wait()
	return log.String()
}

func TestWhatIsRefused(t *testing.T) {
	say := func(s string) func(net.Conn) {
		return func(c net.Conn) {
			io.WriteString(c, s)
			io.Copy(io.Discard, c)
		}
	}
	within := func(config *tls.Config, s string) func(net.Conn) {
		return func(c net.Conn) {
			secure := tls.Client(c, config)
			if _, err := io.WriteString(secure, s); err == nil {
				io.Copy(io.Discard, secure)
			}
		}
	}
	old := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // on purpose
	tests := []struct {
		name string
		d    *Detector
		talk func(net.Conn)
		want string // "": no line
	}{
		{"a stranger's PROXY", &Detector{RTMP: echo}, say("PROXY TCP4 192.0.2.7 10.0.0.1 5000 1935\r\n"), "start with --trusted-proxy"},
		{"a stranger's PROXY v2", &Detector{RTMP: echo}, say(v2(0x21, 0x11, four)), "start with --trusted-proxy"},
		{"old TLS", &Detector{TLS: ours()}, within(old, ""), "explained: tls: client offered only unsupported versions"},
		{"a wrong record", &Detector{TLS: ours()}, say("\x16\x03\x01\x00\x04\x02hi!"), "explained: "},
		{"half a record", &Detector{TLS: ours()}, func(c net.Conn) { io.WriteString(c, "\x16\x03\x01\x40\x00hi") }, "a hello came: false"},
		{"a client that does not trust us", &Detector{RTMP: echo, TLS: ours()}, within(&tls.Config{ServerName: "localhost"}, "\x03"), "explained: remote error: tls: bad certificate; a hello came: true"},
		{"a client that goes when it has seen the certificate", &Detector{RTMP: echo, TLS: ours()}, func(c net.Conn) {
			if err := tls.Client(c, anyone).Handshake(); err != nil {
				t.Error(err)
			}
		}, "a hello came: true"},
		{"text inside TLS", &Detector{RTMP: echo, TLS: ours()}, within(anyone, "hello"), "begins with the byte 0x68"},
		{"TLS inside TLS", &Detector{RTMP: echo, TLS: ours()}, within(anyone, "\x16\x03\x01"), "TLS inside TLS"},
		{"PROXY inside TLS", &Detector{RTMP: echo, TLS: ours()}, within(anyone, "\r\n\r\n"), "begins with the byte 0x0d"},
		{"HTTP in the tunnel", &Detector{RTMP: echo, Origin: inTunnel}, say("GET / "), "inside the tunnel"},
		{"PROXY in the tunnel", &Detector{RTMP: echo, Origin: inTunnel, Trusted: Trust{netip.MustParsePrefix("0.0.0.0/0")}}, say("PROXY "), "inside the tunnel"},
		{"nothing", &Detector{RTMP: echo}, func(net.Conn) {}, ""},
		{"a proof for ACME", &Detector{TLS: ours()}, within(&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"acme-tls/1"}}, ""), ""}, //nolint:gosec // on purpose
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lines := 1
			if tt.want == "" {
				lines = 0
			}
			if log := refused(t, tt.d, tt.talk); strings.Count(log, "\n") != lines || !strings.Contains(log, tt.want) {
				t.Errorf("logged %q, want %d lines with %q", log, lines, tt.want)
			}
		})
	}
}

func inTunnel(_ net.Conn, a *Arrival) { a.Tunnel, a.Port = true, "http" }

func TestTunnelsKnowWhereTheyCameFrom(t *testing.T) {
	addr := serve(t, &Detector{RTMP: echo, TLS: ours(), Origin: inTunnel, Logger: slog.New(slog.DiscardHandler)})
	for _, secure := range []bool{false, true} {
		c, want := dial(t, addr), `rtmpte http  "\x06" *net.TCPConn `
		if secure {
			c, want = tls.Client(c, anyone), `rtmpts http 1.3 "\x06" *tls.Conn `
		}
		io.WriteString(c, "\x06")
		if got, err := io.ReadAll(c); err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}

// Nobody stays for ever: not who drips, not who stops in the middle of TLS.
func TestDeadlines(t *testing.T) {
	tests := map[string]struct {
		sent string
		want time.Duration
	}{
		"PRO and no more":      {"PRO", 10 * time.Second},
		"half a PROXY header":  {"PROXY TCP4 ", 10 * time.Second},
		"the beginning of TLS": {"\x16\x03\x01\x40\x00", 10 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &Detector{RTMP: echo, TLS: ours(), Logger: slog.New(slog.DiscardHandler), Trusted: Trust{netip.MustParsePrefix("127.0.0.1/32")}}
				d.Origin = func(_ net.Conn, a *Arrival) { a.Remote = netip.MustParseAddrPort("127.0.0.1:1") }
				server, client := net.Pipe()
				d.accept(server)
				began := time.Now()
				go func() {
					for i := range len(tt.sent) {
						if _, err := client.Write([]byte(tt.sent[i : i+1])); err != nil {
							return
						}
						time.Sleep(time.Second / 2)
					}
				}()
				io.Copy(io.Discard, client)
				if took := time.Since(began); took > tt.want {
					t.Errorf("it was held for %v", took)
				}
				client.Close()
				if err := d.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// One who declares a large record and sends nothing of it takes no memory for it.
func TestSilentTLSTakesLittleMemory(t *testing.T) {
	d := &Detector{TLS: ours(), Logger: slog.New(slog.DiscardHandler)}
	addr := serve(t, d)
	const clients = 200
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range clients {
		io.WriteString(dial(t, addr), "\x16\x03\x01\x40\x00\x01")
	}
	for d.count() < clients {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // what they would take, they take at once
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapAlloc + after.StackInuse - before.HeapAlloc - before.StackInuse) / clients
	if each > 12<<10 {
		t.Errorf("a silent client takes %d bytes", each)
	}
}

// A crowd that joins computes no more at once than there are processors.
func TestHandshakesAreLimited(t *testing.T) {
	secure := ours()
	var mu sync.Mutex
	var now, most int
	config := secure.Config
	secure.Config = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		return config(hello)
	}
	addr := serve(t, &Detector{RTMP: echo, TLS: secure, Logger: slog.New(slog.DiscardHandler)})
	var all sync.WaitGroup
	for range 50 {
		c := dial(t, addr)
		all.Go(func() {
			s := tls.Client(c, anyone)
			io.WriteString(s, "\x03")
			if _, err := io.ReadAll(s); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if limit := runtime.GOMAXPROCS(0); most > limit {
		t.Errorf("%d at once, want %d at most", most, limit)
	}
	if n := len(secure.slots); n != 0 {
		t.Errorf("%d slots are still taken", n)
	}
}

func FuzzDetector(f *testing.F) {
	for _, seed := range []string{
		"\x03", "\x06abc", "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "PROXY TCP4 192.0.2.7 10.0.0.1 5000 1935\r\n\x03rest",
		v2(0x21, 0x11, four) + "\x03rest", v2(0x21, 0x11, four) + "PROXY ", "\x16\x03\x01\x00\x05hello", "P", "\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		var got []byte
		door := func(a *Arrival) {
			if len(a.Head) == 0 || tell(a.Head[0]) == dialectUnknown {
				t.Errorf("handed on with % x", a.Head)
			}
			got, _ = io.ReadAll(io.MultiReader(bytes.NewReader(a.Head), a.Conn))
			a.Conn.Close()
		}
		d := &Detector{RTMP: door, HTTP: door, TLS: ours(), Logger: slog.New(slog.DiscardHandler), Trusted: Trust{netip.MustParsePrefix("127.0.0.1/32")}}
		d.Origin = func(_ net.Conn, a *Arrival) { a.Remote = netip.MustParseAddrPort("127.0.0.1:1") }
		server, client := net.Pipe()
		d.accept(server)
		go io.Copy(io.Discard, client)
		for rest := b; len(rest) > 0; {
			n := min(len(rest), int(step)+1)
			if _, err := client.Write(rest[:n]); err != nil {
				break
			}
			rest = rest[n:]
		}
		client.Close()
		d.serving.Wait()
		// What a door gets is what was sent, without a PROXY header at most.
		if !bytes.HasSuffix(b, got) {
			t.Fatalf("of % x came % x", b, got)
		}
	})
}

// Health checks open TLS and close it in order.
func TestClosedAfterTLS(t *testing.T) {
	lines := make(chan string, 10)
	d := &Detector{RTMP: echo, TLS: ours(), Logger: slog.New(slog.NewTextHandler(lineWriter(lines), nil))}
	s := tls.Client(dial(t, serve(t, d)), anyone)
	if err := s.Handshake(); err != nil {
		t.Fatal(err)
	}
	s.Close()
	select {
	case line := <-lines:
		if !strings.Contains(line, "a health check, or") {
			t.Errorf("said %s", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("said nothing")
	}
}

type lineWriter chan string

func (w lineWriter) Write(p []byte) (int, error) {
	w <- string(p)
	return len(p), nil
}
