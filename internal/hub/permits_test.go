package hub

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pass is a permit that can be taken back.
type pass struct {
	bad   atomic.Bool
	asked atomic.Int32
}

func (p *pass) Check(time.Time) error {
	p.asked.Add(1)
	if p.bad.Load() {
		return errors.New("the token was revoked")
	}
	return nil
}

// passes lets everybody in by the same permit.
type passes struct {
	keyring
	*pass
	over atomic.Int32
}

func (p *passes) Publish(ctx context.Context, req *PublishRequest) (Grant, error) {
	g, err := p.keyring.Publish(ctx, req)
	g.Permit, g.Over = p.pass, func() { p.over.Add(1) }
	return g, err
}

func (p *passes) Play(_ context.Context, req *PlayRequest) error {
	if !req.Admitted {
		req.Permit = p.pass
	}
	return nil
}

func TestAPermitThatIsTakenBackEndsItsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &passes{pass: &pass{}}
		var changes []SessionChange
		h := open(t, Options{Access: a, Sessions: func(c SessionChange) { changes = append(changes, c) }})
		p := h.publish()
		p.write(key(0), sound(0))
		r := h.play(PlayRequest{Session: "p1"})
		defer r.Close()
		served := h.play(PlayRequest{Session: "p2", Served: true})
		defer served.Close()
		packager := h.play(PlayRequest{FromOldest: true})
		defer packager.Close()
		free, err := h.Play(Admit(t.Context(), "live/cam1", nil), PlayRequest{Stream: "live/cam1", Session: "p3"})
		if err != nil {
			t.Fatal(err)
		}
		defer free.Close()
		drain(t, r)
		time.Sleep(4 * checkEvery)
		if n := a.asked.Load(); n < 3*3 || n > 3*4 {
			t.Errorf("three permits were looked at %d times in 20 s", n)
		}
		for _, x := range []*Reader{r, served, packager, free} {
			if err := x.Over(); err != nil {
				t.Errorf("over while the permit is good: %v", err)
			}
		}
		h.kinds()
		select {
		case <-r.Ready():
		default:
		}

		a.bad.Store(true)
		time.Sleep(checkEvery)
		synctest.Wait()
		for _, x := range []*Reader{r, served} {
			err := x.Over()
			why, ok := errors.AsType[*Refusal](err)
			if !ok || why.Code != Withdrawn || why.Reason != "the token was revoked" {
				t.Errorf("the player ends with %v", err)
			}
		}
		select {
		case <-r.Ready():
		default:
			t.Error("the player was not woken")
		}
		if _, err := all(r); !refused(err, Withdrawn) {
			t.Errorf("Next: %v", err)
		}
		for _, x := range []*Reader{packager, free} {
			if err := x.Over(); err != nil {
				t.Errorf("who has no permit ends with %v", err)
			}
		}
		if err := <-p.kicked; !refused(err, Withdrawn) {
			t.Errorf("the publisher was kicked with %v", err)
		}
		if err := p.Write(key(40)); !refused(err, Withdrawn) {
			t.Errorf("Write: %v", err)
		}
		if got := h.kinds(); len(got) != 2 || got[0] != PublishEnded || got[1] != StreamEnded {
			t.Errorf("the events were %v: no grace time is due", got)
		}
		if a.over.Load() != 1 {
			t.Errorf("the end of the broadcast was told %d times", a.over.Load())
		}
		r.Close()
		var told []string
		for _, c := range changes {
			what := c.ID + " began"
			if !c.Ended.IsZero() {
				what = c.ID + " ended"
				if !refused(c.Err, Withdrawn) {
					t.Errorf("%s with %v", what, c.Err)
				}
			}
			told = append(told, what)
		}
		const want = "alice@192.0.2.1 began, p1 began, p2 began, p3 began, alice@192.0.2.1 ended, p1 ended"
		if got := strings.Join(told, ", "); got != want {
			t.Errorf("told of %s; want %s", got, want)
		}
		if c := changes[4]; c.BytesIn != 200 || c.Frames != 2 || c.Owner != "alice" || c.Role != Publisher {
			t.Errorf("the totals are %+v", c)
		}

		// Nobody has a permit now: nothing looks any more.
		served.Close()
		n := a.asked.Load()
		time.Sleep(time.Minute)
		if a.asked.Load() != n {
			t.Error("permits are looked at that nobody has")
		}
	})
}

func TestPermitsAreLookedAtAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &passes{pass: &pass{}}
		h := open(t, Options{Access: a})
		p := h.publish()
		p.write(key(0))
		a.bad.Store(true)
		h.CheckPermits()
		if err := <-p.kicked; !refused(err, Withdrawn) {
			t.Error(err)
		}
	})
}

// A Refusal of a permit is told as it is.
func TestThePermitHasItsOwnWords(t *testing.T) {
	own := &Refusal{Code: Forbidden, Reason: "not any more"}
	if withdrawn(own) != own {
		t.Error("the refusal was wrapped")
	}
}

func TestOverIsNotToldWhenTheServerGoes(t *testing.T) {
	a := &passes{pass: &pass{}}
	h := open(t, Options{Access: a})
	p := h.publish()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-p.kicked
	if a.over.Load() != 0 {
		t.Error("the broadcast goes on with the next server, and was told to be over")
	}
}

func TestAHiddenStreamIsAsIfItWereNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{PlayWait: 7 * time.Second})
		h.publish().write(key(0))
		for _, wait := range []bool{false, true} {
			var took [2]time.Duration
			for i, stream := range []string{"live/none", Nowhere("live/cam1")} {
				begun := time.Now()
				_, err := h.Play(t.Context(), PlayRequest{Stream: stream, Wait: wait})
				if took[i] = time.Since(begun); err != ErrNotFound {
					t.Errorf("%q: %v", stream, err)
				}
			}
			if took[0] != took[1] {
				t.Errorf("what is hidden takes %v, what is not there %v", took[1], took[0])
			}
		}
		go h.Play(t.Context(), PlayRequest{Stream: Nowhere("live/cam1"), Wait: true})
		synctest.Wait()
		if all := h.Streams(); len(all) != 1 || all[0].Name != "live/cam1" {
			t.Errorf("%+v", all)
		}
		time.Sleep(time.Minute)
	})
}

type good struct{}

func (good) Check(time.Time) error { return nil }

// What the look at the permits of 10,000 players costs, every five seconds.
func BenchmarkCheckPermits(b *testing.B) {
	r := New(Options{Access: Everyone{}})
	if _, err := r.Publish(context.Background(), PublishRequest{App: "live", Name: "cam1"}); err != nil {
		b.Fatal(err)
	}
	ctx := Admit(context.Background(), "live/cam1", good{})
	for range 10_000 {
		if _, err := r.Play(ctx, PlayRequest{Stream: "live/cam1"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		r.CheckPermits()
	}
}
