package hub

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// send keeps a session sending, until it is over.
func (s *session) send() {
	s.h.senders.Go(func() {
		for at := 0; s.Write(key(at)) == nil; at += 40 {
			time.Sleep(40 * time.Millisecond)
		}
	})
}

func (s *session) gone(want error) bool {
	select {
	case err := <-s.kicked:
		return err == want
	default:
		return false
	}
}

func TestLostEncoderComesBackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		old := h.publish()
		old.stream(0, 1000)
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		time.Sleep(time.Second) // its connection hangs

		begun := time.Now()
		p := h.publish()
		if took := time.Since(begun); took != 0 {
			t.Errorf("waited %v", took)
		}
		if !old.gone(ErrTakenOver) {
			t.Error("the old session was not closed")
		}
		if err := old.Write(inter(1040)); err != ErrTakenOver {
			t.Errorf("the old session may write: %v", err)
		}
		old.End(nil)
		old.End(errLost)
		p.write(key(0), inter(40))
		if got := drain(t, r); len(got) != 2 || got[0].Epoch != 1 {
			t.Errorf("the player got %s", describe(got))
		}
		if i, ok := h.Stream("live/cam1"); !ok || i.State != Live || i.Generation != 2 {
			t.Errorf("%+v", i)
		}
		if got, want := fmt.Sprint(fmt.Sprint(h.kinds())), "[publish-started publish-taken-over publish-started]"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		// And again and again: a bad line is no fight.
		for range 5 {
			time.Sleep(time.Second)
			h.publish().write(key(0))
		}
		h.publish().End(nil)
	})
}

func TestTwoEncodersOnOneKey(t *testing.T) {
	for _, hosts := range [][2]string{{"192.0.2.1", "192.0.2.2"}, {"192.0.2.1", "192.0.2.1"}} {
		synctest.Test(t, func(t *testing.T) {
			h := open(t, Options{})
			a := h.publishAs("alice", hosts[0], "obs")
			a.send()
			time.Sleep(time.Second)

			begun := time.Now()
			b := h.publishAs("alice", hosts[1], "obs")
			if took := time.Since(begun); took > 40*time.Millisecond {
				t.Errorf("waited %v for the next frame of one that sends", took)
			}
			b.send()
			if !a.gone(ErrTakenOver) {
				t.Error("the first did not give way")
			}
			// The first comes back each second, for 10 minutes.
			for range 600 {
				time.Sleep(time.Second)
				if _, err := h.try(request("alice", hosts[0], "obs")); !refused(err, TakenOver) {
					t.Fatalf("after %v: %v", time.Since(begun), err)
				}
			}
			if i, _ := h.Stream("live/cam1"); i.Generation != 2 || len(i.Refused) != maxRefused {
				t.Errorf("generation %d, %d refused tries", i.Generation, len(i.Refused))
			}

			// When it leaves the stream alone for a minute it may come back.
			time.Sleep(banTime)
			if p, err := h.try(request("alice", hosts[0], "obs")); err != nil {
				t.Errorf("a minute later: %v", err)
			} else {
				p.End(nil)
			}
		})
	}
}

func TestTheOneThatGaveWayMayComeWhenTheOtherIsGone(t *testing.T) {
	for name, leave := range map[string]func(*session){
		"lost":   func(b *session) { b.End(errLost) },
		"silent": func(*session) { time.Sleep(silentAfter) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, Options{})
				a := h.publishAs("alice", "192.0.2.1", "obs")
				a.send()
				b := h.publishAs("alice", "192.0.2.2", "obs")
				b.write(key(0))
				leave(b)
				h.publishAs("alice", "192.0.2.1", "obs").End(nil)
			})
		})
	}
}

func TestThirdChangeInAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		for i := range 3 {
			h.publishAs("alice", fmt.Sprintf("192.0.2.%d", i+1), "obs").send()
			time.Sleep(time.Second)
		}
		h.kinds()
		for range 2 {
			if _, err := h.try(request("alice", "192.0.2.4", "obs")); !refused(err, InUse) {
				t.Errorf("third change: %v", err)
			}
		}
		if got, want := fmt.Sprint(fmt.Sprint(h.kinds())), "[alarm publish-refused publish-refused]"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		if i, _ := h.Stream("live/cam1"); i.Publisher.Remote.Addr().String() != "192.0.2.3" {
			t.Errorf("%v is on air", i.Publisher.Remote)
		}
		time.Sleep(changeTime)
		h.publishAs("alice", "192.0.2.4", "obs").End(nil)
	})
}

func TestWhoMayBeSecond(t *testing.T) {
	tests := []struct {
		name        string
		grant       Grant
		owner, host string
		silence     time.Duration
		code        Code
		ok          bool
	}{
		{"another key", Grant{}, "bob", "192.0.2.1", 0, InUse, false},
		{"another key after 9 s of silence", Grant{}, "bob", "192.0.2.1", 9 * time.Second, InUse, false},
		{"another key when it is reconnecting", Grant{}, "bob", "192.0.2.1", silentAfter, 0, true},
		{"the rule to refuse", Grant{SecondPublisher: Refuse}, "alice", "192.0.2.1", 5 * time.Second, InUse, false},
		{"the rule to refuse when it is reconnecting", Grant{SecondPublisher: Refuse}, "alice", "192.0.2.1", silentAfter, 0, true},
		{"open, the same address", Grant{Open: true}, "", "192.0.2.1", time.Second, 0, true},
		{"open, another address", Grant{Open: true}, "", "192.0.2.2", time.Second, InUse, false},
		{"open, another address after 3 s", Grant{Open: true}, "", "192.0.2.2", openSilence, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, Options{Access: keyring{tt.grant}})
				first := "alice"
				if tt.grant.Open {
					first = ""
				}
				a := h.publishAs(first, "192.0.2.1", "obs")
				a.write(key(0))
				time.Sleep(tt.silence)
				b, err := h.try(request(tt.owner, tt.host, "obs"))
				if tt.ok {
					if err != nil || !a.gone(ErrTakenOver) {
						t.Fatalf("not let in: %v", err)
					}
					b.End(nil)
					return
				}
				if !refused(err, tt.code) {
					t.Fatalf("got %v, want refusal %v", err, tt.code)
				}
				a.write(key(40)) // unharmed
				i, _ := h.Stream("live/cam1")
				if len(i.Refused) != 1 || i.Refused[0].Code != tt.code || i.Generation != 1 {
					t.Errorf("%+v", i)
				}
				a.End(nil)
			})
		})
	}
}

// One that has just begun and has not sent anything yet is not silent at once.
func TestSecondWaitsForASign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		a := h.publish()
		begun := time.Now()
		b := h.publish()
		if took := time.Since(begun); took != minPatience {
			t.Errorf("waited %v, want %v", took, minPatience)
		}
		if !a.gone(ErrTakenOver) {
			t.Error("the silent one stays")
		}
		b.End(nil)
	})
}

// Slow frames are no silence: the newcomer waits for the next one.
func TestSlowEncoderIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{Access: keyring{}})
		a := h.publishAs("alice", "192.0.2.1", "camera")
		h.senders.Go(func() {
			for at := 0; a.Write(key(at)) == nil; at += 900 {
				time.Sleep(900 * time.Millisecond)
			}
		})
		time.Sleep(30*time.Second + 800*time.Millisecond)
		h.publishAs("alice", "192.0.2.2", "obs").send()
		time.Sleep(time.Second)
		if _, err := h.try(request("alice", "192.0.2.1", "camera")); !refused(err, TakenOver) {
			t.Errorf("it was taken for silent: %v", err)
		}
	})
}

func TestSecondGoesAwayWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		a := h.publish()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := h.Publish(ctx, request("alice", "192.0.2.1", "obs")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		a.write(key(0))
		if got := h.kinds(); slices.Contains(got, PublishRefused) {
			t.Errorf("events: %v", got)
		}
		a.End(nil)
	})
}

func TestBansAreBounded(t *testing.T) {
	var r rivals
	now := time.Now()
	of := func(i int) encoder { return encoder{"alice", netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), "obs"} }
	for i := range 100 {
		r.gaveWay(of(i), now)
	}
	if len(r.bans) != maxBans || !r.banned(of(99), now) || r.banned(of(0), now) {
		t.Errorf("%d bans", len(r.bans))
	}
}
