package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// ask opens a connection and asks for a path on it, which stays open.
func ask(t *testing.T, addr, path string) (net.Conn, *http.Response) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, resp
}

// Connections of RTMP and HTTP count together, each as long as it lasts, and the one
// that is too many is told which limit that is in the words of its protocol.
func TestConnectionsAreCounted(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.MaxConnectionsPerAddress = 2 })
	// start has one of its own, which http.DefaultClient keeps.
	http.DefaultClient.CloseIdleConnections()
	eventually := func(what string, ok func() bool) {
		t.Helper()
		for began := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
			if time.Since(began) > 5*time.Second {
				t.Fatalf("waited in vain for %s", what)
			}
		}
	}
	for _, path := range []string{"/", "/live/none/index.m3u8"} { // the long and the short way
		var open []net.Conn
		eventually("room for two", func() bool {
			c, resp := ask(t, r.http, path)
			if resp.StatusCode == http.StatusServiceUnavailable {
				c.Close()
				return false
			}
			open = append(open, c)
			return len(open) == 2
		})
		_, resp := ask(t, r.http, path)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "max-connections-per-address") ||
			resp.Header.Get("Retry-After") == "" || !resp.Close {
			t.Errorf("%s: the third is answered with %s: %s", path, resp.Status, body)
		}
		if _, resp := ask(t, r.http, "/readyz"); resp.StatusCode != http.StatusOK {
			t.Errorf("who looks after the server is answered with %s", resp.Status)
		}
		_, err := rtmp.Play(t.Context(), "rtmp://"+r.rtmp+"/live/none")
		if err == nil || !strings.Contains(err.Error(), "max-connections-per-address") {
			t.Errorf("RTMP: %v", err)
		}
		for _, c := range open {
			c.Close()
		}
	}
	eventually("room for an encoder", func() bool {
		_, err := rtmp.Play(t.Context(), "rtmp://"+r.rtmp+"/..")
		return err != nil && !strings.Contains(err.Error(), "max-connections")
	})
}

func TestBannedAddress(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) { s.Ban = []string{"127.0.0.0/8"} })
	for _, path := range []string{"/", "/api/v1/streams", "/live/none/index.m3u8", "/live/none"} {
		if _, resp := ask(t, r.http, path); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	if _, err := rtmp.Play(t.Context(), "rtmp://"+r.rtmp+"/live/none"); err == nil || !strings.Contains(err.Error(), "banned") {
		t.Errorf("RTMP: %v", err)
	}
}
