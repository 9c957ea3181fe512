package callback

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// stage is a hub behind a gate.
type stage struct {
	*fixture
	hub *hub.Registry
}

func newStage(t *testing.T, settings Settings) *stage {
	t.Helper()
	s := &stage{}
	o := NewObserver(ObserverOptions{Kick: func(session, reason string) bool { return s.hub.Kick(session, reason) }})
	s.fixture = newGate(t, func(options *Options) { options.Observer = o }, settings)
	s.hub = hub.New(hub.Options{Access: s.Gate, Sessions: o.Session, Events: o.Event})
	t.Cleanup(func() {
		s.hub.Shutdown(context.WithoutCancel(t.Context()))
		o.Close(context.WithoutCancel(t.Context()))
	})
	return s
}

func (s *stage) publish(t *testing.T, ctx context.Context, name string) (*hub.Publication, chan error) {
	t.Helper()
	req, kicked := publish(name), make(chan error, 1)
	req.Kick = func(err error) { kicked <- err }
	p, err := s.hub.Publish(ctx, *req)
	if err != nil {
		t.Fatal(err)
	}
	return p, kicked
}

// all has every event of a mode go to one back end.
func all(b *backend, mode Mode) Settings {
	s := Settings{Mode: mode, On: map[Event][]string{}, Update: time.Hour}
	for _, e := range eventsOf[mode] {
		s.On[e] = []string{b.URL}
	}
	return s
}

const sessionPart = "app=live&flashver=test&swfurl=&tcurl=rtmp://h/live&pageurl=&addr=192.0.2.1&"

func TestNginxSession(t *testing.T) {
	b := newBackend(t, nil)
	s := newStage(t, all(b, NginxRTMP))
	ctx := WithClient(t.Context(), Client{TCURL: "rtmp://h/live", AppQuery: "a=1", NameQuery: "n=%201"})
	p, _ := s.publish(t, ctx, "cam1")
	if got := b.next(t).body; !strings.HasPrefix(got, sessionPart+"epoch=") || !strings.HasSuffix(got, "&call=connect&a=1") {
		t.Errorf("%s", got)
	}
	want := []string{"call=publish&name=cam1&type=live&n=%201"}
	p.End(nil)
	for _, w := range append(want, "call=publish_done&name=cam1&n=%201", "call=done&name=cam1&n=%201", "call=disconnect&app=live&a=1") {
		if got := b.next(t).body; got != sessionPart+"clientid=1&"+w {
			t.Errorf("%s, want\n%s", got, sessionPart+"clientid=1&"+w)
		}
	}
}

func TestSRSSession(t *testing.T) {
	b := newBackend(t, text("0"))
	s := newStage(t, all(b, SRS))
	p, _ := s.publish(t, t.Context(), "cam1")
	f := &media.Frame{Track: 0, Kind: media.Data, Payload: make([]byte, 100)}
	if err := p.Write(f); err != nil {
		t.Fatal(err)
	}
	req := play("cam1")
	req.Wait = true
	r, err := s.hub.Play(t.Context(), *req)
	if err != nil {
		t.Fatal(err)
	}
	r.Sent(55)
	r.Close()
	p.End(nil)
	var got []string
	for range 8 {
		body := b.next(t).body
		action, _, _ := strings.Cut(strings.SplitN(body, `"action":"`, 2)[1], `"`)
		client, _, _ := strings.Cut(strings.SplitN(body, `"client_id":"`, 2)[1], `"`)
		got = append(got, client+" "+action)
		if action == "on_close" && client == "p-cam1" && !strings.HasSuffix(body, `"send_bytes":55,"recv_bytes":0}`) {
			t.Errorf("%s", body)
		}
		if action == "on_close" && client == "s-cam1" && !strings.HasSuffix(body, `"send_bytes":0,"recv_bytes":100}`) {
			t.Errorf("%s", body)
		}
	}
	for client, want := range map[string][]string{
		"s-cam1": {"on_connect", "on_publish", "on_unpublish", "on_close"},
		"p-cam1": {"on_connect", "on_play", "on_stop", "on_close"},
	} {
		mine := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.HasPrefix(s, client) })
		for i := range mine {
			mine[i] = strings.TrimPrefix(mine[i], client+" ")
		}
		if !slices.Equal(mine, want) {
			t.Errorf("%s: %v", client, mine)
		}
	}
}

func TestOwnSession(t *testing.T) {
	b := newBackend(t, text(`{"allow":true}`))
	s := newStage(t, all(b, Millrace))
	p, _ := s.publish(t, t.Context(), "cam1")
	b.next(t)
	p.End(errors.New("something broke"))
	got := b.next(t).body
	for _, want := range []string{`"event":"publish_done"`, `"seconds":0`, `"bytes_in":0,"bytes_out":0,"reason":"the connection was lost"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	s.hub.Shutdown(t.Context())
	for err, want := range map[error]string{
		nil: "", hub.ErrTakenOver: "another session took the stream over", &hub.Refusal{Reason: "kicked"}: "kicked",
		fmt.Errorf("%w", hub.ErrSilent): "no media for 60 s",
	} {
		if got := reasonOf(err); got != want {
			t.Errorf("%v: %q", err, got)
		}
	}
}

// An update that is answered by a no ends the session, and no answer does not unless
// it is strict.
func TestUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, string)
		strict bool
		kicked bool
	}{
		"yes":             {status(200), true, false},
		"no":              {status(403), false, true},
		"fault":           {status(500), false, false},
		"strict fault":    {status(500), true, true},
		"redirect":        {redirect("x"), false, false},
		"strict redirect": {redirect("x"), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t, nil)
			settings := all(b, NginxRTMP)
			settings.Strict = c.strict
			s := newStage(t, settings)
			// Faster than the settings allow.
			s.services[0].Update = 5 * time.Millisecond
			b.says(func(w http.ResponseWriter, body string) {
				if strings.Contains(body, "call=update_publish") {
					c.answer(w, body)
				}
			})
			p, kicked := s.publish(t, t.Context(), "cam1")
			updates := 0
			for updates < 2 {
				body := b.next(t).body
				if strings.Contains(body, "call=update_publish&time=0&timestamp=") {
					updates++
				}
				if c.kicked && strings.Contains(body, "call=publish_done") {
					break
				}
			}
			if !c.kicked {
				p.End(nil)
				return
			}
			select {
			case err := <-kicked:
				if !strings.Contains(refusal(t, err).Reason, "go on") {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Error("the session goes on")
			}
		})
	}
}

// Who was let in by the back end and not by the hub has an end, too.
func TestLetInAndRefused(t *testing.T) {
	b := newBackend(t, nil)
	s := newStage(t, all(b, NginxRTMP))
	expect := func(calls ...string) {
		t.Helper()
		for _, want := range calls {
			if got := b.next(t).body; !strings.Contains(got+"&", "call="+want+"&") {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
	req := play("cam1") // nobody publishes it
	if _, err := s.hub.Play(t.Context(), *req); !errors.Is(err, hub.ErrNotFound) {
		t.Fatal(err)
	}
	expect("connect", "play", "play_done", "done", "disconnect")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.seen.settling = time.Millisecond
	in := s.seen.admit(s.services[0], playQuestion(ctx, req))
	in.enter(ctx, "live/cam1") // and leaves: some doors tell nothing of that
	expect("play_done", "done")
	if n := len(s.seen.conns); n != 0 {
		t.Errorf("%d are held for connected", n)
	}
}

// A stream that is played once more on the same connection ends the first play, whose
// end in the hub is not that of the second.
func TestPlayedAgain(t *testing.T) {
	b := newBackend(t, nil)
	s := newStage(t, all(b, NginxRTMP))
	ask := func() *hub.PlayRequest {
		req := play("cam1")
		if err := s.Play(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		return req
	}
	change := func(number uint64, ended time.Time) {
		s.seen.Session(hub.SessionChange{
			SessionInfo: hub.SessionInfo{Number: number, ID: "p-cam1", Role: hub.Player, Stream: "live/cam1"}, Ended: ended,
		})
	}
	ask()
	change(1, time.Time{})
	ask()
	change(1, time.Now())
	change(2, time.Time{})
	change(2, time.Now())
	change(2, time.Now())
	s.seen.Close(t.Context())
	var calls []string
	for !b.quiet() {
		_, call, _ := strings.Cut(b.next(t).body, "call=")
		call, _, _ = strings.Cut(call, "&")
		calls = append(calls, call)
	}
	want := []string{"connect", "play", "play", "play_done", "done", "play_done", "done", "disconnect"}
	slices.Sort(want)
	slices.Sort(calls)
	if !slices.Equal(calls, want) {
		t.Errorf("%v", calls)
	}
}

// Thousands who leave at once are told of, and nobody who comes waits for that.
func TestNoticesDoNotDelay(t *testing.T) {
	b := newBackend(t, nil)
	hold := make(chan struct{})
	s := newStage(t, all(b, NginxRTMP))
	b.says(func(_ http.ResponseWriter, body string) {
		if strings.Contains(body, "done") {
			<-hold
		}
	})
	var publications []*hub.Publication
	for i := range 2 * maxTold {
		p, _ := s.publish(t, t.Context(), fmt.Sprint("cam", i))
		publications = append(publications, p)
	}
	for _, p := range publications {
		p.End(nil)
	}
	if p, _ := s.publish(t, t.Context(), "late"); p == nil {
		t.Error("a publisher waits for others' ends")
	}
	close(hold)
	seen := 0
	for seen < 2*maxTold {
		if strings.Contains(b.next(t).body, "call=disconnect") {
			seen++
		}
	}
	if s.seen.Lost() != 0 {
		t.Errorf("%d were lost", s.seen.Lost())
	}
}

func TestNoticesAreBounded(t *testing.T) {
	o := NewObserver(ObserverOptions{})
	hold, told := make(chan struct{}), 0
	c := &conn{}
	o.mu.Lock()
	for range maxNotices + 5 {
		o.post(c, func(context.Context) {
			<-hold
			told++
		})
	}
	o.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.Close(ctx) // does not wait for longer than it may
	close(hold)
	o.Close(t.Context())
	if told != maxNotices || o.Lost() != 5 {
		t.Errorf("%d told, %d lost", told, o.Lost())
	}
}

// Everything at once, for the race detector.
func TestTogether(t *testing.T) {
	b := newBackend(t, nil)
	s := newStage(t, all(b, NginxRTMP))
	s.services[0].Update = time.Millisecond
	go func() {
		for {
			select {
			case <-b.told:
			case <-t.Context().Done():
				return
			}
		}
	}()
	var together sync.WaitGroup
	for i := range 8 {
		together.Go(func() {
			for range 10 {
				ctx, cancel := context.WithCancel(t.Context())
				name := fmt.Sprint("cam", i)
				p, err := s.hub.Publish(ctx, *publish(name))
				if err != nil {
					t.Error(err)
					cancel()
					return
				}
				req := play(name)
				r, err := s.hub.Play(ctx, *req)
				if err != nil {
					t.Error(err)
				} else {
					r.Close()
				}
				p.End(nil)
				cancel()
			}
		})
	}
	together.Wait()
	s.hub.Shutdown(t.Context())
	s.seen.Close(t.Context())
	if n := len(s.seen.conns); n != 0 {
		t.Errorf("%d are held for connected", n)
	}
}
