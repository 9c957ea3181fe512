package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/ticket"
)

const by = catalog.Actor("test")

// house is a hub whose doors a real catalogue keeps.
type house struct {
	t        testing.TB
	known    *catalog.Catalog
	tickets  *ticket.Verifier
	key      ticket.Key
	control  *access.Control
	registry *hub.Registry
}

func newHouse(t testing.TB) *house {
	dir := t.TempDir()
	folder, err := store.Open(dir)
	must(t, err)
	t.Cleanup(func() { folder.Close() })
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "test.db"), database.Options{})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	known, err := catalog.Open(t.Context(), db, catalog.Options{Folder: folder, CheckName: access.CheckName})
	must(t, err)
	t.Cleanup(func() { known.Close(context.Background()) })
	key := ticket.NewKey()
	tickets, err := ticket.New(ticket.Options{Keys: []ticket.Key{key}})
	must(t, err)
	t.Cleanup(tickets.Close)
	h := &house{t: t, known: known, tickets: tickets, key: key}
	h.control = &access.Control{Catalog: known, Tickets: tickets, Apps: map[string]access.Rules{"live": {}}}
	h.registry = hub.New(hub.Options{Access: h.control})
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		h.registry.Shutdown(ctx)
	})
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *house) stream(path string, v catalog.Visibility) (*catalog.Stream, *catalog.Key, string) {
	h.t.Helper()
	s, k, secret, err := h.known.CreateStream(h.t.Context(), by,
		catalog.Stream{App: "live", Name: path, Visibility: v}, catalog.CreateOptions{Key: true})
	must(h.t, err)
	return s, k, secret.Reveal()
}

func (h *house) publish(key string) (p *hub.Publication, kicked chan error, err error) {
	kicked = make(chan error, 1)
	p, err = h.registry.Publish(h.t.Context(), hub.PublishRequest{
		App: "live", Name: key, Session: key[:6], Protocol: "rtmps", TLS: "1.3", Software: "obs",
		Remote: netip.MustParseAddrPort("203.0.113.5:5000"), Kick: func(err error) { kicked <- err },
	})
	return p, kicked, err
}

func (h *house) watch(name, query string) (*hub.Reader, error) {
	q, _ := url.ParseQuery(query)
	r, err := h.registry.Play(h.t.Context(), hub.PlayRequest{Name: name, Query: q})
	if err == nil {
		h.t.Cleanup(r.Close)
	}
	return r, err
}

func (h *house) refused(err error, code hub.Code) {
	h.t.Helper()
	if why, ok := errors.AsType[*hub.Refusal](err); !ok || why.Code != code {
		h.t.Errorf("%v, want a refusal by %v", err, code)
	}
}

func (h *house) link(path string) string {
	signer, err := ticket.NewSigner([]ticket.Key{h.key})
	must(h.t, err)
	q, err := signer.Link(ticket.Claims{Subject: path, Expires: time.Now().Add(time.Hour)})
	must(h.t, err)
	return q.Encode()
}

func TestARevokedKeyEndsItsBroadcast(t *testing.T) {
	h := newHouse(t)
	_, k, secret := h.stream("a", catalog.Public)
	p, kicked, err := h.publish(secret)
	must(t, err)
	r, err := h.watch("live/a", "")
	must(t, err)
	if used, _ := h.known.Key(k.ID); used.LastUse == nil || used.LastUse.Address != "203.0.113.5" || used.LastUse.Encoder != "obs" {
		t.Errorf("the last use is %+v", used.LastUse)
	}

	// A second key with an overlap: who publishes goes on.
	second, secret2, err := h.known.RotateKey(t.Context(), by, k.ID, 0)
	must(t, err)
	h.registry.CheckPermits()
	if err := r.Over(); err != nil || len(kicked) != 0 {
		t.Errorf("the rotation ended the broadcast: %v", err)
	}
	_, _, err = h.publish(secret)
	h.refused(err, hub.BadKey) // it may not begin again
	must(t, h.known.RevokeKey(t.Context(), by, k.ID, 0))
	p.End(nil)

	_, kicked, err = h.publish(secret2.Reveal())
	must(t, err)
	must(t, h.known.RevokeKey(t.Context(), by, second.ID, 0))
	h.registry.CheckPermits()
	h.refused(<-kicked, hub.Withdrawn)
	if _, ok := h.registry.Stream("live/a"); ok {
		t.Error("the broadcast goes on")
	}
	_, _, err = h.publish(secret2.Reveal())
	h.refused(err, hub.BadKey)
}

func TestAStreamIsDeleted(t *testing.T) {
	h := newHouse(t)
	s, _, secret := h.stream("a", catalog.Private)
	_, kicked, err := h.publish(secret)
	must(t, err)
	_, err = h.watch("live/a", "")
	h.refused(err, hub.Unauthorized)
	r, err := h.watch("live/a", h.link("live/a"))
	must(t, err)
	must(t, h.known.DeleteStream(t.Context(), by, s.ID, 0))
	h.registry.CheckPermits()
	<-kicked
	h.refused(r.Over(), hub.Withdrawn)
}

func TestAnUnlistedStreamChangesItsAddress(t *testing.T) {
	h := newHouse(t)
	s, _, secret := h.stream("a", catalog.Unlisted)
	_, _, err := h.publish(secret)
	must(t, err)
	if _, err = h.watch("live/a", ""); !errors.Is(err, hub.ErrNotFound) {
		t.Errorf("by its name: %v", err)
	}
	r, err := h.watch(s.PlaybackIDs[0], "")
	must(t, err)
	if r.Stream() != "live/a" {
		t.Errorf("it plays %s", r.Stream())
	}
	_, err = h.known.ChangeStream(t.Context(), by, s.ID, 0, func(s *catalog.Stream) error {
		s.PlaybackIDs = []string{""}
		return nil
	})
	must(t, err)
	h.registry.CheckPermits()
	h.refused(r.Over(), hub.Withdrawn)
	if _, err = h.watch(s.PlaybackIDs[0], ""); !errors.Is(err, hub.ErrNotFound) {
		t.Errorf("by the old address: %v", err)
	}
	s, _ = h.known.Stream(s.ID)
	if _, err = h.watch("live/"+s.PlaybackIDs[0], ""); err != nil {
		t.Errorf("by the new address: %v", err)
	}
}

func TestAKeyForOneBroadcastIsSpent(t *testing.T) {
	h := newHouse(t)
	s, _, _ := h.stream("a", catalog.Public)
	k, secret, err := h.known.CreateKey(t.Context(), by, catalog.Key{Stream: s.ID, Once: true})
	must(t, err)
	p, _, err := h.publish(secret.Reveal())
	must(t, err)
	p.End(errors.New("lost"))
	p, _, err = h.publish(secret.Reveal()) // the same broadcast
	must(t, err)
	p.End(nil)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if k, _ := h.known.Key(k.ID); !k.Spent.IsZero() {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("the key is not spent")
		}
	}
	_, _, err = h.publish(secret.Reveal())
	h.refused(err, hub.BadKey)
}

// What is decided takes far less than a millisecond, with 10,000 streams.
func BenchmarkTenThousandStreams(b *testing.B) {
	h := newHouse(b)
	set := make([]catalog.Stream, 10_000)
	for i := range set {
		set[i] = catalog.Stream{App: "live", Name: fmt.Sprint("cam", i), Visibility: catalog.Private}
	}
	_, err := h.known.Apply(b.Context(), by, set, catalog.ApplyOptions{})
	must(b, err)
	s, _ := h.known.StreamByPath("live/cam77")
	_, secret, err := h.known.CreateKey(b.Context(), by, catalog.Key{Stream: s.ID})
	must(b, err)
	b.Run("publish", func(b *testing.B) {
		req := &hub.PublishRequest{App: "live", Name: secret.Reveal(), Remote: netip.MustParseAddrPort("203.0.113.5:5000")}
		for b.Loop() {
			_, err := h.control.Publish(b.Context(), req)
			must(b, err)
		}
	})
	b.Run("segment", func(b *testing.B) {
		r := httptest.NewRequest(http.MethodGet, "/x?"+h.link("live/cam77"), nil)
		for b.Loop() {
			_, _, err := h.control.Viewer(r, "live/cam77")
			must(b, err)
		}
	})
}
