package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func serial(c *tls.Conn) string { return c.ConnectionState().PeerCertificates[0].SerialNumber.String() }

func TestReload(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	how := issued{hosts: []string{"tv.example"}}
	p := ca.pair(t, how)
	var log lines
	s := open(t, Options{Pairs: []Pair{p}, Logger: log.logger()})
	addr, _ := listen(t, s)
	client := &tls.Config{ServerName: "tv.example", RootCAs: ca.pool()}
	running := dial(t, addr, client)
	first := serial(running)
	reads := func(want string, err error, line string) {
		t.Helper()
		if (err != nil) != (line != "") {
			t.Errorf("reloading: %v", err)
		}
		if got := serial(dial(t, addr, client)); got != want {
			t.Errorf("new handshakes use the certificate %s, want %s", got, want)
		}
		if strings.Count(log.String(), line) != 1 && line != "" {
			t.Errorf("the log should have %q once, and has\n%s", line, log.String())
		}
		echo(t, running)
	}

	reads(first, s.Reload(), "")
	certs, key := ca.pems(t, how)
	write(t, p.Cert, certs[:100])
	reads(first, s.Reload(), "nothing in PEM form")
	reads(first, s.Reload(), "nothing in PEM form")
	write(t, p.Cert, certs)
	reads(first, s.Reload(), "does not belong to")
	write(t, p.Key, key)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	second := serial(dial(t, addr, client))
	if second == first {
		t.Error("the new certificate is not used")
	}
	echo(t, running)
	late := how
	late.from, late.until = time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)
	ca.put(t, p, late)
	reads(second, s.Reload(), "ran out on")
	if n := strings.Count(log.String(), "certificate reloaded"); n != 1 {
		t.Errorf("%d reloads are in the log:\n%s", n, log.String())
	}
}

// eventually waits until new handshakes get a certificate other than old.
func eventually(t *testing.T, addr string, client *tls.Config, old string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		c, err := tls.Dial("tcp", addr, client)
		if err != nil {
			t.Fatal(err)
		}
		now := serial(c)
		c.Close()
		if now != old {
			return now
		}
	}
	t.Fatal("the change was not noticed")
	return ""
}

func run(t *testing.T, s *Source) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx, 0, 0); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}

func TestChangedFilesArePickedUp(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	how := issued{hosts: []string{"tv.example"}}
	p := ca.pair(t, how)
	s := open(t, Options{Pairs: []Pair{p}})
	addr, _ := listen(t, s)
	client := &tls.Config{ServerName: "tv.example", RootCAs: ca.pool()}
	first := serial(dial(t, addr, client))
	ca.put(t, p, how) // before the watch begins
	run(t, s)
	second := eventually(t, addr, client, first)

	// As programs do that renew certificates: another file takes the place.
	certs, key := ca.pems(t, how)
	write(t, p.Cert+".new", certs)
	write(t, p.Key+".new", key)
	for _, name := range []string{p.Key, p.Cert} {
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, addr, client, second)
}

// Kubernetes turns one symbolic link, which the names of the files lead over.
func TestATurnedLinkIsPickedUp(t *testing.T) {
	ca := newAuthority(t, "Test CA", nil)
	how := issued{hosts: []string{"tv.example"}}
	dir := t.TempDir()
	for _, version := range []string{"1", "2"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		ca.put(t, Pair{filepath.Join(dir, version, "tls.crt"), filepath.Join(dir, version, "tls.key")}, how)
	}
	link := func(from, to string) {
		t.Helper()
		if err := os.Symlink(from, filepath.Join(dir, to)); err != nil {
			t.Skip("this system has no symbolic links: ", err)
		}
	}
	link("1", "data")
	link("data/tls.crt", "tls.crt")
	link("data/tls.key", "tls.key")
	s := open(t, Options{Pairs: []Pair{{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}}})
	addr, _ := listen(t, s)
	client := &tls.Config{ServerName: "tv.example", RootCAs: ca.pool()}
	first := serial(dial(t, addr, client))
	run(t, s)
	link("2", "data.new")
	if err := os.Rename(filepath.Join(dir, "data.new"), filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	eventually(t, addr, client, first)
}

func TestWhatClientsWillDislikeIsSaid(t *testing.T) {
	root := newAuthority(t, "Root CA", nil)
	middle := newAuthority(t, "Middle CA", root)
	host := []string{"tv.example"}
	month := time.Now().Add(30 * 24 * time.Hour)
	for _, c := range []struct {
		name, want string
		how        issued
	}{
		{"nothing", "", issued{hosts: host, until: month}},
		{"run out", "has run out, and clients refuse it", issued{hosts: host, until: time.Now().Add(-time.Minute)}},
		{"soon", "runs out soon", issued{hosts: host, from: time.Now().Add(-60 * 24 * time.Hour)}},
		{"short, and fresh", "", issued{hosts: host, until: time.Now().Add(6 * 24 * time.Hour)}},
		{"no name", "is for no host name", issued{until: month}},
		{"alone", "chain may be incomplete", issued{hosts: host, until: month, alone: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log lines
			open(t, Options{Pairs: []Pair{middle.pair(t, c.how)}, Logger: log.logger()})
			if got := log.String(); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
