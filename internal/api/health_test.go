package api

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// Who runs a stream sees how its encoder does, and who was not let in; nobody else
// does.
func TestHealthAndRefusals(t *testing.T) {
	c := newControl(t)
	c.live = onAir{{Name: "live/cam1", State: hub.Live, Refused: []hub.Refused{{
		Time: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC), Code: hub.BadKey, Reason: "this stream key is not known here", Protocol: "rtmp",
		Remote: netip.MustParseAddrPort("192.0.2.7:5000"),
	}}}}
	const (
		health = `"health":{"healthy":false,"problems":[{"code":"silent","detail":"it sends nothing"}]}`
		tries  = `"refused":[{"time":"2026-11-21T08:00:00.000Z","code":"bad-key","reason":"this stream key is not known here","protocol":"rtmp","address":"192.0.2.7"}]`
	)
	for token, want := range map[string]bool{c.admin: true, "": false} {
		body := c.ask(token, "GET", "/streams/live/cam1", "").Body.String()
		for _, part := range []string{health, tries} {
			if strings.Contains(body, part) != want {
				t.Errorf("with a token: %v: %s in %s", want, part, body)
			}
		}
	}
}
