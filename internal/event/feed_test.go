package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// shelf is a catalogue of a few things.
type shelf struct {
	streams []*catalog.Stream
	hooks   []*catalog.Webhook
}

func (s *shelf) StreamByPath(path string) (*catalog.Stream, bool) {
	for _, c := range s.streams {
		if c.Path() == path {
			return c, true
		}
	}
	return nil, false
}

func (s *shelf) Webhooks() []*catalog.Webhook { return s.hooks }

var cam1 = &catalog.Stream{
	Meta: catalog.Meta{ID: "st_0123456789abcdef"}, App: "live", Name: "cam1",
	Labels: map[string]string{"city": "Bern"}, Passthrough: "customer 17",
}

// quick has no waiting in it that a test would wait for.
var quick = holds{
	linger: time.Millisecond, again: time.Millisecond, poll: 5 * time.Millisecond, heartbeat: 20 * time.Millisecond, look: 5 * time.Millisecond,
}

// newFeed starts a feed that is closed at the end of the test.
func newFeed(t testing.TB, o Options, c Catalog) *Feed {
	t.Helper()
	o.Source = "https://tv.example"
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	f := NewFeed(o)
	f.hold = quick
	if c == nil {
		c = &shelf{}
	}
	f.Start(c)
	t.Cleanup(f.stop) // a second stop is none
	return f
}

func (f *Feed) flush(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := f.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// kill ends a feed as kill -9 ends a server: nothing more is written.
func (f *Feed) kill() {
	f.stop()
	f.done.Wait()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

// told is what the database has, in words: "live/cam1 stream.live".
func told(t testing.TB, s Store, types ...string) []string {
	t.Helper()
	events, err := s.Events(t.Context(), 0, 1_000_000)
	must(t, err)
	f := Filter{Types: types}
	var all []string
	for _, e := range events {
		if f.Match(Type(e.Type), e.Subject) {
			all = append(all, e.Subject+" "+e.Type)
		}
	}
	return all
}

// data is that of the last event of a type.
func data(t testing.TB, s Store, typ Type) map[string]any {
	t.Helper()
	events, err := s.Events(t.Context(), 0, 1_000_000)
	must(t, err)
	for _, e := range slices.Backward(events) {
		if e.Type == string(typ) {
			var v struct {
				Type, Subject, ID string
				Data              map[string]any
			}
			must(t, json.Unmarshal(e.Body, &v))
			if v.Type != Prefix+string(typ) || v.Subject != e.Subject || v.ID != e.ID {
				t.Fatalf("the event %s is kept as %s of %s: %s", e.ID, e.Type, e.Subject, e.Body)
			}
			return v.Data
		}
	}
	t.Fatalf("there is no %s", typ)
	return nil
}

func same(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("told is\n\t%s\nnot\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// picture is a key frame.
func picture(dts time.Duration) *media.Frame {
	return &media.Frame{Kind: media.Video, Class: media.Key, DTS: int64(dts), PTS: int64(dts), Payload: []byte{1, 2, 3}}
}

func request(session string) hub.PublishRequest {
	return hub.PublishRequest{
		App: "live", Name: "cam1", Session: session, Protocol: "rtmp", Software: "OBS",
		Remote: netip.MustParseAddrPort("192.0.2.7:40000"),
	}
}

// A broadcast is one live and one idle, whatever happens in between, as the hub
// itself tells it.
func TestOneLiveAndOneIdle(t *testing.T) {
	onBoth(t, func(t *testing.T, s database.Store) {
		f := newFeed(t, Options{Store: s, Node: "a"}, &shelf{streams: []*catalog.Stream{cam1}})
		h := hub.New(hub.Options{Access: hub.Everyone{}, Events: f.Hub, Sessions: f.Session})
		for n := range 3 {
			for i := range 4 {
				p, err := h.Publish(t.Context(), request(fmt.Sprint("s", n, i)))
				must(t, err)
				must(t, p.Write(picture(time.Duration(i)*time.Second)))
				if i < 3 {
					p.End(errors.New("the cable"))
				} else {
					p.End(nil)
				}
			}
		}
		f.flush(t)
		const live, lost, back, idle = "live/cam1 stream.live", "live/cam1 stream.reconnecting", "live/cam1 stream.resumed", "live/cam1 stream.idle"
		once := []string{live, lost, back, lost, back, lost, back, idle}
		same(t, told(t, s, "stream.*"), slices.Concat(once, once, once)...)
		if n := len(told(t, s, "session.opened")); n != 12 {
			t.Errorf("%d sessions were opened", n)
		}
		if n := len(told(t, s, "session.closed")); n != 12 {
			t.Errorf("%d sessions were closed", n)
		}
		d := data(t, s, StreamIdle)
		want := map[string]any{
			"id": cam1.ID, "app": "live", "name": "live/cam1", "labels": map[string]any{"city": "Bern"}, "passthrough": "customer 17",
		}
		if got := fmt.Sprint(d["stream"]); got != fmt.Sprint(want) {
			t.Errorf("the stream is %s, not %v", got, want)
		}
		if d["reason"] != "the encoder stopped" || d["killed"] != nil {
			t.Errorf("the idle event says %v", d)
		}
		none(t, s)
	})
}

// none fails if the database believes that something is on air.
func none(t testing.TB, s Store) {
	t.Helper()
	must(t, s.Load(t.Context(), func(d database.Doc) error {
		t.Errorf("%s %s is there still", d.Kind, d.ID)
		return nil
	}))
}

func start(stream, broadcast string) hub.Event {
	return hub.Event{Kind: hub.PublishStarted, Time: time.Now(), Stream: stream, Broadcast: broadcast, Generation: 1}
}

func end(stream, broadcast string) hub.Event {
	return hub.Event{Kind: hub.StreamEnded, Time: time.Now(), Stream: stream, Broadcast: broadcast, Generation: 1, Reason: "over"}
}

func TestIdleAfterAKill(t *testing.T) {
	onBoth(t, func(t *testing.T, s database.Store) {
		other := newFeed(t, Options{Store: s, Node: "b"}, nil)
		other.Hub(start("live/elsewhere", "there"))
		f := newFeed(t, Options{Store: s, Node: "a"}, nil)
		f.Hub(start("live/cam1", "first"))
		f.Hub(start("live/cam2", "second"))
		f.Hub(end("live/cam2", "second"))
		eventually(t, "the events are kept", func() bool { return len(told(t, s)) == 4 })
		f.kill()

		// The encoder is back before the database is asked what was on air.
		f = NewFeed(Options{Store: s, Node: "a"})
		f.Hub(start("live/cam1", "third"))
		f.Start(&shelf{streams: []*catalog.Stream{cam1}})
		f.flush(t)
		f = newFeed(t, Options{Store: s, Node: "a"}, nil) // of "third", which nobody ended
		f.flush(t)
		newFeed(t, Options{Store: s, Node: "a"}, nil).flush(t)

		const live, idle = "live/cam1 stream.live", "live/cam1 stream.idle"
		got := slices.DeleteFunc(told(t, s), func(w string) bool { return !strings.HasPrefix(w, "live/cam1 ") })
		same(t, got, live, idle, live, idle)
		if d := data(t, s, StreamIdle); d["killed"] != true || d["broadcast"] != "third" {
			t.Errorf("the idle event says %v", d)
		}
		other.Hub(end("live/elsewhere", "there"))
		other.flush(t)
		none(t, s)
	})
}

// The end of a broadcast and the beginning of the next one are told by two
// goroutines, and may change places.
func TestNextBroadcastBeforeTheEnd(t *testing.T) {
	s := sqlite(t)
	f := newFeed(t, Options{Store: s}, nil)
	f.Hub(start("live/cam1", "one"))
	f.Hub(start("live/cam1", "two"))
	f.Hub(end("live/cam1", "one"))
	f.Hub(hub.Event{Kind: hub.StreamReconnecting, Time: time.Now(), Stream: "live/cam1", Broadcast: "one"})
	f.Hub(end("live/cam1", "two"))
	f.flush(t)
	const live, idle = "live/cam1 stream.live", "live/cam1 stream.idle"
	same(t, told(t, s), live, idle, live, idle)
	none(t, s)
}

// moody is a database that is away for some calls, before or after it did what
// it was asked.
type moody struct {
	database.Store
	calls atomic.Int64
	mood  func(call int64) error // ErrUnsure: done, and not told
}

func (m *moody) try(do func() error) error {
	switch err := m.mood(m.calls.Add(1)); {
	case err == nil:
		return do()
	case errors.Is(err, database.ErrUnsure):
		if e := do(); e != nil {
			return e
		}
		return err
	default:
		return err
	}
}

func (m *moody) Apply(ctx context.Context, b database.Batch) (docs []database.Doc, err error) {
	err = m.try(func() error { docs, err = m.Store.Apply(ctx, b); return err })
	return docs, err
}

func (m *moody) Append(ctx context.Context, events ...database.Event) error {
	return m.try(func() error { return m.Store.Append(ctx, events...) })
}

func TestDatabaseComesAndGoes(t *testing.T) {
	onBoth(t, func(t *testing.T, s database.Store) {
		m := &moody{Store: s, mood: func(call int64) error {
			switch call % 4 {
			case 1:
				return database.ErrAway
			case 2:
				return database.ErrUnsure
			}
			return nil
		}}
		f := newFeed(t, Options{Store: m, Log: slog.New(slog.DiscardHandler)}, nil)
		var want []string
		for i := range 60 {
			id := fmt.Sprint("b", i)
			f.Hub(start("live/cam1", id))
			f.Session(hub.SessionChange{SessionInfo: hub.SessionInfo{ID: id, Stream: "live/cam1", Since: time.Now()}})
			if i%10 == 0 { // so that there are several writes
				eventually(t, "the live event is on its way", func() bool { return f.Stats().Waiting == 0 })
			}
			f.Hub(end("live/cam1", id))
			want = append(want, "live/cam1 stream.live", "live/cam1 session.opened", "live/cam1 stream.idle")
		}
		f.flush(t)
		same(t, told(t, s), want...)
		none(t, s)
		if m.calls.Load() < 8 {
			t.Errorf("there were %d calls only", m.calls.Load())
		}
	})
}

// An event that the database does not take is lost alone.
func TestBadEventIsLostAlone(t *testing.T) {
	s := sqlite(t)
	f := newFeed(t, Options{Store: s, Log: slog.New(slog.DiscardHandler)}, nil)
	f.Hub(start("live/cam1", "one"))
	f.Hub(start("live/"+strings.Repeat("x", 300), "long")) // told of the server
	big := start("live/cam2", "big")
	big.Software = strings.Repeat("x", database.MaxBody)
	f.Hub(big)
	f.Hub(end("live/cam1", "one"))
	f.flush(t)
	same(t, told(t, s), "live/cam1 stream.live", "server stream.live", "live/cam1 stream.idle")
	if st := f.Stats(); st.Lost != 1 || st.Written != 3 || st.Waiting != 0 {
		t.Errorf("the counters are %+v", st)
	}
}

func TestCloseGivesUp(t *testing.T) {
	m := &moody{Store: sqlite(t), mood: func(int64) error { return database.ErrAway }}
	f := newFeed(t, Options{Store: m, Log: slog.New(slog.DiscardHandler)}, nil)
	f.Hub(start("live/cam1", "one"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.Close(ctx); err == nil || !strings.Contains(err.Error(), "1 events") {
		t.Errorf("closing it returns %v", err)
	}
}

// Nobody who streams waits for the database.
func TestFeedNeverBlocks(t *testing.T) {
	stuck := make(chan struct{})
	m := &moody{Store: sqlite(t), mood: func(int64) error { <-stuck; return nil }}
	f := NewFeed(Options{Store: m})
	f.hold, f.queue = quick, newQueue(1000)
	f.Start(&shelf{})
	defer f.stop()
	begun := time.Now()
	const n = 5000
	for i := range n {
		f.Session(hub.SessionChange{SessionInfo: hub.SessionInfo{ID: fmt.Sprint(i), Stream: "live/cam1", Since: begun}})
	}
	f.Hub(start("live/cam1", "one"))
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("telling %d things took %v", n, took)
	}
	if st := f.Stats(); st.Dropped == 0 || st.Waiting > 1001 {
		t.Errorf("the counters are %+v", st)
	}
	close(stuck)
	f.flush(t)
	if got := told(t, m.Store, "stream.live"); len(got) != 1 {
		t.Errorf("of the live event there is %v", got)
	}
}

func TestDeliveriesAreForWebhooksThatWantThem(t *testing.T) {
	s := sqlite(t)
	hook := func(id string, change func(*catalog.Webhook)) *catalog.Webhook {
		h := &catalog.Webhook{Meta: catalog.Meta{ID: id}}
		change(h)
		return h
	}
	c := &shelf{streams: []*catalog.Stream{cam1}, hooks: []*catalog.Webhook{
		hook("wh_all", func(*catalog.Webhook) {}),
		hook("wh_live", func(h *catalog.Webhook) { h.Types = []string{"stream.live"} }),
		hook("wh_streams", func(h *catalog.Webhook) { h.Types = []string{"stream.*"}; h.Apps = []string{"live"} }),
		hook("wh_other", func(h *catalog.Webhook) { h.Apps = []string{"other"} }),
		hook("wh_off", func(h *catalog.Webhook) { h.Disabled = true }),
	}}
	var stored atomic.Pointer[[]string]
	f := newFeed(t, Options{Store: s, Stored: func(to []string) { stored.Store(&to) }}, c)
	f.Hub(start("live/cam1", "one"))
	f.Hub(end("live/cam1", "one"))
	f.flush(t)
	logs, err := s.Backlogs(t.Context())
	must(t, err)
	var got []string
	for _, l := range logs {
		got = append(got, fmt.Sprint(l.Endpoint, " ", l.Waiting))
	}
	same(t, got, "wh_all 2", "wh_live 1", "wh_streams 2")
	if to := stored.Load(); to == nil || !slices.Contains(*to, "wh_all") || slices.Contains(*to, "wh_other") {
		t.Errorf("the deliverer was told of %v", to)
	}
}
