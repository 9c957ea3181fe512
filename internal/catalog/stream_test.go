package catalog

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

func TestStreams(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.events = func(ch Changed) []database.Event {
			return []database.Event{{ID: newID("ev_"), Subject: ch.Stream, Type: ch.Kind, Body: []byte(`{}`)}}
		}
		h.reopen()
		grace := Duration(time.Minute)
		s, k, secret, err := h.CreateStream(ctx, me, Stream{
			App: "live", Name: "cam1", Title: "Camera", Labels: map[string]string{"city": "Berlin"}, Grace: &grace,
		}, CreateOptions{Key: true, KeyLabel: "first"})
		must(t, err)
		if s.Revision != 1 || s.Managed != ByAPI || s.Visibility != Unlisted || len(s.PlaybackIDs) != 1 || !strings.HasPrefix(s.ID, "st_") {
			t.Errorf("made %+v", s)
		}
		found, of, ok := h.FindKey(secret.Reveal())
		if !ok || found.ID != k.ID || of.ID != s.ID || k.Label != "first" || k.Stream != s.ID {
			t.Errorf("the key is %+v of %+v", found, of)
		}
		if p, ok := h.StreamByPlayback(s.PlaybackIDs[0]); !ok || p.ID != s.ID {
			t.Errorf("by its playback id it is %v", p)
		}
		equal(t, "told", len(h.told), 2)
		events, err := h.db.Events(ctx, 0, 10)
		must(t, err)
		equal(t, "events", len(events), 2)

		_, _, _, err = h.CreateStream(ctx, me, Stream{App: "live", Name: "cam1"}, CreateOptions{})
		fails[*ExistsError](t, err)

		was := s
		s, err = h.ChangeStream(ctx, me, s.ID, 1, func(s *Stream) error {
			s.Labels["city"] = "Bonn"
			s.PlaybackIDs = append(s.PlaybackIDs, "")
			return nil
		})
		must(t, err)
		if s.Revision != 2 || s.Labels["city"] != "Bonn" || was.Labels["city"] != "Berlin" || len(s.PlaybackIDs) != 2 {
			t.Errorf("changed %+v to %+v", was, s)
		}
		_, err = h.ChangeStream(ctx, me, s.ID, 1, func(*Stream) error { return nil })
		if c := fails[*database.ConflictError](t, err); c != nil && (c.Want != 1 || c.Have != 2) {
			t.Errorf("the conflict is %+v", c)
		}
		same, err := h.ChangeStream(ctx, me, s.ID, 2, func(s *Stream) error { s.Title = "Camera"; return nil })
		if err != nil || same.Revision != 2 {
			t.Errorf("a change of nothing: %+v, %v", same, err)
		}
		_, err = h.ChangeStream(ctx, me, s.ID, 0, func(s *Stream) error { s.Name = "cam2"; return nil })
		fails[*FaultError](t, err)
		mine := errors.New("mine")
		if _, err = h.ChangeStream(ctx, me, s.ID, 0, func(*Stream) error { return mine }); !errors.Is(err, mine) {
			t.Errorf("the change's own error: %v", err)
		}

		h.reopen()
		if again, ok := h.StreamByPath("live/cam1"); !ok || !reflect.DeepEqual(again, s) {
			t.Errorf("after a restart it is\n%+v, not\n%+v", again, s)
		}
		fails[*database.ConflictError](t, h.DeleteStream(ctx, me, s.ID, 1))
		must(t, h.DeleteStream(ctx, me, s.ID, 2))
		fails[*NotFoundError](t, h.DeleteStream(ctx, me, s.ID, 0))
		_, _, ok = h.FindKey(secret.Reveal())
		_, byPath := h.StreamByPath("live/cam1")
		_, byPlayback := h.StreamByPlayback(s.PlaybackIDs[1])
		if ok || byPath || byPlayback || h.HasKeys("live/cam1") {
			t.Error("a part of it is still there")
		}
		h.create("live/cam1") // the name is free again
	})
}

func TestRepeatedRequests(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := WithRequest(t.Context(), "r1")
		create := func() (*Stream, *Key, string) {
			s, k, secret, err := h.CreateStream(t.Context(), me, Stream{App: "live", Name: "a"}, CreateOptions{Request: "r1", Key: true})
			must(t, err)
			return s, k, secret.Reveal()
		}
		s, k, secret := create()
		h.reopen()
		s2, k2, secret2 := create()
		if s2.ID != s.ID || k2.ID != k.ID || secret2 != secret || len(h.told) != 2 {
			t.Errorf("the second time: %+v, %+v", s2, k2)
		}
		if _, _, ok := h.FindKey(secret); !ok {
			t.Error("the secret is not that of the key")
		}
		_, _, _, err := h.CreateStream(ctx, me, Stream{App: "live", Name: "b"}, CreateOptions{})
		fails[*FaultError](t, err)
		_, _, _, err = h.CreateStream(ctx, "token:other", Stream{App: "live", Name: "a"}, CreateOptions{})
		fails[*ExistsError](t, err)

		key := func(ctx context.Context) string {
			_, secret, err := h.CreateKey(ctx, me, Key{Stream: s.ID})
			must(t, err)
			return secret.Reveal()
		}
		if a, b, c := key(ctx), key(ctx), key(t.Context()); a != b || b == c {
			t.Error("keys of one request are two, or of two are one")
		}
		rotate := func() string {
			_, secret, err := h.RotateKey(ctx, me, k.ID, 0)
			must(t, err)
			return secret.Reveal()
		}
		if a, b := rotate(), rotate(); a != b { // the old one is expired the second time
			t.Error("a repeated rotation rotates twice")
		}
		equal(t, "keys", len(h.Keys(s.ID)), 4)
		hook := func() string {
			_, secret, err := h.CreateWebhook(ctx, me, Webhook{URL: "https://example.com/"})
			must(t, err)
			return secret.Reveal()
		}
		if a, b := hook(), hook(); a != b || len(h.Webhooks()) != 1 {
			t.Error("a repeated webhook is another")
		}
	})
}

func TestRulesOfStreams(t *testing.T) {
	h := small(t)
	h.o.CheckName = func(path string) error {
		if path == "api/x" {
			return errors.New("reserved")
		}
		return nil
	}
	h.o.CheckStream = func(s *Stream) error {
		if s.Delivery == Realtime {
			return &UnsupportedError{"delivery", "not here"}
		}
		return nil
	}
	taken := h.create("live/taken")
	long := strings.Repeat("x", 5000)
	d := func(d time.Duration) *Duration { return (*Duration)(&d) }
	for field, faults := range map[string][]func(*Stream){
		"app": {func(s *Stream) { s.App = "" }, func(s *Stream) { s.App = "a/b" }},
		"name": {
			func(s *Stream) { s.Name = "" }, func(s *Stream) { s.App, s.Name = "api", "x" },
			func(s *Stream) { s.Name = "mk_0123456789" }, func(s *Stream) { s.Name = "a/pb_x" },
		},
		"title":            {func(s *Stream) { s.Title = long }, func(s *Stream) { s.Title = "a\nb" }, func(s *Stream) { s.Title = "\xff" }},
		"labels":           {func(s *Stream) { s.Labels = map[string]string{"": ""} }, func(s *Stream) { s.Labels = map[string]string{"a b": ""} }},
		"labels.a":         {func(s *Stream) { s.Labels = map[string]string{"a": long} }},
		"passthrough":      {func(s *Stream) { s.Passthrough = long }, func(s *Stream) { s.Passthrough = "a\x00" }},
		"visibility":       {func(s *Stream) { s.Visibility = "secret" }},
		"second_publisher": {func(s *Stream) { s.SecondPublisher = "both" }},
		"delivery":         {func(s *Stream) { s.Delivery = "slow" }},
		"grace":            {func(s *Stream) { s.Grace = d(-1) }, func(s *Stream) { s.Grace = d(time.Hour) }},
		"rotate":           {func(s *Stream) { s.Rotate = d(time.Second) }},
		"overlap":          {func(s *Stream) { s.Overlap = d(-1) }},
		"playback_ids": {
			func(s *Stream) { s.PlaybackIDs = []string{"pb_short"} }, func(s *Stream) { s.PlaybackIDs = taken.PlaybackIDs },
			func(s *Stream) { s.PlaybackIDs = make([]string, 17) },
		},
	} {
		for i, fault := range faults {
			s := Stream{App: "live", Name: "x"}
			fault(&s)
			_, _, _, err := h.CreateStream(t.Context(), me, s, CreateOptions{})
			if e := fails[*FaultError](t, err); e != nil && e.Field != field {
				t.Errorf("%s %d: the fault is in %s: %v", field, i, e.Field, err)
			}
		}
	}
	_, _, _, err := h.CreateStream(t.Context(), me, Stream{App: "live", Name: "x", Delivery: Realtime}, CreateOptions{})
	fails[*UnsupportedError](t, err)
	equal(t, "streams", h.paths(), " live/main live/taken")
}
