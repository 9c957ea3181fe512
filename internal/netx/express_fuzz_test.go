package netx

import (
	"bufio"
	"bytes"
	"maps"
	"net/http"
	"slices"
	"testing"
)

// What is answered here must be what net/http reads in the same bytes: what one
// takes for a body, or for another host, and the other does not, is how requests
// are smuggled.
func FuzzExpress(f *testing.F) {
	for _, seed := range []string{
		get("/live/a.m4s"), get("/live/a.m4s?x=%41&y=+&z"), get("/live/a.m4s", "User-Agent: me", "x-HERE:  a ", "X-Here: b"),
		get("/live/a.m4s", "Content-Length: 2") + "ab", get("/live/a.m4s", "Host: twice"), get("//a/../b.m4s", "Connection: keep-alive"),
		"HEAD" + get("/a.m4s?")[3:], "OPTIONS" + get("/a.m4s", "Range: bytes=0-")[3:],
		get("/live/a.m4s", "Transfer-Encoding: chunked") + "0\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 || end > expressHead {
			return
		}
		head := b[:end+len("\r\n\r\n")]
		c := &expressConn{
			express: &Express{Takes: func(string) bool { return true }}, template: &http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1},
			fields: make(http.Header),
		}
		got := c.parse(head)
		if got == nil {
			return
		}
		rest := bufio.NewReader(bytes.NewReader(b))
		want, err := http.ReadRequest(rest)
		if err != nil {
			t.Fatalf("%q is none for net/http: %v", head, err)
		}
		if want.ContentLength != 0 || want.Body != http.NoBody || want.Close || len(want.TransferEncoding) > 0 {
			t.Fatalf("%q has a body, or closes: %+v", head, want)
		}
		if got.Method != want.Method || got.Host != want.Host || got.RequestURI != want.RequestURI || *got.URL != *want.URL {
			t.Fatalf("%q: %s %s %s %+v, want %s %s %s %+v", head, got.Method, got.Host, got.RequestURI, got.URL,
				want.Method, want.Host, want.RequestURI, want.URL)
		}
		if !maps.EqualFunc(got.Header, want.Header, slices.Equal[[]string]) {
			t.Fatalf("%q: %v, want %v", head, got.Header, want.Header)
		}
	})
}
