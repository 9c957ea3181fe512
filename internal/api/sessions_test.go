package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/window"
)

// connected is a hub with these sessions, which remembers what it was asked.
type connected struct {
	onAir
	asked    hub.SessionQuery
	sessions []hub.SessionInfo
}

func (c *connected) Sessions(q hub.SessionQuery) (page []hub.SessionInfo, more bool) {
	c.asked = q
	for _, s := range c.sessions {
		if s.Number > q.After {
			page = append(page, s)
		}
	}
	if len(page) > q.Limit {
		return page[:q.Limit], true
	}
	return page, false
}

func sessions() *connected {
	at := time.Date(2026, 11, 21, 8, 0, 0, 123456789, time.UTC)
	remote := netip.MustParseAddrPort("192.0.2.7:5000")
	return &connected{sessions: []hub.SessionInfo{
		{
			Number: 3, ID: "0a1b", Role: hub.Publisher, Protocol: "rtmp", Stream: "live/cam1", Broadcast: "k3v5qmz2ab",
			Software: "obs-output 29.0", Remote: remote, Since: at, BytesIn: 1, Frames: 2, RTT: 12345678,
		},
		{
			Number: 9, ID: "0c1d", Role: hub.Player, Protocol: "ws-flv", TLS: "1.3", Stream: "live/cam1", Broadcast: "k3v5qmz2ab",
			Remote: remote, Since: at, BytesOut: 3, Drops: 4, Lag: 1500 * time.Millisecond, LagBytes: 5,
		},
		{Number: 1 << 60, ID: "demo", Role: hub.Publisher, Protocol: "demo", Stream: "live/demo", Since: at},
	}}
}

// watching are viewers without connections, who remember what they were asked.
type watching struct {
	asked    hub.SessionQuery
	sessions []window.Session
}

func (v *watching) Sessions(q hub.SessionQuery) (page []window.Session, more bool) {
	v.asked = q
	for _, s := range v.sessions {
		if s.Number > q.After {
			page = append(page, s)
		}
	}
	if len(page) > q.Limit {
		return page[:q.Limit], true
	}
	return page, false
}

func viewers() *watching {
	at := time.Date(2026, 11, 21, 8, 0, 0, 123456789, time.UTC)
	viewer := func(number uint64, protocol string) window.Session {
		return window.Session{SessionInfo: hub.SessionInfo{
			Number: number, ID: "00aa", Role: hub.Player, Protocol: protocol, Stream: "live/cam1", Broadcast: "k3v5qmz2ab",
			Software: "AppleCoreMedia/1.0", Remote: netip.MustParseAddrPort("192.0.2.7:5001"), Since: at,
		}}
	}
	silent, told := viewer(2, "hls"), viewer(7, "dash")
	silent.Report = &window.Report{At: at, Buffer: -1, Throughput: 1000}
	told.TLS, told.Playback = "1.3", "6e2fb550"
	told.Report = &window.Report{
		At: at, Buffer: 1900 * time.Millisecond, Throughput: 25_400_000, Picture: 4_500_000, Sound: 128_000,
		Latency: 2150 * time.Millisecond, Starvations: 2,
	}
	return &watching{sessions: []window.Session{silent, told}}
}

func TestSessionsGolden(t *testing.T) {
	f, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	token, err := access.LoadToken(f)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := f.Read(access.TokenFile)
	a := New(sessions(), Site{}, token)
	a.Viewers = viewers()
	var got []byte
	for _, c := range []struct{ query, bearer string }{
		{"", strings.TrimSpace(string(text))}, {"?limit=1", ""}, {"?limit=2&cursor=3", "x"}, {"?limit=1&cursor=v2", ""},
	} {
		w := get(t, a, "/api/v1/sessions"+c.query, c.bearer)
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d: %v", w.Code, err)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", answer["time"].(string)); err != nil {
			t.Error(err)
		}
		delete(answer, "time")
		b, _ := json.MarshalIndent(answer, "", "  ")
		got = append(append(got, b...), '\n')
		if c.bearer != strings.TrimSpace(string(text)) && strings.Contains(w.Body.String(), "192.0.2.7") {
			t.Errorf("%s without the token shows an address", c.query)
		}
		if c.bearer != strings.TrimSpace(string(text)) && strings.Contains(w.Body.String(), "6e2fb550") {
			t.Errorf("%s without the token shows the name of a playback", c.query)
		}
	}
	const golden = "testdata/sessions.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("other answers than %s:\n%s", golden, got)
	}
}

// Who reads page after page sees everyone once, whatever the pages' length.
func TestPagesOfSessions(t *testing.T) {
	for limit := 1; limit <= 6; limit++ {
		a := New(sessions(), Site{}, access.Token{})
		a.Viewers = viewers()
		var seen []string
		for cursor, pages := "", 0; ; pages++ {
			w := get(t, a, fmt.Sprintf("/api/v1/sessions?limit=%d%s", limit, cursor), "")
			var answer struct {
				Sessions []struct{ Protocol string }
				Next     string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Sessions) > limit || pages > 6 {
				t.Fatalf("limit %d: page %d has %d sessions: %v", limit, pages, len(answer.Sessions), err)
			}
			for _, s := range answer.Sessions {
				seen = append(seen, s.Protocol)
			}
			if answer.Next == "" {
				break
			}
			cursor = "&cursor=" + answer.Next
		}
		if got := strings.Join(seen, " "); got != "rtmp ws-flv demo hls dash" {
			t.Errorf("limit %d: %s", limit, got)
		}
	}
}

// The viewers without connections are asked for the same.
func TestViewersAreAsked(t *testing.T) {
	a := New(&connected{}, Site{}, access.Token{})
	v := viewers()
	a.Viewers = v
	get(t, a, "/api/v1/sessions?stream=live/cam1&protocol=dash&role=player&plain=false&limit=5", "")
	if want := (hub.SessionQuery{Stream: "live/cam1", Protocol: "dash", Role: hub.Player, Secure: true, Limit: 5}); v.asked != want {
		t.Errorf("%+v", v.asked)
	}
	get(t, a, "/api/v1/sessions?cursor=v17", "")
	if want := (hub.SessionQuery{After: 17, Limit: 100}); v.asked != want {
		t.Errorf("%+v", v.asked)
	}
}

func TestNoSessionsIsAnEmptyList(t *testing.T) {
	w := get(t, New(&connected{}, Site{}, access.Token{}), "/api/v1/sessions", "")
	if !strings.Contains(w.Body.String(), `"sessions":[]}`) {
		t.Error(w.Body)
	}
}

func TestSessionQueries(t *testing.T) {
	tests := []struct {
		query string
		want  hub.SessionQuery
		fault string
	}{
		{"", hub.SessionQuery{Limit: 100}, ""},
		{
			"stream=live/cam1&role=player&protocol=ws-flv&limit=1000&cursor=17",
			hub.SessionQuery{Stream: "live/cam1", Role: hub.Player, Protocol: "ws-flv", Limit: 1000, After: 17},
			"",
		},
		{"plain=true&protocol=rtmpte", hub.SessionQuery{Protocol: "rtmpte", Plain: true, Limit: 100}, ""},
		{"plain=false", hub.SessionQuery{Secure: true, Limit: 100}, ""},
		{"plain=warn", hub.SessionQuery{}, `plain="warn": give true for sessions without TLS, or false for those with it`},
		{"stream=cam1&role=publisher", hub.SessionQuery{Stream: "live/cam1", Role: hub.Publisher, Limit: 100}, ""},
		{"stream=", hub.SessionQuery{}, `stream="": not a stream name: it is empty; write one behind the app, as in live/cam1`},
		{"role=viewer", hub.SessionQuery{}, `role="viewer": give publisher or player`},
		{"protocol=RTMP", hub.SessionQuery{}, `protocol="RTMP": give one of rtmp, rtmps, rtmpe, rtmpt, rtmpts, rtmpte, http-flv, ws-flv, ts, hls, dash, demo`},
		{"limit=0", hub.SessionQuery{}, `limit="0": give a number from 1 to 1000`},
		{"limit=1001", hub.SessionQuery{}, `limit="1001": give a number from 1 to 1000`},
		{"limit=ten", hub.SessionQuery{}, `limit="ten": give a number from 1 to 1000`},
		{"cursor=-1", hub.SessionQuery{}, `cursor="-1": give what stood in next of the page before`},
		{"cursor=v", hub.SessionQuery{}, `cursor="v": give what stood in next of the page before`},
		{"cursor=18446744073709551615", hub.SessionQuery{}, `cursor="18446744073709551615": give what stood in next of the page before`},
		{"roles=player", hub.SessionQuery{}, `there is no "roles": sessions are asked for by stream, role, protocol, plain, limit and cursor`},
		{"role=player&role=player", hub.SessionQuery{}, `"role" is given 2 times`},
		{"stream=%zz", hub.SessionQuery{}, `the query cannot be read: invalid URL escape "%zz"`},
	}
	for _, tt := range tests {
		c := sessions()
		w := get(t, New(c, Site{}, access.Token{}), "/api/v1/sessions?"+tt.query, "")
		if tt.fault == "" {
			if w.Code != http.StatusOK || c.asked != tt.want {
				t.Errorf("%s: %d, asked for %+v", tt.query, w.Code, c.asked)
			}
			continue
		}
		var d struct{ Detail string }
		err := json.Unmarshal(w.Body.Bytes(), &d)
		if err != nil || w.Code != http.StatusBadRequest || w.Header().Get("Content-Type") != "application/problem+json" || d.Detail != tt.fault {
			t.Errorf("%s: %d %s", tt.query, w.Code, w.Body)
		}
	}
	// What is not a query is not read as one.
	if w := get(t, New(sessions(), Site{}, access.Token{}), "/api/v1/sessions/"+url.PathEscape("x?limit=0"), ""); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
}
