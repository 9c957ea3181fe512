package access

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/ticket"
)

const (
	hiddenID  = "pb_abcdefghijklmnopqrst"
	privateID = "pb_22334455667722334455"
)

// cinema is a control with a stream of each visibility.
type cinema struct {
	*Control
	known   *shelf
	tickets *ticket.Verifier
	key     ticket.Key
}

func newCinema(t testing.TB) *cinema {
	key := ticket.NewKey()
	v, err := ticket.New(ticket.Options{Keys: []ticket.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	known := &shelf{}
	known.put("live/open", nil)
	known.put("live/hidden", func(s *catalog.Stream) { s.Visibility, s.PlaybackIDs = catalog.Unlisted, []string{hiddenID} })
	known.put("live/closed", func(s *catalog.Stream) { s.Visibility, s.PlaybackIDs = catalog.Private, []string{privateID} })
	known.key(mainKey, "first", "live/open", nil)
	return &cinema{
		&Control{Catalog: known, Tickets: v, PlayWait: 7e9, Apps: map[string]Rules{"live": {Delivery: hub.Economy}}},
		known, v, key,
	}
}

func (c *cinema) token(t testing.TB, claims ticket.Claims) string {
	if claims.Expires.IsZero() {
		claims.Expires = time.Now().Add(time.Hour)
	}
	signer, err := ticket.NewSigner([]ticket.Key{c.key})
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Issue(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (c *cinema) link(t testing.TB, claims ticket.Claims) string {
	if claims.Expires.IsZero() {
		claims.Expires = time.Now().Add(time.Hour)
	}
	signer, err := ticket.NewSigner([]ticket.Key{c.key})
	if err != nil {
		t.Fatal(err)
	}
	q, err := signer.Link(claims)
	if err != nil {
		t.Fatal(err)
	}
	return q.Encode()
}

func TestWhoWatches(t *testing.T) {
	c := newCinema(t)
	good := ticket.Claims{Subject: "live/closed"}
	token := c.token(t, good)
	const private = "this stream is private: open it with the link that its owner gave you"
	for _, tt := range []struct {
		what, path, query, bearer string
		stream                    string
		permit                    bool // of Viewer
		code                      hub.Code
		reason                    string
	}{
		{what: "public by its name", path: "live/open", stream: "live/open"},
		{what: "public by its name alone", path: "open", stream: "live/open"},
		{what: "not in the catalogue", path: "live/x", stream: "live/x"},
		{what: "unlisted by its name", path: "live/hidden", stream: hub.Nowhere("live/hidden")},
		{what: "unlisted by its playback id", path: hiddenID, stream: "live/hidden", permit: true},
		{what: "the same below an app", path: "live/" + hiddenID, stream: "live/hidden", permit: true},
		{what: "a playback id that is none", path: "pb_tttttttttttttttttttt", stream: hub.Nowhere("pb_tttttttttttttttttttt")},
		{what: "private", path: "live/closed", code: hub.Unauthorized, reason: private},
		{what: "private by its playback id", path: privateID, code: hub.Unauthorized, reason: private},
		{what: "with a token", path: "live/closed", query: "token=" + token, stream: "live/closed", permit: true},
		{what: "with a token, by playback id", path: privateID, query: "token=" + token, stream: "live/closed", permit: true},
		{what: "with a bearer", path: "live/closed", bearer: token, stream: "live/closed", permit: true},
		{what: "with a link", path: "live/closed", query: c.link(t, good), stream: "live/closed", permit: true},
		{what: "with a link and a bearer of something else", path: "live/closed", query: c.link(t, good), bearer: "mt_x", stream: "live/closed", permit: true},
		{
			what: "with another stream's token", path: "live/closed", query: "token=" + c.token(t, ticket.Claims{Subject: "live/x"}),
			code: hub.Forbidden, reason: "the token is for another stream, not for live/closed",
		},
		{
			what: "with another stream's link", path: "live/closed", query: c.link(t, ticket.Claims{Subject: "live/x"}),
			code: hub.Forbidden, reason: "the link cannot be used",
		},
		{
			what: "with an old token", path: "live/closed", query: "token=" + c.token(t, ticket.Claims{Subject: "live/closed", Expires: time.Now().Add(-time.Hour)}),
			code: hub.Forbidden, reason: "the token expired at",
		},
		{
			what: "from another address", path: "live/closed", query: "token=" + c.token(t, ticket.Claims{
				Subject: "live/closed", IP: netip.MustParsePrefix("198.51.100.7/32"),
			}), code: hub.Forbidden, reason: "the token is for another address, not for 203.0.113.5",
		},
		{
			what: "from the right address", path: "live/closed", query: "token=" + c.token(t, ticket.Claims{
				Subject: "live/closed", IP: netip.MustParsePrefix("203.0.113.0/24"),
			}), stream: "live/closed", permit: true,
		},
		{what: "nonsense", path: "live/closed", query: "token=x.y.z", code: hub.Forbidden, reason: "the token cannot be used"},
		{what: "a key as name", path: "live/" + mainKey, code: hub.Forbidden, reason: "a stream key is for publishing only"},
		{what: "a key in the query", path: "live/open", query: "x=1&key=" + mainKey, code: hub.Forbidden, reason: "a stream key is for publishing only"},
		{what: "some other key", path: "live/open", query: "x=1&monkey=1&key=2", stream: "live/open"},
		{what: "no name", path: "live/a\x01b", code: hub.BadName, reason: "not a stream name"},
		{what: "what hides others", path: hub.Nowhere("live/hidden"), code: hub.BadName, reason: "not a stream name"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			check := func(stream string, err error) {
				t.Helper()
				if tt.reason == "" {
					if err != nil || stream != tt.stream {
						t.Errorf("%q, %v; want %q", stream, err, tt.stream)
					}
					return
				}
				why, ok := errors.AsType[*hub.Refusal](err)
				if !ok || why.Code != tt.code || !strings.HasPrefix(why.Reason, tt.reason) {
					t.Errorf("%+v, want %v %q", err, tt.code, tt.reason)
				}
			}
			q, _ := url.ParseQuery(tt.query)
			req := hub.PlayRequest{Name: tt.path, Query: q, Bearer: tt.bearer, Remote: addresses["public"]}
			err := c.Play(t.Context(), &req)
			check(req.Stream, err)
			if err == nil && (req.Permit == nil || req.Permit.Check(time.Now()) != nil || req.PlayWait != 7*time.Second) {
				t.Errorf("%+v", req)
			}

			r := httptest.NewRequest(http.MethodGet, "/x?"+tt.query, nil)
			r.RemoteAddr = addresses["public"].String()
			if tt.bearer != "" {
				r.Header.Set("Authorization", "Bearer "+tt.bearer)
			}
			stream, permit, err := c.Viewer(r, tt.path)
			check(stream, err)
			if (permit != nil) != tt.permit {
				t.Errorf("the permit is %v", permit)
			}
			if err == nil && hub.IsNowhere(stream) {
				// The door asks the hub for it as for anything.
				req = hub.PlayRequest{Stream: stream, Remote: addresses["public"]}
				if err := c.Play(t.Context(), &req); err != nil || req.Stream != stream {
					t.Errorf("%+v, %v", req, err)
				}
			}
			if permit == nil {
				return
			}

			// With that the door gets in, by whatever it asks.
			req = hub.PlayRequest{Stream: stream, Admitted: true, Permit: permit}
			if err := c.Play(t.Context(), &req); err != nil || req.Stream != stream || req.Permit != permit || req.Delivery != hub.Economy {
				t.Errorf("%+v, %v", req, err)
			}
		})
	}
}

func TestPermitsOfViewersAreTakenBack(t *testing.T) {
	c := newCinema(t)
	watch := func(path, query string) hub.Permit {
		t.Helper()
		q, _ := url.ParseQuery(query)
		req := hub.PlayRequest{Name: path, Query: q}
		if err := c.Play(t.Context(), &req); err != nil {
			t.Fatal(err)
		}
		return req.Permit
	}
	ends := func(p hub.Permit, reason string) {
		t.Helper()
		err := p.Check(time.Now())
		if (err != nil) != (reason != "") || err != nil && !strings.Contains(err.Error(), reason) {
			t.Errorf("%v, want %q", err, reason)
		}
	}
	set := func(path string, v catalog.Visibility, ids ...string) {
		c.known.put(path, func(s *catalog.Stream) { s.Visibility, s.PlaybackIDs = v, ids })
	}

	p := watch("live/open", "")
	set("live/open", catalog.Private)
	ends(p, "the stream is private now")
	set("live/open", catalog.Unlisted, privateID)
	ends(p, "not to be had at this address any more")
	c.known.remove("live/open")
	ends(p, "the stream was deleted")

	p = watch(hiddenID, "")
	ends(p, "")
	set("live/hidden", catalog.Unlisted, privateID)
	ends(p, "not to be had at this address any more")
	set("live/hidden", catalog.Public)
	ends(p, "")

	p = watch("live/closed", "token="+c.token(t, ticket.Claims{Subject: "live/closed", ID: "one"}))
	ends(p, "")
	if err := c.tickets.Revoke(time.Now(), ticket.Revocation{ID: "one"}); err != nil {
		t.Fatal(err)
	}
	ends(p, "the token was revoked")
	set("live/closed", catalog.Public)
	ends(p, "")

	// It came to be known while somebody watched.
	p = watch("live/new", "")
	ends(p, "")
	set("live/new", catalog.Private)
	ends(p, "the stream is private now")
}

func TestWithoutTicketsNobodyWatchesWhatIsPrivate(t *testing.T) {
	c := newCinema(t)
	token := c.token(t, ticket.Claims{Subject: "live/closed"})
	c.Tickets = nil
	err := c.Play(t.Context(), &hub.PlayRequest{Name: "live/closed", Query: url.Values{"token": {token}}})
	if why, ok := errors.AsType[*hub.Refusal](err); !ok || why.Code != hub.Unauthorized {
		t.Error(err)
	}
}

// A packager plays on when the permit of whoever came first ends.
func TestPackagersHaveNoPermit(t *testing.T) {
	c := newCinema(t)
	req := hub.PlayRequest{Name: "live/open", FromOldest: true}
	if err := c.Play(t.Context(), &req); err != nil || req.Permit != nil {
		t.Errorf("%v, %v", req.Permit, err)
	}
}

func TestCostOfViewers(t *testing.T) {
	c := newCinema(t)
	r := httptest.NewRequest(http.MethodGet, "/live/open/index.m3u8?_HLS_msn=17&_HLS_part=3", nil)
	if n := testing.AllocsPerRun(100, func() { c.Viewer(r, "live/open") }); n > 2 {
		t.Errorf("a request for a public stream takes %v allocations", n)
	}
}

func BenchmarkViewer(b *testing.B) {
	c := newCinema(b)
	for _, bb := range []struct{ name, path, query string }{
		{"public", "live/open", "_HLS_msn=17&_HLS_part=3"},
		{"playback", hiddenID, "_HLS_msn=17&_HLS_part=3"},
		{"token", "live/closed", "_HLS_msn=17&token=" + c.token(b, ticket.Claims{Subject: "live/closed"})},
		{"link", "live/closed", "_HLS_msn=17&" + c.link(b, ticket.Claims{Subject: "live/closed"})},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/x?"+bb.query, nil)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.Viewer(r, bb.path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
