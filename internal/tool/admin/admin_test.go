package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/tool"
)

var update = flag.Bool("update", false, "write the golden files anew")

const onAir = `{"time":"2026-11-21T09:02:03.000Z","ingest":"rtmp://localhost/live","streams":[
{"name":"live/cam1","state":"live","since":"2026-11-21T08:00:00.000Z","video":{"codec":"H.264","width":1920,"height":1080,"frame_rate":29.97},
"audio":{"codec":"AAC","sample_rate":44100,"channels":2},"bitrate":4628000,"viewers_total":4,"waiting_total":1,
"publisher":{"protocol":"rtmp","encoder":"obs-output 29.0\u001b[2J","address":"192.0.2.7:5000"}},
{"name":"live/sound only","state":"reconnecting","since":"2026-11-21T09:02:00.000Z","audio":{"codec":"MP3"},"bitrate":0,"viewers_total":0,"waiting_total":0}]}
`

// fake is a server's admin side.
func fake(t *testing.T, h http.HandlerFunc) (s Server, asked func() []string) {
	t.Helper()
	var requests []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Header.Get("Authorization")+" "+r.URL.RequestURI())
		h(w, r)
	}))
	t.Cleanup(web.Close)
	return Server{API: web.URL}, func() []string { return requests }
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is now\n%s", name, got)
	}
}

func TestListStreams(t *testing.T) {
	s, asked := fake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, onAir) })
	s.Token = "secret"
	var b bytes.Buffer
	if err := ListStreams(t.Context(), s, nil, 0, false, &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "streams.txt", b.Bytes())
	b.Reset()
	if err := ListStreams(t.Context(), s, nil, 0, true, &b); err != nil || b.String() != onAir {
		t.Errorf("%v: %s", err, &b)
	}
	if got := asked(); got[0] != "Bearer secret /api/v1/streams" {
		t.Errorf("asked for %q", got)
	}
}

func TestNothingToList(t *testing.T) {
	s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"streams":[],"sessions":[]}`) })
	var b bytes.Buffer
	if err := ListStreams(t.Context(), s, nil, 0, false, &b); err != nil {
		t.Error(err)
	}
	if err := ListSessions(t.Context(), s, Filter{}, false, &b); err != nil {
		t.Error(err)
	}
	if b.String() != "No stream is on air.\nNobody is connected.\n" {
		t.Error(b.String())
	}
}

// pages is a server with so many sessions that they take several pages.
func pages(w http.ResponseWriter, r *http.Request) {
	var n, from int
	q := r.URL.Query()
	fmt.Sscan(q.Get("limit"), &n)
	fmt.Sscan(q.Get("cursor"), &from)
	answer := sessionPage{Sessions: []json.RawMessage{}}
	_ = answer.Time.UnmarshalText([]byte("2026-11-21T09:02:03.000Z"))
	const all = 2500
	for i := from; i < min(from+n, all); i++ {
		s := fmt.Sprintf(`{"id":"s%d","role":"player","protocol":"rtmp","stream":"live/a","since":"2026-11-21T09:00:00.000Z",`+
			`"bytes_out":1500000,"drops":%d,"lag":0.25,"rtt":0.0123,"software":"VLC","remote":"192.0.2.7:5000"}`, i, i%3)
		if i == 0 {
			s = `{"id":"p","role":"publisher","protocol":"http-flv","stream":"live/a","since":"2026-11-21T08:00:00.000Z","bytes_in":3}`
		}
		answer.Sessions = append(answer.Sessions, json.RawMessage(s))
	}
	if from+n < all {
		answer.Next = fmt.Sprint(from + n)
	}
	json.NewEncoder(w).Encode(answer)
}

func TestListSessions(t *testing.T) {
	s, asked := fake(t, pages)
	var b bytes.Buffer
	if err := ListSessions(t.Context(), s, Filter{Limit: 3}, false, &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "sessions.txt", b.Bytes())

	b.Reset()
	if err := ListSessions(t.Context(), s, Filter{Stream: "live/a b", Role: "player", Protocol: "rtmp"}, true, &b); err != nil {
		t.Fatal(err)
	}
	var all struct{ Sessions []struct{ ID string } }
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	if n := len(all.Sessions); n != 2500 || all.Sessions[2499].ID != "s2499" {
		t.Errorf("%d sessions", n)
	}
	want := []string{
		" /api/v1/sessions?limit=3",
		" /api/v1/sessions?limit=1000&protocol=rtmp&role=player&stream=live%2Fa+b",
		" /api/v1/sessions?cursor=1000&limit=1000&protocol=rtmp&role=player&stream=live%2Fa+b",
		" /api/v1/sessions?cursor=2000&limit=1000&protocol=rtmp&role=player&stream=live%2Fa+b",
	}
	if got := strings.Join(asked(), "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked for\n%s", got)
	}
	b.Reset()
	if err := ListSessions(t.Context(), s, Filter{Limit: 1200}, true, &b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `"id"`); n != 1200 {
		t.Errorf("%d sessions of 1200", n)
	}
}

func TestServerOfTheDataFolder(t *testing.T) {
	s, asked := fake(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"streams":[]}`) })
	dir := t.TempDir()
	host := strings.TrimSuffix(strings.TrimPrefix(s.API, "http://"), "/")
	for name, text := range map[string]string{"addresses.json": `{"http":"127.0.0.1:1","admin":"` + host + `"}`, "admin.token": "ma_x\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := ListStreams(t.Context(), Server{Data: dir}, nil, 0, false, &b); err != nil {
		t.Fatal(err)
	}
	if err := ListStreams(t.Context(), Server{Data: dir, Token: "given"}, nil, 0, false, &b); err != nil {
		t.Fatal(err)
	}
	// The folder's token is not for other servers.
	if err := ListStreams(t.Context(), Server{Data: dir, API: host + "/api/v1/"}, nil, 0, false, &b); err != nil {
		t.Fatal(err)
	}
	want := "Bearer ma_x /api/v1/streams\nBearer given /api/v1/streams\n /api/v1/streams"
	if got := strings.Join(asked(), "\n"); got != want {
		t.Errorf("asked\n%s", got)
	}
}

func TestFaults(t *testing.T) {
	folder := func(addresses string) Server {
		dir := t.TempDir()
		if addresses != "" {
			if err := os.WriteFile(filepath.Join(dir, "addresses.json"), []byte(addresses), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return Server{Data: dir}
	}
	says := func(status int, body string) Server {
		s, _ := fake(t, func(w http.ResponseWriter, _ *http.Request) {
			if status == http.StatusFound {
				w.Header().Set("Location", "http://192.0.2.1/")
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
		return s
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	tests := []struct {
		name   string
		s      Server
		status tool.Status
		want   string
	}{
		{"no server", folder(""), tool.Unreachable, "no server runs with the data folder DIR: start one, or name another one by --data or --api"},
		{"half a file", folder(`{"ad`), tool.Failed, "cannot learn the server's address from DIR/addresses.json: unexpected end of JSON input"},
		{"no admin side", folder(`{"rtmp":"127.0.0.1:1935"}`), tool.Failed, "that server has no admin side, as its --http and --admin are off"},
		{
			"it is gone",
			Server{API: gone.URL},
			tool.Unreachable,
			"no server answers at API (dial tcp HOST: connect: connection refused): start it, or correct the address, which is from --api or MILLRACE_API",
		},
		{"no address", Server{API: "ftp://x"}, tool.Usage, `"ftp://x" is not the address of a server; give for instance http://localhost:8080`},
		{"a password", Server{API: "http://a:b@x"}, tool.Usage, `"http://a:b@x" is not the address of a server; give for instance http://localhost:8080`},
		{
			"viewers' side", says(404, `{"title":"Not Found","detail":"the API is not served at this address"}`), tool.Refused,
			"there is no API of Millrace at API: give the address of the server's admin side",
		},
		{"another site", says(200, "<!doctype html>"), tool.Refused, "there is no API of Millrace at API: give the address of the server's admin side"},
		{"elsewhere", says(302, ""), tool.Refused, "there is no API of Millrace at API: give the address of the server's admin side"},
		{"bad query", says(400, `{"detail":"role=\"x\": give publisher or player"}`), tool.Refused, `the server says: role="x": give publisher or player`},
		{"broken", says(502, "oops"), tool.Refused, "the server at API answers 502 Bad Gateway"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, list := range []func() error{
				func() error { return ListStreams(t.Context(), tt.s, nil, 0, false, &bytes.Buffer{}) },
				func() error { return ListSessions(t.Context(), tt.s, Filter{}, true, &bytes.Buffer{}) },
			} {
				err := list()
				if err == nil {
					t.Fatal("no error")
				}
				text := err.Error()
				if tt.s.Data != "" {
					text = strings.ReplaceAll(text, tt.s.Data, "DIR")
				}
				if base := strings.TrimSuffix(tt.s.API, "/"); base != "" && !strings.Contains(text, "is not the address") {
					text = strings.ReplaceAll(text, base, "API")
					text = strings.ReplaceAll(text, strings.TrimPrefix(base, "http://"), "HOST")
				}
				if text != tt.want || tool.StatusOf(err) != tt.status {
					t.Errorf("status %d, %s\nwant   %d, %s", tool.StatusOf(err), text, tt.status, tt.want)
				}
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	s, _ := fake(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ListStreams(ctx, s, nil, 0, false, &bytes.Buffer{}); err == nil {
		t.Error("an answer to nobody")
	}
}
