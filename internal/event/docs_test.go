package event

import (
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/hub"
)

var update = flag.Bool("update", false, "write the examples of docs/events.md anew")

const eventsPage = "../../docs/events.md"

// examples has a feed tell one event of each type.
func examples(t *testing.T) map[Type]string {
	t.Helper()
	f := NewFeed(Options{Source: "https://tv.example"})
	var c Catalog = &shelf{streams: []*catalog.Stream{cam1}}
	f.catalog.Store(&c)
	at := time.Date(2027, 3, 14, 18, 0, 0, 250e6, time.UTC)
	who := hub.Event{
		Stream: "live/cam1", Broadcast: "k3v7qd2mxa", Generation: 1, Session: "5MGXTQZ2JHYD", Protocol: "rtmp",
		Software: "obs-output module (libobs version 31.0.1)", Remote: netip.MustParseAddrPort("203.0.113.20:51842"),
	}
	tell := func(k hub.EventKind, after time.Duration, reason string, err error) {
		e := who
		e.Kind, e.Time, e.Reason, e.Err = k, at.Add(after), reason, err
		if k == hub.StreamEnded || k == hub.StreamReconnecting {
			e.Session, e.Protocol, e.Software, e.Remote = "", "", "", netip.AddrPort{}
		}
		f.Hub(e)
	}
	session := hub.SessionChange{
		Owner: "ky_4kq8zr1v0c7mtd2x", SessionInfo: hub.SessionInfo{
			ID: who.Session, Role: hub.Publisher, Protocol: "rtmp", TLS: "1.3", Stream: who.Stream, Broadcast: who.Broadcast,
			Software: who.Software, Remote: who.Remote, Since: at,
		},
	}
	f.Session(session)
	tell(hub.PublishStarted, 0, "", nil)
	tell(hub.StreamReconnecting, time.Minute, "the publisher is gone", nil)
	tell(hub.StreamResumed, 65*time.Second, "", nil)
	tell(hub.Alarm, 2*time.Minute, "two encoders fight for the stream, and the one on air stays", errors.New("alarm"))
	tell(hub.PublishRefused, 2*time.Minute, "this key ended on 2027-03-01", &hub.Refusal{Code: hub.BadKey})
	look := hub.StreamInfo{
		Name: who.Stream, Broadcast: who.Broadcast, Generation: 1, Bitrate: 3_000_000, KeyInterval: 12 * time.Second, LastMedia: at.Add(30 * time.Second),
		Publisher: &hub.PublisherInfo{Since: at}, Viewers: map[string]int{"rtmp": 2, "hls": 40}, ViewersTotal: 42,
	}
	f.poll([]hub.StreamInfo{look}, at.Add(30*time.Second))
	session.Ended, session.BytesIn, session.Frames = at.Add(time.Hour), 1_350_000_000, 276_000
	f.Session(session)
	tell(hub.StreamEnded, time.Hour, "the encoder stopped", nil)

	all := map[Type]string{}
	keep := func(row database.Event) {
		var v map[string]any
		must(t, json.Unmarshal(row.Body, &v))
		if id, ok := v["id"].(string); !ok || !strings.HasPrefix(id, "ev_") || len(id) < 23 {
			t.Errorf("the id is %v", v["id"])
		}
		var e Event
		must(t, json.Unmarshal(row.Body, &e))
		e.ID = "ev_" + strings.TrimPrefix(stamp(at), "ev_") + "h5xq2mzt7wcd"
		e.Time = Time{at}
		var data json.RawMessage
		must(t, json.Unmarshal(row.Body, &struct{ Data *json.RawMessage }{&data}))
		e.Data = data
		var whole any = e
		if row.Type != string(StreamLive) {
			whole = map[string]any{"data": data} // the rest is as in that
		}
		text, err := json.MarshalIndent(whole, "", "  ")
		must(t, err)
		all[Type(row.Type)] = string(text) + "\n"
	}
	for _, i := range f.queue.take(100) {
		e := New(i.id, f.o.Source, i.t, i.subject, i.at, i.data)
		row, err := e.row(nil)
		must(t, err)
		keep(row)
	}
	titled := *cam1
	titled.Title = "Camera 1"
	for _, c := range []catalog.Changed{{After: cam1}, {Before: cam1, After: &titled}, {Before: cam1}} {
		c.Kind, c.By = catalog.KindStream, "token:tk_2v9d0s6m3kqz8x1c"
		for _, row := range f.FromChange(c) {
			keep(row)
		}
	}
	return all
}

var block = regexp.MustCompile("(?s)(### `([a-z.]+)`\n.*?```json\n)(.*?)(```)")

// The examples of the page are what the server sends, one of each type.
func TestExamplesOfThePage(t *testing.T) {
	text, err := os.ReadFile(eventsPage)
	must(t, err)
	all := examples(t)
	seen := map[Type]bool{}
	fresh := block.ReplaceAllStringFunc(string(text), func(b string) string {
		m := block.FindStringSubmatch(b)
		seen[Type(m[2])] = true
		if m[3] != all[Type(m[2])] && !*update {
			t.Errorf("the example of %s is not what is sent, which is\n%s", m[2], all[Type(m[2])])
		}
		return m[1] + all[Type(m[2])] + m[4]
	})
	for _, typ := range Types {
		if !seen[typ] || all[typ] == "" {
			t.Errorf("there is no example of %s", typ)
		}
	}
	if *update {
		must(t, os.WriteFile(eventsPage, []byte(fresh), 0o644))
	}
}
