package rtmp

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// guarded lets everybody in by one permit, and players with the right token only.
type guarded struct {
	hub.Everyone
	limits hub.Limits
	bad    atomic.Bool
}

func (g *guarded) Check(time.Time) error {
	if g.bad.Load() {
		return errors.New("the token was revoked")
	}
	return nil
}

func (g *guarded) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	grant, err := g.Everyone.Publish(ctx, req)
	grant.Limits = g.limits
	if req.User != "" {
		grant.Owner = "user " + req.User
	}
	return grant, err
}

func (g *guarded) Play(_ context.Context, req *hub.PlayRequest) error {
	if got := req.Query["token"]; len(got) != 1 || got[0] != "good" {
		return &hub.Refusal{Code: hub.Unauthorized, Reason: "this stream is private"}
	}
	req.Permit = g
	return nil
}

// onAir publishes the clip, again and again, until the test is over.
func (h *house) onAir(t *testing.T) *rtmp.Stream {
	t.Helper()
	p := mustDial(t, rtmp.Publish, h.url+"cam")
	messages := clip(t)
	sent := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for round := uint32(0); ; round++ {
			for _, m := range messages {
				m.Timestamp += round * 4000
				if p.WriteMessage(&m) != nil {
					return
				}
			}
			if round == 0 {
				close(sent)
			}
			select {
			case <-p.Context().Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		p.Close()
		<-done
	})
	<-sent
	return p
}

// ends waits until the server has ended the stream, and checks what it said.
func ends(t *testing.T, s *rtmp.Stream, code, words string) {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		_, err := play(s)
		ended <- err
	}()
	select {
	case err := <-ended:
		status, ok := errors.AsType[*rtmp.StatusError](err)
		if !ok || status.Code != code || !strings.Contains(status.Description, words) {
			t.Errorf("ended with %v, want %s %q", err, code, words)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it did not end")
	}
}

func TestPlayersAreSentAway(t *testing.T) {
	access := &guarded{}
	h := newHouse(t, hub.Options{Access: access})
	h.onAir(t)
	var all []*rtmp.Stream
	for range 3 {
		all = append(all, mustDial(t, rtmp.Play, h.url+"cam?token=good"))
	}
	h.log.count(t, "play started", len(all))
	if err := all[2].Control(message.Pause{On: true}); err != nil {
		t.Fatal(err)
	}
	players, _ := h.registry.Sessions(hub.SessionQuery{Role: hub.Player, Limit: 10})
	if !h.registry.Kick(players[0].ID, "you were kicked by the owner") {
		t.Error("nobody was kicked")
	}
	ends(t, all[0], message.CodePlayFailed, "you were kicked by the owner")
	h.log.count(t, `reason="you were kicked by the owner"`, 1)

	// The others go on, until their permit ends; one of them is paused.
	if _, err := all[1].ReadMessage(); err != nil {
		t.Fatal(err)
	}
	access.bad.Store(true)
	h.registry.CheckPermits()
	ends(t, all[1], message.CodePlayFailed, "the token was revoked")
	ends(t, all[2], message.CodePlayFailed, "the token was revoked")
	h.log.count(t, `reason="the token was revoked"`, 2)
	h.met.count(t, "rtmp play kicked", 1)
	h.met.count(t, "rtmp play withdrawn", 2)
}

func TestPublishersAreSentAway(t *testing.T) {
	h := newHouse(t, hub.Options{Access: &guarded{}})
	p := h.onAir(t)
	player := mustDial(t, rtmp.Play, h.url+"cam?token=good")
	if n := h.registry.KickWhere(func(s hub.SessionInfo, owner string) bool {
		return s.Role == hub.Publisher && owner == "127.0.0.1"
	}, "the stream key was revoked"); n != 1 {
		t.Errorf("%d were kicked", n)
	}
	<-p.Context().Done()
	status, ok := errors.AsType[*rtmp.StatusError](p.Err())
	if !ok || status.Code != message.CodePublishBadName || status.Description != "the stream key was revoked" {
		t.Errorf("the publisher ended with %v", p.Err())
	}
	// No grace time: the stream is over for its players, too.
	ended := make(chan error, 1)
	go func() {
		_, err := play(player)
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, rtmp.ErrStreamClosed) {
			t.Errorf("the player ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the player waits")
	}
}

func TestAPictureTooLarge(t *testing.T) {
	h := newHouse(t, hub.Options{Access: &guarded{limits: hub.Limits{MaxWidth: 64, MaxHeight: 36}}})
	p := mustDial(t, rtmp.Publish, h.url+"cam")
	for _, m := range clip(t) {
		if p.WriteMessage(&m) != nil {
			break
		}
	}
	<-p.Context().Done()
	status, ok := errors.AsType[*rtmp.StatusError](p.Err())
	if !ok || status.Code != message.CodePublishBadName || !strings.Contains(status.Description, "at most 64x36 is allowed (max-resolution)") {
		t.Errorf("the publisher ended with %v", p.Err())
	}
}

func TestATokenOnTheStreamsName(t *testing.T) {
	h := newHouse(t, hub.Options{Access: &guarded{}})
	h.onAir(t)
	for name, good := range map[string]bool{"cam?token=good": true, "cam?a=b&token=good": true, "cam?token=bad": false, "cam": false} {
		_, err := dial(t, rtmp.Play, h.url+name)
		if good != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if status, ok := errors.AsType[*rtmp.StatusError](err); !good &&
			(!ok || status.Code != message.CodePlayFailed || status.Description != "this stream is private") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
