package httpflv

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
)

// guarded lets players in who bear the right token, by one permit.
type guarded struct {
	hub.Everyone
	bad atomic.Bool
}

func (g *guarded) Check(time.Time) error {
	if g.bad.Load() {
		return errors.New("the token was revoked")
	}
	return nil
}

func (g *guarded) Play(_ context.Context, req *hub.PlayRequest) error {
	switch token := req.Query.Get("token") + req.Bearer; token {
	case "good":
		req.Permit = g
		return nil
	case "":
		return &hub.Refusal{Code: hub.Unauthorized, Reason: "this stream is private"}
	}
	return &hub.Refusal{Code: hub.Forbidden, Reason: "the token expired"}
}

func TestTokens(t *testing.T) {
	h := newHouseOf(t, &guarded{})
	h.send(t, h.publish(t), func() {})
	for _, tt := range []struct {
		query, authorization, upgrade string
		status                        int
	}{
		{"", "", "", 401},
		{"", "", "websocket", 401},
		{"?token=bad", "", "", 403},
		{"?token=good", "", "", 200},
		{"", "Bearer good", "", 200},
		{"", "bearer  good ", "", 200},
		{"", "Bearer bad", "websocket", 403},
		{"", "Basic good", "", 401},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.http.URL+"/live/cam.flv"+tt.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.authorization != "" {
			r.Header.Set("Authorization", tt.authorization)
		}
		if tt.upgrade != "" {
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", tt.upgrade)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != tt.status || (tt.status == 401) != (resp.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%+v: %s, %v", tt, resp.Status, resp.Header)
		}
		if tt.status != 200 {
			var d problem.Details
			if err := json.NewDecoder(resp.Body).Decode(&d); err != nil || d.Detail == "" {
				t.Errorf("%+v: %+v, %v", tt, d, err)
			}
		}
		resp.Body.Close()
	}
}

func TestViewersAreSentAway(t *testing.T) {
	access := &guarded{}
	h := newHouseOf(t, access)
	p := h.publish(t)
	h.send(t, p, func() {})
	kicked := openHTTP(t, h.http.URL+"/live/cam.flv?token=good")
	h.viewers(t, 1)
	players, _ := h.registry.Sessions(hub.SessionQuery{Role: hub.Player, Limit: 10})
	stays := openHTTP(t, h.http.URL+"/live/cam.flv?token=good")
	socket, _, err := websocket.Dial(t.Context(), strings.Replace(h.http.URL, "http", "ws", 1)+"/live/cam.flv?token=good", nil)
	if err != nil {
		t.Fatal(err)
	}
	socket.SetReadLimit(-1)
	h.viewers(t, 3)

	if !h.registry.Kick(players[0].ID, "go") {
		t.Error("nobody was kicked")
	}
	// It was cut off, and is told so: the last chunk is missing.
	if _, err := io.Copy(io.Discard, kicked); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the kicked viewer ended with %v", err)
	}
	h.viewers(t, 2)
	if end := <-h.ends; end != "http-flv kicked" {
		t.Errorf("the meter was told of %q", end)
	}

	access.bad.Store(true)
	h.registry.CheckPermits()
	if _, err := io.Copy(io.Discard, stays); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the viewer ended with %v", err)
	}
	for {
		if _, _, err = socket.Read(t.Context()); err != nil {
			break
		}
	}
	if closed, ok := errors.AsType[websocket.CloseError](err); !ok || closed.Code != websocket.StatusPolicyViolation || closed.Reason != "the token was revoked" {
		t.Errorf("the WebSocket ended with %v", err)
	}
	h.viewers(t, 0)
	for range 2 {
		if end := <-h.ends; !strings.HasSuffix(end, "-flv withdrawn") {
			t.Errorf("the meter was told of %q", end)
		}
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []string{"short", strings.Repeat("x", 122) + "é"} {
		if got := clip(tt); len(got) > 123 || !strings.HasPrefix(tt, got) || len(tt) < 123 && got != tt {
			t.Errorf("%q", got)
		}
	}
}
