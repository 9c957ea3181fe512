package window

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
)

// viewerRequest is one of a viewer of that name.
func viewerRequest(sid string, fields ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "192.0.2.7:5001"
	r.Header.Set("User-Agent", "player/1 "+strings.Repeat("x", 1000))
	r.Header.Set("CMCD-Session", fmt.Sprintf("sid=%q", sid))
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	return r
}

func TestSessions(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		s, _ := h.open("hls")
		h.open("dash")
		began := time.Now()
		s.Audience("hls").Note(viewerRequest("one", "CMCD-Request", "bl=1900,mtp=25400", "CMCD-Object", "br=4500,ot=v", "CMCD-Status", "bs"))
		s.Audience("hls").Note(viewerRequest("one", "CMCD-Request", "bl=2100", "CMCD-Object", "br=128,ot=a"))
		time.Sleep(time.Second)
		s.Audience("hls").Note(viewerRequest("one", "CMCD-Request", "ltc=2500"))
		s.Audience("hls").Note(viewerRequest("two", "CMCD-Request", "mtp=100"))
		secure := viewerRequest("", "X-Playback-Session-Id", "Apple's")
		secure.TLS = &tls.ConnectionState{Version: tls.VersionTLS13}
		s.Audience("dash").Note(secure)

		all, more := h.store.Sessions(hub.SessionQuery{Limit: 10})
		if len(all) != 3 || more {
			t.Fatalf("%d sessions, more %v: %+v", len(all), more, all)
		}
		one := all[0]
		if one.Playback != "one" || one.Stream != "live/cam" || one.Protocol != "hls" || one.Broadcast != p.Broadcast() || one.Role != hub.Player ||
			!one.Since.Equal(began) || one.Remote != netip.MustParseAddrPort("192.0.2.7:5001") || len(one.Software) != maxAgent || one.ID == "" {
			t.Errorf("%+v", one)
		}
		if got, want := *one.Report, (Report{
			At: began.Add(time.Second), Buffer: 2100 * time.Millisecond, Throughput: 25_400_000, Picture: 4_500_000, Sound: 128_000,
			Latency: 2500 * time.Millisecond, Starvations: 1,
		}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if two := all[1]; two.Playback != "two" || two.Report.Buffer >= 0 || two.Report.Throughput != 100_000 || two.ID == one.ID {
			t.Errorf("%+v", two)
		}
		if three := all[2]; three.Playback != "Apple's" || three.Report != nil || three.TLS != "1.3" || three.Protocol != "dash" {
			t.Errorf("%+v", three)
		}

		for _, tt := range []struct {
			name string
			q    hub.SessionQuery
			want string
			more bool
		}{
			{"a page", hub.SessionQuery{Limit: 2}, "one two", true},
			{"the next page", hub.SessionQuery{Limit: 2, After: all[1].Number}, "Apple's", false},
			{"no page", hub.SessionQuery{}, "", true},
			{"a stream", hub.SessionQuery{Limit: 9, Stream: "live/cam"}, "one two Apple's", false},
			{"another stream", hub.SessionQuery{Limit: 9, Stream: "live/other"}, "", false},
			{"a protocol", hub.SessionQuery{Limit: 9, Protocol: "dash"}, "Apple's", false},
			{"publishers", hub.SessionQuery{Limit: 9, Role: hub.Publisher}, "", false},
			{"players", hub.SessionQuery{Limit: 9, Role: hub.Player}, "one two Apple's", false},
			{"in plain", hub.SessionQuery{Limit: 9, Plain: true}, "one two", false},
			{"by TLS", hub.SessionQuery{Limit: 9, Secure: true}, "Apple's", false},
		} {
			page, more := h.store.Sessions(tt.q)
			var names []string
			for _, s := range page {
				names = append(names, s.Playback)
			}
			if got := strings.Join(names, " "); got != tt.want || more != tt.more {
				t.Errorf("%s: %q, more %v", tt.name, got, more)
			}
		}

		p.Send(2 * time.Second)
		if out := h.Registry.Traffic().Out; out["hls"].Starvations != 1 || out["hls"].Viewers != 2 || out["dash"].Starvations != 0 || out["dash"].Viewers != 1 {
			t.Errorf("%+v", out)
		}
		p.Send(viewerPatience)
		if all, _ := h.store.Sessions(hub.SessionQuery{Limit: 10}); len(all) != 0 {
			t.Errorf("%d sessions are left", len(all))
		}
		if out := h.Registry.Traffic().Out; out["hls"].Starvations != 1 || out["hls"].Viewers != 0 {
			t.Errorf("%+v", out["hls"])
		}
	})
}

// What strangers call themselves is neither long nor anything but text.
func TestSessionsOfStrangers(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		p.Send(5 * time.Second)
		s, _ := h.open("hls")
		for _, r := range []*http.Request{
			viewerRequest("", "X-Playback-Session-Id", strings.Repeat("x", maxPlayback+1)),
			viewerRequest("", "X-Playback-Session-Id", "a\x00b"),
			viewerRequest("", "User-Agent", "\xff\xfe\x80"),
			viewerRequest(strings.Repeat("x", maxSID+1), "User-Agent", "another"),
		} {
			r.RemoteAddr = "@"
			s.Audience("hls").Note(r)
		}
		all, _ := h.store.Sessions(hub.SessionQuery{Limit: 10})
		if len(all) != 4 {
			t.Errorf("%d sessions", len(all))
		}
		for _, one := range all {
			if one.Playback != "" || one.Remote.IsValid() || len(one.Software) > maxAgent || strings.ContainsRune(one.Software, 0xfffd) {
				t.Errorf("%+v", one)
			}
		}
	})
}
