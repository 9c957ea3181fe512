package access

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/hub"
)

func TestKeysThatMayNotBeUsed(t *testing.T) {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	lan := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tt := range []struct {
		what   string
		key    func(*catalog.Key)
		stream func(*catalog.Stream)
		from   string
		code   hub.Code
		reason string // "": let in
	}{
		{what: "good", key: func(k *catalog.Key) { k.Expires, k.Addresses = future, lan }, from: "private"},
		{
			what: "expired", key: func(k *catalog.Key) { k.Expires = past }, code: hub.BadKey,
			reason: "this stream key expired at " + past.UTC().Format(time.RFC3339) + ": ask for a new one",
		},
		{
			what: "spent", key: func(k *catalog.Key) { k.Once, k.Spent = true, past }, code: hub.BadKey,
			reason: "this stream key was for one broadcast, which is over: ask for a new one",
		},
		{
			what: "other address", key: func(k *catalog.Key) { k.Addresses = lan }, code: hub.Forbidden,
			reason: "this stream key is not for use from 203.0.113.5: publish from an address that it is for, or have this one added",
		},
		{what: "mapped address", key: func(k *catalog.Key) {
			k.Addresses = []netip.Prefix{netip.MustParsePrefix("192.168.1.9/32")}
		}, from: "mapped"},
		{what: "no address", key: func(k *catalog.Key) { k.Addresses = lan }, from: "none", code: hub.Forbidden, reason: "this stream key is not for use from"},
		{
			what: "disabled", stream: func(s *catalog.Stream) { s.Disabled = true }, code: hub.Forbidden,
			reason: "this stream is switched off",
		},
	} {
		t.Run(tt.what, func(t *testing.T) {
			c := control(t, Closed)
			known := c.Catalog.(*shelf)
			known.put("live/main", tt.stream)
			known.key(mainKey, "first", "live/main", tt.key)
			if tt.from == "" {
				tt.from = "public"
			}
			g, err := c.Publish(t.Context(), &hub.PublishRequest{
				App: "live", Name: mainKey, Remote: addresses[tt.from], Software: "obs", Protocol: "rtmp",
			})
			if tt.reason == "" {
				want := []string{"key first " + addresses[tt.from].Addr().Unmap().String() + " obs rtmp"}
				if err != nil || g.Owner != "first" || !slices.Equal(known.used, want) {
					t.Errorf("%+v, %v; used %q", g, err, known.used)
				}
				return
			}
			why, ok := err.(*hub.Refusal)
			if !ok || why.Code != tt.code || why.Stream != "live/main" || !strings.HasPrefix(why.Reason, tt.reason) {
				t.Errorf("%+v, %v", g, err)
			}
			if len(known.used) != 0 {
				t.Errorf("a use was noted: %q", known.used)
			}
		})
	}
}

// What the catalogue says of a stream goes over its app, and makes the app.
func TestRulesOfTheCatalogue(t *testing.T) {
	grace, none := catalog.Duration(time.Minute), catalog.Duration(0)
	c := control(t, Closed)
	known := c.Catalog.(*shelf)
	for _, tt := range []struct {
		path     string
		change   func(*catalog.Stream)
		second   hub.Rule
		grace    time.Duration
		delivery hub.Delivery
	}{
		{"event/a", nil, hub.Refuse, 5e9, hub.DefaultDelivery},
		{"event/a", func(s *catalog.Stream) {
			s.SecondPublisher, s.Grace, s.Delivery = catalog.TakeOver, &grace, catalog.Realtime
		}, hub.TakeOver, time.Minute, hub.Realtime},
		{"live/a", func(s *catalog.Stream) { s.SecondPublisher, s.Grace = catalog.Refuse, &none }, hub.Refuse, -1, hub.Economy},
		{"new/a", func(s *catalog.Stream) { s.Grace = &grace }, hub.TakeOver, time.Minute, hub.Balanced},
	} {
		known.put(tt.path, tt.change)
		known.key("mk_a", "a", tt.path, nil)
		g, err := c.Publish(t.Context(), &hub.PublishRequest{Name: "mk_a"})
		if err != nil || g.Stream != tt.path || g.SecondPublisher != tt.second || g.Grace != tt.grace {
			t.Errorf("%s: %+v, %v", tt.path, g, err)
		}
		req := hub.PlayRequest{Stream: tt.path}
		if err := c.Play(t.Context(), &req); err != nil || req.Delivery != tt.delivery {
			t.Errorf("%s: delivery %v, %v", tt.path, req.Delivery, err)
		}
	}
}

func TestRevokingEndsTheSession(t *testing.T) {
	c := control(t, World)
	known := c.Catalog.(*shelf)
	publish := func(key string) hub.Permit {
		t.Helper()
		g, err := c.Publish(t.Context(), &hub.PublishRequest{App: "live", Name: key, Remote: addresses["private"]})
		if err != nil || g.Permit == nil {
			t.Fatalf("%+v, %v", g, err)
		}
		if err := g.Permit.Check(time.Now()); err != nil {
			t.Fatal(err)
		}
		return g.Permit
	}
	ends := func(p hub.Permit, reason string) {
		t.Helper()
		err := p.Check(time.Now())
		if reason == "" {
			if err != nil {
				t.Errorf("ended: %v", err)
			}
			return
		}
		if why, ok := err.(*hub.Refusal); !ok || why.Code != hub.Withdrawn || !strings.Contains(why.Reason, reason) {
			t.Errorf("%v, want %q", err, reason)
		}
	}
	restore := func(change func(*catalog.Key)) {
		known.put("live/main", nil)
		known.key(mainKey, "first", "live/main", change)
	}

	p := publish(mainKey)
	restore(func(k *catalog.Key) { k.Expires = time.Now().Add(-time.Second) })
	ends(p, "") // who is in may go on
	known.remove(mainKey)
	ends(p, "") // it was cleared away since it had expired
	restore(nil)

	p = publish(mainKey)
	restore(func(k *catalog.Key) { k.Addresses = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	ends(p, "no longer for use from this address")
	known.remove(mainKey)
	ends(p, "the stream key was revoked")
	restore(nil)
	ends(p, "")
	known.put("live/main", func(s *catalog.Stream) { s.Disabled = true })
	ends(p, "switched off")
	known.put("live/main", func(s *catalog.Stream) { s.ID = "st_another" })
	ends(p, "the stream was deleted")
	known.remove("live/main")
	ends(p, "the stream was deleted")

	// Without a key.
	restore(nil)
	p = publish("main")
	known.remove(mainKey)
	ends(p, "")
	known.put("live/main", func(s *catalog.Stream) { s.Disabled = true })
	ends(p, "switched off")
	if _, err := c.Publish(t.Context(), &hub.PublishRequest{App: "live", Name: "main", Remote: addresses["private"]}); err == nil {
		t.Error("a stream that is switched off is published without a key")
	}
}

func TestAKeyForOneBroadcast(t *testing.T) {
	c := control(t, Closed)
	known := c.Catalog.(*shelf)
	known.spent = make(chan string, 1)
	if g, _ := c.Publish(t.Context(), &hub.PublishRequest{Name: mainKey}); g.Over != nil {
		t.Error("a key for ever is spent, too")
	}
	known.key(mainKey, "first", "live/main", func(k *catalog.Key) { k.Once = true })
	registry := hub.New(hub.Options{Access: c, Grace: time.Millisecond})
	defer registry.Shutdown(t.Context())
	p, err := registry.Publish(t.Context(), hub.PublishRequest{Name: mainKey})
	if err != nil {
		t.Fatal(err)
	}
	p.End(nil)
	if id := <-known.spent; id != "first" {
		t.Errorf("spent is %q", id)
	}
}

func TestARehearsalKey(t *testing.T) {
	c := control(t, Closed)
	c.Catalog.(*shelf).key(mainKey, "first", "live/main", func(k *catalog.Key) { k.Rehearsal = true })
	if g, err := c.Publish(t.Context(), &hub.PublishRequest{Name: mainKey}); err != nil || !g.Rehearse || g.Stream != "live/main" {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestUsersThatProvedWhoTheyAre(t *testing.T) {
	c := control(t, Closed)
	known := c.Catalog.(*shelf)
	cred := &catalog.Credential{Meta: catalog.Meta{ID: "cr_a"}, Path: "event/day/one", User: "alice"}
	known.users = map[string]*catalog.Credential{"alice": cred}
	for _, tt := range []struct{ app, name, user, reason string }{
		{"event", "day/one", "alice", ""},
		{"event", "", "alice", ""},
		{"event/day", "two", "alice", "this user publishes event/day/one: set the server to rtmp://HOST/event and the stream key to day/one"},
		{"event", "day/one", "bob", "this user is no longer known here"},
		{"live", mainKey, "alice", ""}, // the key says more
	} {
		g, err := c.Publish(t.Context(), &hub.PublishRequest{App: tt.app, Name: tt.name, User: tt.user, Protocol: "rtmp"})
		if tt.reason == "" {
			if err != nil || g.Stream == "event/day/one" != (g.Owner == "cr_a") || g.Permit.Check(time.Now()) != nil {
				t.Errorf("%+v: %+v, %v", tt, g, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	if want := "credential cr_a   rtmp"; len(known.used) != 3 || known.used[0] != want {
		t.Errorf("the uses are %q, want %q", known.used, want)
	}
	req := &hub.PublishRequest{App: "event", Name: "day/one", User: "alice"}
	g, _ := c.Publish(t.Context(), req)
	cred.Expires = time.Now().Add(-time.Second)
	if _, err := c.Publish(t.Context(), req); err == nil || !strings.Contains(err.Error(), "this user expired at") {
		t.Error(err)
	}
	delete(known.users, "alice")
	if err := g.Permit.Check(time.Now()); err == nil || !strings.Contains(err.Error(), "the user was revoked") {
		t.Error(err)
	}
}

func TestInsiders(t *testing.T) {
	c := control(t, Closed)
	c.Insiders = []Insider{{Key: config.NewSecret("mk_inside"), ID: "demo", Stream: "live/demo"}}
	g, err := c.Publish(t.Context(), &hub.PublishRequest{App: "live", Name: "demo", Query: query("key=mk_inside")})
	if err != nil || g.Stream != "live/demo" || g.Owner != "demo" || g.Open {
		t.Errorf("%+v, %v", g, err)
	}
	if len(c.Catalog.(*shelf).used) != 0 {
		t.Error("a use was noted")
	}
}

func TestSomebodyElseVouches(t *testing.T) {
	c := control(t, Closed)
	known := c.Catalog.(*shelf)
	req := &hub.PublishRequest{Remote: addresses["public"]}
	g, err := c.Admit(t.Context(), req, "event/x", "callback")
	if err != nil || g.Stream != "event/x" || g.Owner != "callback" || g.SecondPublisher != hub.Refuse || g.Open {
		t.Errorf("%+v, %v", g, err)
	}
	known.put("event/x", func(s *catalog.Stream) { s.Disabled = true })
	for _, stream := range []string{"event/x", "nowhere/x", "live/pb_abcdefghijklmnopqrst", "a\x00"} {
		if _, err := c.Admit(t.Context(), req, stream, "callback"); err == nil {
			t.Errorf("%q can be published", stream)
		}
	}
}
