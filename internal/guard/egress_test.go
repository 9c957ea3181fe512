package guard

import (
	"context"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sender is a server that sends so many bytes a second of each app.
type sender struct {
	mu    sync.Mutex
	begun time.Time
	rate  map[string]uint64
	past  map[string]uint64
}

func (s *sender) set(app string, rate uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past, s.begun = s.sum(), time.Now()
	s.rate[app] = rate
}

// forget drops what was counted of an app.
func (s *sender) forget(app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.past, app)
}

func (s *sender) sent() map[string]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum()
}

func (s *sender) sum() map[string]uint64 {
	sum := make(map[string]uint64)
	maps.Copy(sum, s.past)
	for app, rate := range s.rate {
		sum[app] += uint64(time.Since(s.begun).Seconds() * float64(rate))
	}
	return sum
}

func TestEgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sender{begun: time.Now(), rate: map[string]uint64{}}
		g := New(Options{
			Limits: Limits{Server: Scope{Egress: 100e6}, Apps: map[string]Scope{"live": {Egress: 40e6}}}, // bit/s
			Sent:   s.sent,
		})
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan struct{})
		go func() { defer close(ran); g.Run(ctx) }()
		defer func() { cancel(); <-ran }()
		view := func(app string) (func(), error) { return g.Viewer(home, app) }

		release, err := view("live") // nothing is known yet
		enter(t, release, err)
		s.set("live", 39e6/8)
		time.Sleep(6500 * time.Millisecond)
		release()
		release, err = view("live")
		enter(t, release, err)

		s.set("live", 41e6/8)
		time.Sleep(6 * time.Second)
		_, err = view("live")
		refusedBy(t, err, "outgoing rate of one app", "apps.live.max-egress")
		release, err = view("other")
		enter(t, release, err)
		if got, want := err2(view("live")), "The app live sends as much as it may, and takes no more viewers for now: at most 40 Mbit/s (apps.live.max-egress)."; got != want {
			t.Errorf("got %s", got)
		}

		s.set("other", 60e6/8)
		time.Sleep(6 * time.Second)
		_, err = view("other")
		refusedBy(t, err, "outgoing rate of the server", "max-egress")

		// What was counted of an app may go, when the app does.
		s.set("other", 0)
		s.forget("other")
		s.set("live", 1e6/8)
		time.Sleep(6 * time.Second)
		for _, app := range []string{"live", "other"} {
			release, err = view(app)
			enter(t, release, err)
		}
		if n := len(g.egress.samples); n > 7 {
			t.Errorf("%d measurements are kept", n)
		}
	})
}

func err2(_ func(), err error) string { return err.Error() }

// A thousand who come at once are not all let in because none of them is measured.
func TestEgressOfACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sender{begun: time.Now(), rate: map[string]uint64{}}
		g := New(Options{Limits: Limits{Server: Scope{Egress: 100e6}}, Sent: s.sent})
		for range 10 { // at 4 Mbit/s each
			r, err := g.Viewer(home, "live")
			enter(t, r, err)
		}
		s.set("live", 40e6/8)
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan struct{})
		go func() { defer close(ran); g.Run(ctx) }()
		defer func() { cancel(); <-ran }()
		time.Sleep(6500 * time.Millisecond)
		in := 0
		for range 1000 {
			if _, err := g.Viewer(home, "live"); err == nil {
				in++
			}
		}
		if in != 15 {
			t.Errorf("%d were let in, there was room for 15", in)
		}
	})
}
