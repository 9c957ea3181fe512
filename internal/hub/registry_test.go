package hub

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{MaxStreams: 3, MaxWaitingNames: 1, MaxStreamPlayers: 2, MaxPlayers: 4})
		publish := func(name string) (*Publication, error) {
			req := request("alice", "192.0.2.1", "obs")
			req.Name = name
			return h.Publish(t.Context(), req)
		}
		play := func(name string, wait bool) (*Reader, error) {
			return h.Play(t.Context(), PlayRequest{Stream: name, Wait: wait})
		}
		a, err := publish("a")
		if err != nil {
			t.Fatal(err)
		}
		b, err := publish("b")
		if err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		go func() {
			_, err := play("live/x", true)
			waited <- err
		}()
		synctest.Wait()

		if _, err := play("live/y", true); !refused(err, Limit) {
			t.Errorf("a second name that is waited for: %v", err)
		}
		if _, err := publish("c"); !refused(err, Limit) {
			t.Errorf("a fourth stream: %v", err)
		}
		var readers []*Reader
		for i := range 3 {
			r, err := play("live/a", false)
			if i < 2 && err != nil || i == 2 && !refused(err, Limit) {
				t.Errorf("player %d: %v", i, err)
			}
			if r != nil {
				readers = append(readers, r)
			}
		}
		for i := range 2 {
			r, err := play("live/b", false)
			if i < 1 && err != nil || i == 1 && !refused(err, Limit) {
				t.Errorf("player %d in all: %v", 4+i, err)
			}
			if r != nil {
				readers = append(readers, r)
			}
		}
		if err := <-waited; err != ErrNotFound {
			t.Errorf("the one that waited: %v", err)
		}
		readers[0].Close()
		go func() {
			r, err := play("live/z", true)
			if err == nil {
				r.Close()
			}
			waited <- err
		}()
		synctest.Wait()
		z, err := publish("z")
		if err != nil {
			t.Errorf("one that is waited for: %v", err)
		}
		if err := <-waited; err != nil {
			t.Errorf("the one that waited: %v", err)
		}
		if len(h.idle) != 0 {
			t.Error("a stream that is on air still counts as waited for")
		}
		z.End(nil)
		if r, err := play("live/a", false); err != nil {
			t.Errorf("a place that became free: %v", err)
		} else {
			r.Close()
		}
		for _, r := range readers {
			r.Close()
		}
		a.End(nil)
		b.End(nil)
		if h.players != 0 || len(h.streams) != 0 || len(h.idle) != 0 {
			t.Errorf("left: %d players, %d streams, %d idle", h.players, len(h.streams), len(h.idle))
		}
	})
}

func TestNobodyIsLetInWithoutAccess(t *testing.T) {
	r := New(Options{})
	if _, err := r.Publish(t.Context(), request("alice", "192.0.2.1", "obs")); !refused(err, Forbidden) {
		t.Errorf("Publish: %v", err)
	}
	if _, err := r.Play(t.Context(), PlayRequest{Stream: "live/cam1"}); !refused(err, Forbidden) {
		t.Errorf("Play: %v", err)
	}
}

func TestEveryone(t *testing.T) {
	r := New(Options{Access: Everyone{}})
	p, err := r.Publish(t.Context(), PublishRequest{App: "live", Name: "a/b", Remote: netip.MustParseAddrPort("192.0.2.1:9")})
	if err != nil || p.Stream() != "live/a/b" {
		t.Fatalf("Publish: %v", err)
	}
	reader, err := r.Play(t.Context(), PlayRequest{App: "live", Name: "a/b"})
	if err != nil || reader.Stream() != "live/a/b" {
		t.Fatalf("Play: %v", err)
	}
	reader.Close()
	p.End(nil)
	if _, err := r.Publish(t.Context(), PublishRequest{}); !refused(err, BadName) {
		t.Errorf("no name: %v", err)
	}
	if _, err := r.Play(t.Context(), PlayRequest{}); !refused(err, BadName) {
		t.Errorf("no name: %v", err)
	}
}

// A name that was refused may be a mistyped key: it goes nowhere unless Access
// knows it for a stream's.
func TestRefusedTries(t *testing.T) {
	h := open(t, Options{})
	for i := range 15 {
		req := request("", "192.0.2.1", fmt.Sprint("encoder ", i))
		if _, err := h.try(req); !refused(err, BadKey) {
			t.Fatalf("got %v", err)
		}
	}
	i, ok := h.Stream("live/cam1")
	if ok || len(i.Refused) != maxRefused || i.Refused[0].Software != "encoder 5" || i.Refused[9].Reason != "no such key" {
		t.Errorf("%v, %+v", ok, i)
	}
	if e := h.events[0]; e.Kind != PublishRefused || e.Stream != "live/cam1" || e.Remote.Port() != 4000 {
		t.Errorf("%+v", e)
	}

	h.refuse(t.Context(), PublishRefused, who{}, &Refusal{Code: BadKey, Reason: "no such key"})
	if len(h.refused.tries) != 1 {
		t.Error("a try without a stream was kept")
	}
	for n := range 2 * maxRefusedNames {
		h.refuse(t.Context(), PublishRefused, who{}, &Refusal{Stream: fmt.Sprint("live/", n)})
	}
	if len(h.refused.tries) != maxRefusedNames || len(h.refused.order) != maxRefusedNames {
		t.Errorf("tries on %d streams are kept", len(h.refused.tries))
	}
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		r := h.play(PlayRequest{})
		waited := make(chan error)
		go func() {
			_, err := h.Play(context.Background(), PlayRequest{Stream: "live/other", Wait: true})
			waited <- err
		}()
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a reader open: %v", err)
		}
		if !p.gone(ErrShutdown) || p.Write(key(40)) != ErrShutdown {
			t.Error("the publication lives on")
		}
		if err := <-waited; !refused(err, ShuttingDown) {
			t.Errorf("the one that waited: %v", err)
		}
		if frames, err := all(r); len(frames) != 1 || err == nil {
			t.Errorf("the reader got %d frames, %v", len(frames), err)
		}
		r.Close()
		if err := h.Shutdown(t.Context()); err != nil {
			t.Errorf("again: %v", err)
		}
		if _, err := h.try(request("alice", "192.0.2.1", "obs")); !refused(err, ShuttingDown) {
			t.Errorf("Publish: %v", err)
		}
		if _, err := h.Play(t.Context(), PlayRequest{Stream: "live/cam1"}); !refused(err, ShuttingDown) {
			t.Errorf("Play: %v", err)
		}
	})
}
