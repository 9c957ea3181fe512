package access

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
)

func TestWhoComesInPlain(t *testing.T) {
	const warned = "rtmp is not protected, so that anyone on the way can read key and pictures: set the encoder's server to rtmps://tv.example:1936/live"
	for _, c := range []struct {
		name                     string
		server, app, stream, key Plain
		protocol, tls            string
		refused                  bool
		warning                  string
	}{
		{"by default", 0, 0, 0, 0, "rtmp", "", false, ""},
		{"allowed", AllowPlain, 0, 0, 0, "rtmp", "", false, ""},
		{"warned of", 0, WarnOfPlain, 0, 0, "rtmp", "", false, warned},
		{"warned of, but secure", 0, WarnOfPlain, 0, 0, "rtmps", "1.3", false, ""},
		{"refused", 0, RefusePlain, 0, 0, "rtmp", "", true, ""},
		{"refused, but secure", 0, RefusePlain, 0, 0, "rtmps", "1.2", false, ""},
		{"obfuscated", 0, RefusePlain, 0, 0, "rtmpe", "", true, ""},
		{"in a tunnel", 0, RefusePlain, 0, 0, "rtmpt", "", true, ""},
		{"secure in a tunnel", 0, RefusePlain, 0, 0, "rtmpts", "1.3", false, ""},
		{"behind a proxy that speaks TLS", 0, RefusePlain, 0, 0, "rtmps", "unknown", false, ""},
		{"the stream's rule", 0, RefusePlain, AllowPlain, 0, "rtmp", "", false, ""},
		{"the key's rule", 0, RefusePlain, RefusePlain, AllowPlain, "rtmp", "", false, ""},
		{"the key's refusal", 0, AllowPlain, 0, RefusePlain, "rtmp", "", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := &shelf{}
			known.key(mainKey, "first", "live/main", func(k *catalog.Key) {
				k.Plain = []string{"", "allow", "warn", "refuse"}[c.key]
			})
			control := &Control{
				Catalog: known, Secure: "rtmps://tv.example:1936", Rules: Rules{Plain: c.server},
				Apps: map[string]Rules{"live": {Plain: c.app}},
			}
			if c.stream != DefaultPlain {
				control.Streams = map[string]Rules{"live/main": {Plain: c.stream}}
			}
			g, err := control.Publish(t.Context(), &hub.PublishRequest{
				App: "live", Name: mainKey, Protocol: c.protocol, TLS: c.tls, Remote: addresses["public"],
			})
			if !c.refused {
				if err != nil || g.Stream != "live/main" || g.Warning != c.warning {
					t.Errorf("%+v, %v; want the warning %q", g, err, c.warning)
				}
				return
			}
			why, ok := errors.AsType[*hub.Refusal](err)
			if !ok || why.Code != hub.Plain || why.Stream != "live/main" || g.Stream != "" ||
				!strings.Contains(why.Reason, c.protocol+" is not protected") ||
				!strings.Contains(why.Reason, "set the server to rtmps://tv.example:1936/live and leave the stream key") {
				t.Errorf("%+v, %v", g, err)
			}
		})
	}
}

func TestPlainWithoutAKey(t *testing.T) {
	c := control(t, World)
	c.Apps["live"], c.Secure = Rules{Plain: RefusePlain}, "rtmps://tv.example"
	req := &hub.PublishRequest{App: "live", Name: "cam", Protocol: "rtmp", Remote: addresses["public"]}
	if _, err := c.Publish(t.Context(), req); err == nil || !strings.Contains(err.Error(), "rtmps://tv.example/live") {
		t.Error(err)
	}
	req.TLS = "1.3"
	if g, err := c.Publish(t.Context(), req); err != nil || g.Warning != "" {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestPlayersInPlain(t *testing.T) {
	c := control(t, Closed)
	c.Apps["live"], c.Secure = Rules{Plain: RefusePlain}, "rtmps://tv.example"
	for _, p := range []struct {
		protocol, tls string
		refused       bool
	}{{"rtmp", "", true}, {"rtmpte", "", true}, {"rtmps", "1.3", false}, {"http-flv", "", false}, {"hls", "", false}} {
		err := c.Play(t.Context(), &hub.PlayRequest{
			App: "live", Name: "cam", Protocol: p.protocol, TLS: p.tls, Remote: addresses["public"],
		})
		why, refused := errors.AsType[*hub.Refusal](err)
		if refused != p.refused || refused && (why.Code != hub.Plain || !strings.HasSuffix(why.Reason, "play rtmps://tv.example/live/cam")) {
			t.Errorf("%s: %v", p.protocol, err)
		}
	}
}

func TestAKeyThatWasSentInPlainIsTold(t *testing.T) {
	c := control(t, Closed)
	known := c.Catalog.(*shelf)
	publish := func(mode Plain, tls string) hub.Grant {
		t.Helper()
		c.Apps["live"] = Rules{Plain: mode}
		g, _ := c.Publish(t.Context(), &hub.PublishRequest{
			App: "live", Name: mainKey, Protocol: "rtmp", TLS: tls, Remote: addresses["public"],
		})
		return g
	}
	publish(WarnOfPlain, "1.3")
	if len(known.plain) != 0 {
		t.Errorf("with TLS it is marked: %q", known.plain)
	}
	publish(RefusePlain, "") // too late: it was sent
	if strings.Join(known.plain, " ") != "first" {
		t.Errorf("marked are %q", known.plain)
	}
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	known.key(mainKey, "first", "live/main", func(k *catalog.Key) { k.SentPlain = day })
	if g := publish(RefusePlain, "1.3"); !strings.Contains(g.Warning, "its key was sent without TLS on 2026-03-01") {
		t.Errorf("the warning is %q", g.Warning)
	}
	if g := publish(AllowPlain, "1.3"); g.Warning != "" {
		t.Errorf("where nobody asked for it the warning is %q", g.Warning)
	}
}
