package event

import (
	"path/filepath"
	"testing"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/store"
)

// The catalogue and the feed share a database: changes and their events are one,
// and neither minds what the other keeps there.
func TestWithTheCatalogue(t *testing.T) {
	s := sqlite(t)
	folder, err := store.Open(filepath.Join(t.TempDir(), "data"))
	must(t, err)
	defer folder.Close()
	f := NewFeed(Options{Store: s, Node: "a", Source: "https://tv.example"})
	f.hold = quick
	o := catalog.Options{Folder: folder, Events: f.FromChange, OnChange: f.Changed}
	c, err := catalog.Open(t.Context(), s, o)
	must(t, err)
	f.Start(c)
	hook, _, err := c.CreateWebhook(t.Context(), "admin", catalog.Webhook{URL: "https://example.com/hook", Types: []string{"stream.*"}})
	must(t, err)
	cam, _, _, err := c.CreateStream(t.Context(), "admin", catalog.Stream{App: "live", Name: "cam1", Passthrough: "17"}, catalog.CreateOptions{Key: true})
	must(t, err)
	f.Hub(start("live/cam1", "one"))
	eventually(t, "it is live", func() bool { return f.Stats().Written == 1 })
	_, err = c.ChangeStream(t.Context(), "admin", cam.ID, 0, func(s *catalog.Stream) error { s.Title = "Camera"; return nil })
	must(t, err)
	must(t, c.Close(t.Context()))

	// It opens with a broadcast on air, and tells nobody of that in its audit.
	c, err = catalog.Open(t.Context(), s, o)
	must(t, err)
	must(t, c.DeleteStream(t.Context(), "admin", cam.ID, 0))
	f.Hub(end("live/cam1", "one"))
	f.flush(t)
	audit, err := c.Audit(t.Context(), 0, 100)
	must(t, err)
	for _, v := range audit {
		if v.Kind == kindBroadcast {
			t.Errorf("the audit has %+v", v)
		}
	}
	must(t, c.Close(t.Context()))
	var got []string
	for _, w := range told(t, s) {
		if w != "live/main stream.created" { // of the first start
			got = append(got, w)
		}
	}
	const of = "live/cam1 stream."
	same(t, got, of+"created", of+"live", of+"updated", of+"deleted", of+"idle")
	if d := data(t, s, StreamIdle)["stream"].(map[string]any); d["id"] != cam.ID || d["passthrough"] != "17" {
		t.Errorf("of the stream that is no more, the event says %v", d)
	}
	logs, err := s.Backlogs(t.Context())
	must(t, err)
	if len(logs) != 1 || logs[0].Endpoint != hook.ID || logs[0].Waiting != 5 {
		t.Errorf("what waits is %+v", logs)
	}
}
