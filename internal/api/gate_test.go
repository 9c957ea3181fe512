package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/problem"
)

// Every way to fail ends in a problem document, huma's own errors as well, and none
// repeats what was sent.
func TestProblems(t *testing.T) {
	c := newControl(t)
	c.must(201, "POST", "/streams", `{"name":"live/cam1"}`)
	file := c.Catalog.Declare(catalog.Declared{File: "m.yaml", Streams: []catalog.Stream{{App: "live", Name: "fixed", Visibility: catalog.Public}}})
	if file != nil {
		t.Fatal(file)
	}
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code, detail             string
	}{
		{"no such stream", "PATCH", "/streams/live/none", `{}`, nil, 404, "not-found", "live/none"},
		{"no such key", "GET", "/keys/ky_none", ``, nil, 404, "not-found", "ky_none"},
		{"no such address", "GET", "/nothing", ``, nil, 404, "", "no such address"},
		{"a name that should be an address", "POST", "/streams/live/cam1/kick", ``, nil, 404, "", "write /api/v1/streams/live%2Fcam1/kick"},
		{"a name that should be an address", "GET", "/streams/live/cam1/keys", ``, nil, 404, "not-on-air", "write /api/v1/streams/live%2Fcam1/keys"},
		{"a fault in a set", "PUT", "/apply", `{"streams":[{"name":"live/a"},{"name":"api/x"}]}`, nil, 422, "", "streams[1].name"},
		{"taken", "POST", "/streams", `{"name":"live/cam1"}`, nil, 409, "exists", "live/cam1"},
		{"declared in the file", "PATCH", "/streams/live/fixed", `{"title":"t"}`, nil, 409, "managed", "m.yaml"},
		{"declared in the file", "DELETE", "/streams/live/fixed", ``, nil, 409, "managed", "m.yaml"},
		{"an unknown field", "POST", "/streams", `{"name":"live/x","colour":"s3cret"}`, nil, 422, "", "body.colour"},
		{"an unknown field", "PATCH", "/streams/live/cam1", `{"name":"live/other"}`, nil, 422, "", "body.name"},
		{"an unknown parameter", "GET", "/streams?stat=live", ``, nil, 422, "", "query.stat"},
		{"a value that there is not", "POST", "/streams", `{"name":"live/x","visibility":"s3cret"}`, nil, 422, "", "body.visibility"},
		{"another type", "POST", "/streams", `{"name":7}`, nil, 422, "", "body.name"},
		{"no name", "POST", "/streams", `{}`, nil, 422, "", "name"},
		{"a reserved name", "POST", "/streams", `{"name":"api/x"}`, nil, 422, "", "reserved"},
		{"no duration", "POST", "/streams", `{"name":"live/x","grace":"s3cret"}`, nil, 422, "", "duration"},
		{"no address", "POST", "/streams/live%2Fcam1/keys", `{"addresses":["s3cret"]}`, nil, 422, "", "addresses"},
		{"no type of event", "POST", "/webhooks", `{"url":"https://example.com/","types":["x.y"]}`, nil, 422, "", "types"},
		{"no JSON", "POST", "/streams", `{"name":"s3cret`, nil, 400, "", ""},
		{"a form", "POST", "/streams", `name=live/x`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "", "application/json"},
		{"no type", "POST", "/streams", `{"name":"live/x"}`, []string{"Content-Type", "text/plain"}, 415, "", "application/json"},
		{"too much", "POST", "/streams", `{"name":"live/x","title":"` + strings.Repeat("x", maxBody) + `"}`, nil, 413, "", ""},
		{"too many on a page", "GET", "/streams?limit=1001", ``, nil, 422, "", "query.limit"},
		{"changed meanwhile", "PATCH", "/streams/live/cam1", `{"title":"t"}`, []string{"If-Match", `"7"`}, 412, "changed", `"1"`},
		{"a weak tag", "DELETE", "/streams/live/cam1", ``, []string{"If-Match", `W/"1"`}, 412, "changed", ""},
	}
	for _, tt := range tests {
		got := c.ask(c.admin, tt.method, tt.path, tt.body, tt.headers...)
		var d problem.Details
		if err := json.Unmarshal(got.Body.Bytes(), &d); err != nil || got.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: no problem document: %v %s", tt.name, got.Header(), got.Body)
			continue
		}
		if got.Code != tt.status || d.Status != tt.status || d.Title != http.StatusText(tt.status) || d.Code != tt.code || !strings.Contains(d.Detail, tt.detail) {
			t.Errorf("%s: %d %s, want %d %s %q", tt.name, got.Code, got.Body, tt.status, tt.code, tt.detail)
		}
		if strings.Contains(got.Body.String(), "s3cret") && tt.name != "no duration" && tt.name != "no address" {
			t.Errorf("%s: the answer repeats what was sent: %s", tt.name, got.Body)
		}
	}
}

func TestIfMatch(t *testing.T) {
	c := newControl(t)
	c.must(201, "POST", "/streams", `{"name":"live/cam1"}`)
	c.must(200, "PATCH", "/streams/live/cam1", `{"title":"a"}`, "If-Match", `"1"`)
	c.must(200, "PATCH", "/streams/live/cam1", `{"title":"b"}`, "If-Match", `"1", "2"`)
	c.must(200, "PATCH", "/streams/live/cam1", `{"title":"c"}`, "If-Match", `*`)
	if got := c.must(412, "PATCH", "/streams/live/cam1", `{"title":"d"}`, "If-Match", `"3"`); got.Header().Get("ETag") != `"4"` {
		t.Errorf("it does not tell the tag of what there is: %v", got.Header())
	}
	if got := c.must(200, "GET", "/streams/live/cam1", ""); got.text("title") != "c" {
		t.Errorf("%s", got.Body)
	}
	c.must(204, "DELETE", "/streams/live/cam1", "", "If-Match", `"4"`)
}

// A request that is repeated is carried out once, and answered alike, with the key.
func TestIdempotencyKey(t *testing.T) {
	c := newControl(t)
	first := c.must(201, "POST", "/streams", `{"name":"live/cam1"}`, "Idempotency-Key", "k1")
	again := c.must(201, "POST", "/streams", `{"name":"live/cam1"}`, "Idempotency-Key", "k1")
	if first.text("id") != again.text("id") || first.text("key") != again.text("key") {
		t.Errorf("%s\n%s", first.Body, again.Body)
	}
	c.must(409, "POST", "/streams", `{"name":"live/cam1"}`, "Idempotency-Key", "k2")
	key := c.must(201, "POST", "/streams/live%2Fcam1/keys", `{}`, "Idempotency-Key", "k3")
	if again := c.must(201, "POST", "/streams/live%2Fcam1/keys", `{}`, "Idempotency-Key", "k3"); key.text("key") != again.text("key") {
		t.Errorf("%s\n%s", key.Body, again.Body)
	}
	s, _ := c.Catalog.StreamByPath("live/cam1")
	if n := len(c.Catalog.Keys(s.ID)); n != 2 {
		t.Errorf("the stream has %d keys", n)
	}
}

// While the database is away, changes are put off and everything is read.
func TestDatabaseAway(t *testing.T) {
	c := newControl(t)
	c.must(201, "POST", "/streams", `{"name":"live/cam1"}`)
	for _, err := range []error{database.ErrAway, database.ErrUnsure} {
		c.db.err = fmt.Errorf("write: %w", err)
		for _, r := range []struct{ method, path, body string }{
			{"POST", "/streams", `{"name":"live/x"}`},
			{"PATCH", "/streams/live/cam1", `{"title":"t"}`},
			{"DELETE", "/streams/live/cam1", ``},
			{"POST", "/tokens", `{"role":"viewer"}`},
		} {
			got := c.must(503, r.method, r.path, r.body)
			if got.Header().Get("Retry-After") == "" || !strings.Contains(got.text("detail"), "the database") {
				t.Errorf("%s %s: %v %s", r.method, r.path, got.Header(), got.Body)
			}
		}
		c.must(200, "GET", "/streams/live/cam1", "")
		c.must(200, "GET", "/streams?limit=10", "")
	}
	c.db.err = errors.New("inner workings")
	if got := c.must(500, "PATCH", "/streams/live/cam1", `{"title":"t"}`); strings.Contains(got.Body.String(), "inner") {
		t.Errorf("%s", got.Body)
	}
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l rates
		ask := func(who string, n int) (passed int) {
			for range n {
				if l.take(who, strangerRate, time.Now()) == 0 {
					passed++
				}
			}
			return passed
		}
		if n := ask("a", burst+20); n != burst {
			t.Errorf("%d at once", n)
		}
		if wait := l.take("a", strangerRate, time.Now()); wait != time.Second/strangerRate {
			t.Errorf("wait %v", wait)
		}
		if n := ask("b", 1); n != 1 {
			t.Error("one bucket is another's")
		}
		time.Sleep(time.Second)
		if n := ask("a", strangerRate+10); n != strangerRate {
			t.Errorf("%d after a second", n)
		}
		for i := range 3 * maxBuckets {
			l.take(fmt.Sprint(i), strangerRate, time.Now())
		}
		if len(l.buckets) > maxBuckets {
			t.Errorf("%d buckets", len(l.buckets))
		}
	})
	for addr, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := household(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
}

func TestTooManyRequests(t *testing.T) {
	a := New(onAir{}, Site{}, access.Token{})
	var w *httptest.ResponseRecorder
	asked := 0
	// While it is asked, there is room for more.
	for ; w == nil || w.Code == http.StatusOK && asked < 100*burst; asked++ {
		w = get(t, a, "/api/v1/streams", "")
	}
	if asked <= burst {
		t.Errorf("%d requests are too many", asked)
	}
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"status":429`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	r := httptest.NewRequest(http.MethodGet, "/api/v1/streams", nil)
	r.RemoteAddr = "127.0.0.1:5000"
	here := httptest.NewRecorder()
	if a.ServeHTTP(here, r); here.Code != http.StatusOK {
		t.Errorf("who asks from this machine: %d", here.Code)
	}
}

// A token is good until it expires or is revoked, for those who follow events as well.
func TestEndOfAToken(t *testing.T) {
	c := newControl(t)
	for _, end := range []func(id string){
		func(id string) { c.must(204, "DELETE", "/tokens/"+id, "") },
		func(id string) {
			// Nobody can make one that has expired.
			c.must(200, "PATCH", "/tokens/"+id, fmt.Sprintf(`{"expires":%q}`, time.Now().Add(300*time.Millisecond).Format(time.RFC3339Nano)))
			time.Sleep(400 * time.Millisecond)
		},
	} {
		made := c.must(201, "POST", "/tokens", `{"role":"viewer","apps":["live"]}`)
		token := made.text("token")
		if got := c.ask(token, "GET", "/events", ""); got.Code != 200 || !strings.Contains(got.Body.String(), `"apps":["live"],"ok":true`) {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		who := &identity{role: catalog.Viewer, bearer: token}
		end(made.text("id"))
		if got := c.ask(token, "GET", "/events", ""); got.Code != 401 || got.Header().Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
			t.Errorf("after its end: %d %v", got.Code, got.Header())
		}
		if _, ok := c.follows(who); ok {
			t.Error("who follows events goes on after the token's end")
		}
	}
}

// guesses is a guard that refuses after three.
type guesses struct{ failed []string }

func (g *guesses) Failed(_ netip.Addr, what, secret string) {
	g.failed = append(g.failed, what+" "+secret)
}
func (g *guesses) Passed(netip.Addr) {}
func (g *guesses) Allowed(netip.Addr) error {
	if len(g.failed) >= 3 {
		return errors.New("too many wrong tokens")
	}
	return nil
}

func TestGuessingTokens(t *testing.T) {
	c := newControl(t)
	g := &guesses{}
	c.Guard = g
	for i, want := range []int{401, 401, 401, 429} {
		if got := c.ask(fmt.Sprint("mt_", i), "GET", "/tokens", ""); got.Code != want {
			t.Errorf("try %d: %d", i, got.Code)
		}
	}
	c.must(429, "GET", "/tokens", "") // or it would tell that this one is right
	if got := c.ask("", "GET", "/streams", ""); got.Code != 200 {
		t.Errorf("who shows no token: %d", got.Code)
	}
	if len(g.failed) != 3 || g.failed[0] != "token mt_0" {
		t.Errorf("%q", g.failed)
	}
	g.failed = nil
	c.must(200, "GET", "/tokens", "")
	if c.ask("a.b.c", "GET", "/streams", ""); len(g.failed) != 0 {
		t.Error("a permission to watch is taken for a token")
	}
}

func TestCrossOrigin(t *testing.T) {
	c := newControl(t)
	c.Set(Settings{Origins: []string{"https://ops.example.com"}})
	for origin, want := range map[string]string{"https://ops.example.com": "https://ops.example.com", "https://evil.example": "", "": ""} {
		r := httptest.NewRequest(http.MethodOptions, "/api/v1/streams", nil)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		h := w.Header()
		if w.Code != 204 || h.Get("Access-Control-Allow-Origin") != want || h.Get("Vary") != "Origin" ||
			(h.Get("Access-Control-Allow-Headers") != "") != (want != "") || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q: %d %v", origin, w.Code, h)
		}
		if got := c.must(200, "GET", "/streams", "", "Origin", origin); got.Header().Get("Access-Control-Allow-Origin") != want {
			t.Errorf("%q: %v", origin, got.Header())
		}
	}
}

// Who asks from this machine is trusted where that is set, but no page from
// elsewhere and no proxy that asks for others.
func TestLoopback(t *testing.T) {
	c := newControl(t)
	tests := []struct {
		remote, host string
		headers      []string
		trusted      bool
	}{
		{"127.0.0.1:5000", "localhost:8080", nil, true},
		{"[::1]:5000", "[::1]:8080", nil, true},
		{"127.0.0.1:5000", "127.0.0.1:8080", []string{"Origin", "http://127.0.0.1:8080"}, true},
		{"192.0.2.7:5000", "localhost:8080", nil, false},
		{"127.0.0.1:5000", "evil.example:8080", nil, false},
		{"127.0.0.1:5000", "localhost:8080", []string{"Origin", "https://evil.example"}, false},
		{"127.0.0.1:5000", "localhost:8080", []string{"Origin", "null"}, false},
		{"127.0.0.1:5000", "localhost:8080", []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"127.0.0.1:5000", "localhost:8080", []string{"X-Forwarded-For", "192.0.2.7"}, false},
		{"127.0.0.1:5000", "localhost:8080", []string{"Authorization", "Bearer mt_wrong"}, false},
	}
	for _, set := range []bool{true, false} {
		c.Set(Settings{TrustLoopback: set})
		for _, tt := range tests {
			r := httptest.NewRequest(http.MethodGet, "http://"+tt.host+"/api/v1/tokens", nil)
			r.RemoteAddr = tt.remote
			for i := 0; i < len(tt.headers); i += 2 {
				r.Header.Set(tt.headers[i], tt.headers[i+1])
			}
			w := httptest.NewRecorder()
			c.ServeHTTP(w, r)
			if got := w.Code == 200; got != (tt.trusted && set) {
				t.Errorf("%+v, set %v: %d", tt, set, w.Code)
			}
		}
	}
}

func TestAddressed(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/streams":                               "/api/v1/streams",
		"/api/v1/streams/live/cam1":                     "/api/v1/streams/live%2Fcam1",
		"/api/v1/streams/live/a/b%20c":                  "/api/v1/streams/live%2Fa%2Fb%20c",
		"/api/v1/streams/live/keys":                     "/api/v1/streams/live%2Fkeys",
		"/api/v1/streams/live%2Fcam1/keys":              "/api/v1/streams/live%2Fcam1/keys",
		"/api/v1/streams/st_aaaaaaaaaaaaaaaa/keys":      "/api/v1/streams/st_aaaaaaaaaaaaaaaa/keys",
		"/api/v1/streams/st_short/keys":                 "/api/v1/streams/st_short%2Fkeys",
		"/api/v1/streams/pb_aaaaaaaaaaaaaaaaaaaa":       "/api/v1/streams/pb_aaaaaaaaaaaaaaaaaaaa",
		"/api/v1/streams/live/pb_aaaaaaaaaaaaaaaaaaaa/": "/api/v1/streams/live%2Fpb_aaaaaaaaaaaaaaaaaaaa%2F",
		"/api/v1/keys/a/b":                              "/api/v1/keys/a/b",
	} {
		if got := addressed(httptest.NewRequest(http.MethodGet, path, nil)).URL.EscapedPath(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// However a path is written, it says the same afterwards.
func FuzzAddressed(f *testing.F) {
	for _, path := range []string{"live/cam1", "live%2Fcam1/keys", "st_aaaaaaaaaaaaaaaa/keys", "live//a/%2f", "%zz", "live/%C3%BC", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(streamsPath + path)
		if err != nil {
			return
		}
		r := addressed(&http.Request{Method: http.MethodGet, URL: u})
		if r.URL.Path != u.Path {
			t.Errorf("%q becomes %q", u.Path, r.URL.Path)
		}
		if again := addressed(r).URL; again.EscapedPath() != r.URL.EscapedPath() {
			t.Errorf("%q becomes %q, and then %q", path, r.URL.EscapedPath(), again.EscapedPath())
		}
	})
}
