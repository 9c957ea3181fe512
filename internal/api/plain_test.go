package api

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
)

// exposed is a hub with encoders that came in plain.
type exposed struct{ connected }

func (exposed) PlainPublishers() []hub.PlainPublisher {
	at := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	return []hub.PlainPublisher{
		{
			Stream: "live/cam1", Protocol: "rtmp", Software: "obs-output 29.0", Remote: netip.MustParseAddr("192.0.2.7"),
			First: at, Last: at.Add(time.Hour), OnAir: true,
		},
		{Stream: "live/cam2", Protocol: "rtmpe", Remote: netip.MustParseAddr("192.0.2.8"), First: at, Last: at, Refused: true},
	}
}

func TestPlainPublishers(t *testing.T) {
	tests := []struct{ query, want string }{
		{"", ""},
		{"plain=false", ""},
		{"plain=true&role=player", ""},
		{"plain=true&cursor=3", ""},
		{
			"plain=true&stream=cam1",
			`[{"stream":"live/cam1","protocol":"rtmp","encoder":"obs-output 29.0","first_seen":"2026-11-21T08:00:00.000Z",` +
				`"last_seen":"2026-11-21T09:00:00.000Z","on_air":true,"refused":false}]`,
		},
		{
			"plain=true&protocol=rtmpe&role=publisher",
			`[{"stream":"live/cam2","protocol":"rtmpe","first_seen":"2026-11-21T08:00:00.000Z",` +
				`"last_seen":"2026-11-21T08:00:00.000Z","on_air":false,"refused":true}]`,
		},
		{"plain=true&stream=cam3", "[]"},
	}
	for _, tt := range tests {
		w := get(t, New(&exposed{}, Site{}, access.Token{}), "/api/v1/sessions?"+tt.query, "")
		var answer struct {
			List json.RawMessage `json:"plain_publishers"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || string(answer.List) != tt.want {
			t.Errorf("%s: %d, %v, %s; want %s", tt.query, w.Code, err, answer.List, tt.want)
		}
		if strings.Contains(w.Body.String(), "192.0.2.") {
			t.Errorf("%s shows an address to everyone", tt.query)
		}
	}
}
