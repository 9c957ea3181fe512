package access

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/hub"
)

const (
	mainKey  = "mk_0123456789abcdefghjkmnpqrstvwxyz"
	otherKey = "mk_zyxwvtsrqpnmkjhgfedcba9876543210"
	plainKey = "a word from the config file"
)

func control(t *testing.T, open Openness) *Control {
	t.Helper()
	known := &shelf{}
	known.key(mainKey, "first", "live/main", nil)
	known.key(otherKey, "other", "event/day/one", nil)
	known.key(plainKey, "config-1", "live/cam", nil)
	return &Control{Catalog: known, Open: open, PlayWait: 7e9, Apps: map[string]Rules{
		"live":  {Delivery: hub.Economy},
		"event": {SecondPublisher: hub.Refuse, Grace: 5e9, GraceAfterEnd: true},
	}, Streams: map[string]Rules{
		"event/main":  {Grace: 9e9, Delivery: hub.Realtime},
		"nowhere/cam": {Grace: 9e9},
	}, Rules: Rules{Delivery: hub.Balanced}}
}

var addresses = map[string]netip.AddrPort{
	"loopback": netip.MustParseAddrPort("127.0.0.1:5000"),
	"mapped":   netip.MustParseAddrPort("[::ffff:192.168.1.9]:5000"),
	"private":  netip.MustParseAddrPort("10.1.2.3:5000"),
	"ula":      netip.MustParseAddrPort("[fd00::1]:5000"),
	"public":   netip.MustParseAddrPort("203.0.113.5:5000"),
}

func query(s string) url.Values {
	q, _ := url.ParseQuery(s)
	return q
}

func TestPublishWithKey(t *testing.T) {
	tests := []struct {
		what, app, name, query string
		stream, owner          string
	}{
		{"server with app, key", "live", mainKey, "", "live/main", "first"},
		{"trailing slash", "live/", mainKey, "", "live/main", "first"},
		{"blanks", " live", " " + mainKey + " ", "", "live/main", "first"},
		{"no app", "", mainKey, "", "live/main", "first"},
		{"name and key", "live", "main", "key=" + mainKey, "live/main", "first"},
		{"name and key with blanks", "live", "main", "key=+" + mainKey + "+", "live/main", "first"},
		{"name as sent", "live", "main?key=" + mainKey, "key=" + mainKey, "live/main", "first"},
		{"key in the query alone", "live", "", "key=" + mainKey, "live/main", "first"},
		{"key in the server address, empty name", "live/" + mainKey, "", "", "live/main", "first"},
		{"key is the server's whole path", mainKey, "", "", "live/main", "first"},
		{"key in both fields", "live/" + mainKey, mainKey, "", "live/main", "first"},
		{"key after the whole name", "live/main", mainKey, "", "live/main", "first"},
		{"key after the name alone", "main", mainKey, "", "live/main", "first"},
		{"other app", "event", otherKey, "", "event/day/one", "other"},
		{"other app, whole name", "event/day", "one", "key=" + otherKey, "event/day/one", "other"},
		{"key of the config file", "live", plainKey, "", "live/cam", "config-1"},
		{"default instance", "live/_definst_", mainKey, "", "live/main", "first"},
		{"prefix", "live", "flv:" + mainKey, "", "live/main", "first"},
	}
	for _, open := range []Openness{Closed, Private, World} {
		c := control(t, open)
		for _, tt := range tests {
			g, err := c.Publish(t.Context(), &hub.PublishRequest{
				App: tt.app, Name: tt.name, Query: query(tt.query), Remote: addresses["public"],
			})
			if err != nil || g.Stream != tt.stream || g.Owner != tt.owner || g.Open {
				t.Errorf("open %d, %s: %+v, %v", open, tt.what, g, err)
			}
		}
	}
}

func TestPublishRefused(t *testing.T) {
	const (
		unknown = "this stream key is not known here: compare it letter by letter, or ask for a new one"
		needed  = "a stream key is needed: set the server to rtmp://HOST/live and the stream key to your key"
		private = "without a stream key only loopback and private addresses may publish here"
	)
	tests := []struct {
		what             string
		open             Openness
		from             string
		app, name, query string
		code             hub.Code
		reason           string
		stream           string
	}{
		{"no key", Closed, "loopback", "live", "cam1", "", hub.Forbidden, needed, ""},
		{"no key, stream with keys", Closed, "loopback", "live", "main", "", hub.Forbidden, needed, "live/main"},
		{"key with a slip", Closed, "loopback", "live", mainKey[:len(mainKey)-1], "", hub.BadKey, unknown, ""},
		{"key with a slip, open", World, "loopback", "live", strings.ToUpper(mainKey), "", hub.BadKey, unknown, ""},
		{"wrong key in the query", World, "loopback", "live", "main", "key=nonsense", hub.BadKey, unknown, "live/main"},
		{
			"right key, other app", Closed, "loopback", "event", mainKey, "", hub.BadKey,
			"this key publishes live/main: set the server to rtmp://HOST/live and the stream key to the key alone", "live/main",
		},
		{
			"right key, unknown app", Closed, "loopback", "abc", otherKey, "", hub.BadKey,
			"this key publishes event/day/one: set the server to rtmp://HOST/event and the stream key to the key alone", "event/day/one",
		},
		{
			"right key, other name", World, "loopback", "live", "cam1", "key=" + mainKey, hub.BadKey,
			"this key publishes live/main: set the server to rtmp://HOST/live and the stream key to the key alone", "live/main",
		},
		{
			"two keys", Closed, "loopback", "live/" + mainKey, otherKey, "", hub.BadKey,
			"two different stream keys were given: put one into the stream key field, and none into the server address", "",
		},
		{"from outside", Private, "public", "live", "cam1", "", hub.Forbidden, private, ""},
		{"no address", Private, "none", "live", "cam1", "", hub.Forbidden, private, ""},
		{
			"no such app", World, "public", "abc", "cam1", "", hub.BadName,
			`there is no app "abc": publish to live/NAME, or name the app in the config file`, "",
		},
		{"no name at all", World, "public", "", "", "", hub.BadName, "not a stream name: it is empty; write one behind the app, as in live/cam1", ""},
		{"bad name", World, "public", "live", "a\nb", "", hub.BadName, "not a stream name: it holds control characters", ""},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			_, err := control(t, tt.open).Publish(t.Context(), &hub.PublishRequest{
				App: tt.app, Name: tt.name, Query: query(tt.query), Remote: addresses[tt.from],
			})
			var r *hub.Refusal
			if !errors.As(err, &r) {
				t.Fatalf("got %v", err)
			}
			if r.Code != tt.code || r.Reason != tt.reason || r.Stream != tt.stream {
				t.Errorf("got %v %q for %q", r.Code, r.Reason, r.Stream)
			}
			for _, secret := range []string{mainKey, otherKey, mainKey[:len(mainKey)-1]} {
				if strings.Contains(r.Reason, secret) {
					t.Error("the reason holds the key")
				}
			}
		})
	}
}

func TestPublishOpen(t *testing.T) {
	for _, from := range []string{"loopback", "mapped", "private", "ula"} {
		g, err := control(t, Private).Publish(t.Context(), &hub.PublishRequest{App: "live", Name: "any", Remote: addresses[from]})
		want := "open:" + addresses[from].Addr().Unmap().String()
		if err != nil || g.Stream != "live/any" || !g.Open || g.Owner != want {
			t.Errorf("%s: %+v, %v", from, g, err)
		}
	}
	g, err := control(t, World).Publish(t.Context(), &hub.PublishRequest{Name: "any", Remote: addresses["public"]})
	if err != nil || g.Stream != "live/any" {
		t.Errorf("world: %+v, %v", g, err)
	}
}

func TestGrantHasTheRulesOfItsApp(t *testing.T) {
	g, err := control(t, Closed).Publish(t.Context(), &hub.PublishRequest{App: "event", Name: otherKey})
	if err != nil || g.SecondPublisher != hub.Refuse || g.Grace != 5e9 || !g.GraceAfterEnd {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestPlay(t *testing.T) {
	tests := []struct {
		what   string
		req    hub.PlayRequest
		stream string
		code   hub.Code
	}{
		{"app and name", hub.PlayRequest{App: "live/", Name: "cam1?x=1"}, "live/cam1", 0},
		{"name alone", hub.PlayRequest{Name: "cam1"}, "live/cam1", 0},
		{"stream", hub.PlayRequest{Stream: "live/cam1"}, "live/cam1", 0},
		{"key as name", hub.PlayRequest{App: "live", Name: mainKey}, "", hub.Forbidden},
		{"key with a slip", hub.PlayRequest{App: "live", Name: mainKey[:30]}, "", hub.Forbidden},
		{"key in the stream", hub.PlayRequest{Stream: "live/" + plainKey}, "", hub.Forbidden},
		{"key in the query", hub.PlayRequest{Stream: "live/main", Query: query("key=" + mainKey)}, "", hub.Forbidden},
		{"bad name", hub.PlayRequest{App: "live", Name: "../x"}, "", hub.BadName},
	}
	for _, tt := range tests {
		err := control(t, Closed).Play(t.Context(), &tt.req)
		var r *hub.Refusal
		if tt.stream == "" {
			if !errors.As(err, &r) || r.Code != tt.code {
				t.Errorf("%s: %v", tt.what, err)
			}
			continue
		}
		if err != nil || tt.req.Stream != tt.stream || tt.req.Delivery != hub.Economy {
			t.Errorf("%s: %q, delivery %v, %v", tt.what, tt.req.Stream, tt.req.Delivery, err)
		}
	}
}

func TestSecretsDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		s := newSecret(keyPrefix)
		if seen[s] {
			t.Fatal("the same key twice")
		}
		seen[s] = true
	}
}
