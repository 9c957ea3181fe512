package access

import (
	"net/netip"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

func TestRulesOfAStream(t *testing.T) {
	c := control(t, World)
	tests := []struct {
		stream   string
		grace    time.Duration
		second   hub.Rule
		delivery hub.Delivery
	}{
		{"live/cam", 0, hub.TakeOver, hub.Economy},
		{"event/other", 5e9, hub.Refuse, hub.DefaultDelivery},
		{"event/main", 9e9, hub.TakeOver, hub.Realtime},
		{"none/cam", -1, hub.TakeOver, hub.Balanced},
		{"nowhere/cam", -1, hub.TakeOver, hub.Balanced}, // a stream with rules in an app that is none
	}
	for _, tt := range tests {
		g, err := c.Publish(t.Context(), &hub.PublishRequest{Name: tt.stream, Remote: addresses["public"]})
		if (err != nil) != (tt.grace < 0) || err == nil && (g.Grace != tt.grace || g.SecondPublisher != tt.second) {
			t.Errorf("%s: %+v, %v", tt.stream, g, err)
		}
		req := hub.PlayRequest{Stream: tt.stream}
		if err := c.Play(t.Context(), &req); err != nil || req.Delivery != tt.delivery || req.PlayWait != 7*time.Second {
			t.Errorf("%s: delivery %v, wait %v, %v", tt.stream, req.Delivery, req.PlayWait, err)
		}
	}
}

func TestCurrentAsksTheControlInForce(t *testing.T) {
	var current Current
	ask := func() error {
		_, err := current.Publish(t.Context(), &hub.PublishRequest{Name: "live/x", Remote: netip.MustParseAddrPort("192.0.2.1:1")})
		return err
	}
	current.Set(control(t, Closed))
	if ask() == nil {
		t.Error("let in while it is closed")
	}
	current.Set(control(t, World))
	if err := ask(); err != nil {
		t.Errorf("refused while it is open: %v", err)
	}
	req := hub.PlayRequest{Name: "live/x"}
	if err := current.Play(t.Context(), &req); err != nil || req.Stream != "live/x" {
		t.Errorf("%+v, %v", req, err)
	}
}
