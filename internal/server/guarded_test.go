package server

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/hub"
)

// house is a hub whose guests are guarded.
type house struct {
	*testing.T
	guard *guard.Guard
	hub   *hub.Registry
}

// byWord lets those publish who have a word as their key, and everybody play.
type byWord struct{ hub.Everyone }

func (b byWord) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	word := req.Query.Get("key")
	if word != "good" && word != "fine" {
		return hub.Grant{}, &hub.Refusal{Code: hub.BadKey, Reason: "no"}
	}
	g, err := b.Everyone.Publish(ctx, req)
	g.Owner, g.Open = word, false
	return g, err
}

func newHouse(t *testing.T, l guard.Limits) *house {
	h := &house{T: t, guard: guard.New(guard.Options{Limits: l})}
	g := newGuarded(byWord{}, h.guard)
	h.hub = hub.New(hub.Options{Access: g, Events: g.event, Sessions: g.session, PlayWait: -1})
	t.Cleanup(func() {
		if err := h.hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

const here = "192.0.2.1:5000"

func (h *house) publish(ctx context.Context, stream, key, from string) (*hub.Publication, error) {
	h.Helper()
	app, name, _ := strings.Cut(stream, "/")
	return h.hub.Publish(ctx, hub.PublishRequest{
		App: app, Name: name, Query: url.Values{"key": {key}}, Session: stream + key + from, Protocol: "rtmp",
		Remote: netip.MustParseAddrPort(from),
	})
}

func (h *house) play(stream, session string) (*hub.Reader, error) {
	h.Helper()
	return h.hub.Play(h.Context(), hub.PlayRequest{
		Stream: stream, Session: session, Protocol: "rtmp", Remote: netip.MustParseAddrPort(here),
	})
}

func (h *house) refused(what string, err error, code hub.Code, words string) {
	h.Helper()
	refusal, ok := errors.AsType[*hub.Refusal](err)
	if !ok || refusal.Code != code || !strings.Contains(refusal.Reason, words) {
		h.Errorf("%s: %v, want %v with %q", what, err, code, words)
	}
}

// What a session takes of a limit it gives back when it ends.
func TestPublishersAreCountedWhileTheyPublish(t *testing.T) {
	h := newHouse(t, guard.Limits{Server: guard.Scope{Publishers: 1}})
	for range 3 {
		p, err := h.publish(t.Context(), "live/a", "good", here)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.publish(t.Context(), "live/b", "good", here)
		h.refused("a second publisher", err, hub.Limit, "max-publishers")
		p.End(nil)
	}
}

// Who is refused by the hub after the guard has counted him takes nothing.
func TestRefusedPublishersTakeNothing(t *testing.T) {
	h := newHouse(t, guard.Limits{Server: guard.Scope{Publishers: 2}})
	if _, err := h.publish(t.Context(), "live/a", "good", here); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err := h.publish(t.Context(), "live/a", "fine", here)
		h.refused("another key", err, hub.InUse, "")
	}
	if _, err := h.publish(t.Context(), "live/b", "good", here); err != nil {
		t.Errorf("what was refused is counted: %v", err)
	}
}

// Nor does a client that goes while it waits.
func TestPublishersThatGoTakeNothing(t *testing.T) {
	h := newHouse(t, guard.Limits{Server: guard.Scope{Publishers: 2}})
	if _, err := h.publish(t.Context(), "live/a", "good", here); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if p, err := h.publish(ctx, "live/a", "good", "192.0.2.2:5000"); err == nil {
			p.End(nil)
			break
		}
	}
	// It is noticed in its own time.
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		_, err := h.publish(t.Context(), "live/b", "good", here)
		if err == nil {
			return
		}
		if time.Since(began) > 5*time.Second {
			t.Fatalf("who went is counted: %v", err)
		}
	}
}

func TestViewersAreCountedWhileTheyWatch(t *testing.T) {
	h := newHouse(t, guard.Limits{Apps: map[string]guard.Scope{"live": {Viewers: 1}}})
	if _, err := h.publish(t.Context(), "live/a", "good", here); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r, err := h.play("live/a", "one")
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.play("live/a", "two")
		h.refused("a second viewer", err, hub.Limit, "apps.live.max-viewers")
		r.Close()
	}
	// What there is not is no reason to keep somebody else out.
	if _, err := h.play("live/none", "three"); !errors.Is(err, hub.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestBannedAndGuessing(t *testing.T) {
	h := newHouse(t, guard.Limits{Server: guard.Scope{Bitrate: 1_000_000, Width: 640, Height: 360}})
	h.guard.SetBans([]guard.Ban{{Address: netip.MustParsePrefix("198.51.100.0/24")}, {Key: "fine"}})
	_, err := h.publish(t.Context(), "live/a", "good", "198.51.100.7:1")
	h.refused("a banned address", err, hub.Forbidden, "banned")
	_, err = h.publish(t.Context(), "live/a", "fine", here)
	h.refused("a banned key", err, hub.Forbidden, "banned")

	const guesser = "192.0.2.66:1"
	for i := range 40 {
		_, err = h.publish(t.Context(), "live/a", "guess"+strings.Repeat("x", i), guesser)
	}
	h.refused("who guesses", err, hub.Limit, "try again in")
	_, err = h.publish(t.Context(), "live/a", "good", guesser)
	h.refused("who guesses, with a right one", err, hub.Limit, "try again in")
	if _, err := h.publish(t.Context(), "live/a", "good", here); err != nil {
		t.Errorf("somebody else: %v", err)
	}
}
