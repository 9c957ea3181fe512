package rtmpt

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// The identifier in captured sessions.
const capturedID = "AbCdEf0123456789"

func capture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".bin")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What FFmpeg and rtmpdump sent, as they sent it, without waiting for replies.
func TestCapturedClients(t *testing.T) {
	l := new(Listener)
	u, _ := url.Parse(serve(t, l))
	for name, whole := range map[string]bool{
		"ffmpeg-rtmpt-publish.c2s": true,
		"ffmpeg-rtmpt-play.c2s":    false, // cut off
		"rtmpdump-rtmpt-play.c2s":  false,
		"rtmpdump-rtmpte.c2s":      false,
	} {
		sent := capture(t, name)
		var requests int
		var want []byte
		for in := bufio.NewReader(bytes.NewReader(sent)); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				break
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				break
			}
			requests++
			if strings.HasPrefix(r.URL.Path, "/send/") {
				want = append(want, body...)
			}
		}

		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		// The first request opens the session, and tells its identifier.
		at := bytes.Index(sent, []byte("POST /send/"))
		c.Write(sent[:at])
		in := bufio.NewReader(c)
		id := string(reply(t, in))
		if len(id) < 2 || !strings.HasSuffix(id, "\n") {
			t.Fatalf("%s: the identifier is %q", name, id)
		}
		server := accept(t, l)
		read := make(chan []byte)
		go func() {
			var got []byte
			if whole {
				got, _ = io.ReadAll(server)
			} else {
				got = make([]byte, len(want))
				n, _ := io.ReadFull(server, got)
				got = got[:n]
			}
			read <- got
		}()
		go func() { // so that no reply is held back
			for {
				if _, err := server.Write([]byte("something to say")); err != nil {
					return
				}
			}
		}()
		rest := bytes.ReplaceAll(sent[at:], []byte(capturedID), []byte(strings.TrimSpace(id)))
		go func() {
			c.Write(rest)
			c.(*net.TCPConn).CloseWrite()
		}()
		for n := 1; n < requests; n++ {
			if b := reply(t, in); len(b) == 0 {
				t.Errorf("%s: reply %d has no polling byte", name, n)
			}
		}
		same(t, name, <-read, want)
		t.Logf("%s: %d requests, %d bytes", name, requests, len(want))
		c.Close()
		server.Close()
	}
}

// reply reads one the way that librtmp does: it knows no other words.
func reply(t testing.TB, in *bufio.Reader) []byte {
	t.Helper()
	line, err := in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 200 ") {
		t.Fatalf("reply begins with %q: %v", line, err)
	}
	length := -1
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\r\n" {
			break
		}
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length = 0
			for _, d := range strings.TrimSpace(v) {
				length = 10*length + int(d-'0')
			}
		}
	}
	if length < 1 {
		t.Fatalf("length of the reply: %d", length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		t.Fatal(err)
	}
	return body
}

// Replies of another server to our client.
func TestCapturedServers(t *testing.T) {
	for _, name := range []string{"ffmpeg-rtmpt-publish.s2c", "rtmpdump-rtmpt-play.s2c"} {
		var replies [][]byte
		var want []byte
		for in := bufio.NewReader(bytes.NewReader(capture(t, name))); ; {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				break
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				break
			}
			if replies = append(replies, body); len(replies) > 1 {
				want = append(want, body[1:]...)
			}
		}
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if len(replies) == 0 {
				http.NotFound(w, r)
				return
			}
			if r.URL.Path != "/open/1" && !strings.Contains(r.URL.Path, "/"+capturedID+"/") {
				t.Errorf("%s: request for %s", name, r.URL.Path)
			}
			w.Write(replies[0])
			replies = replies[1:]
		}))
		c := dial(t, &Dialer{PollInterval: time.Millisecond}, s.URL)
		got, err := io.ReadAll(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		same(t, name, got, want)
		c.Close()
		s.Close()
	}
}
