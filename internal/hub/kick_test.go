package hub

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestKick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0), sound(0))
		a, b := h.play(PlayRequest{Session: "a"}), h.play(PlayRequest{Session: "b"})
		defer a.Close()
		defer b.Close()
		drain(t, a)
		h.kinds()
		if h.Kick("nobody", "go") {
			t.Error("somebody was kicked who is not there")
		}
		if !h.Kick("a", "go away") || h.Kick("a", "go away") {
			t.Error("a is kicked once")
		}
		if _, err := all(a); !refused(err, Kicked) || !strings.Contains(err.Error(), "go away") {
			t.Error(err)
		}
		drain(t, b)

		// What waits in a ring is not lost for those who may go on.
		p.write(inter(40))
		if !h.Kick("alice@192.0.2.1", "the key was revoked") {
			t.Error("the publisher stays")
		}
		if err := <-p.kicked; !refused(err, Kicked) {
			t.Error(err)
		}
		if got, err := all(b); len(got) != 1 || err == nil {
			t.Errorf("%s, %v", describe(got), err)
		}
		if got := h.kinds(); len(got) != 2 || got[0] != PublishEnded || got[1] != StreamEnded {
			t.Errorf("the events are %v", got)
		}
		p.End(errLost) // is over already

		// It is no ban.
		h.publish().write(key(0))
	})
}

func TestKickWhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		var readers []*Reader
		for _, protocol := range []string{"rtmp", "http-flv", "rtmp"} {
			r := h.play(PlayRequest{Protocol: protocol})
			defer r.Close()
			readers = append(readers, r)
		}
		seen := 0
		n := h.KickWhere(func(s SessionInfo, owner string) bool {
			seen++
			if (owner == "alice") != (s.Role == Publisher) {
				t.Errorf("%+v is %q's", s, owner)
			}
			return s.Role == Player && s.Protocol == "rtmp"
		}, "not by RTMP")
		if n != 2 || seen != 4 {
			t.Errorf("%d of %d were kicked", n, seen)
		}
		for i, r := range readers {
			if (r.Over() != nil) != (i != 1) {
				t.Errorf("%d: %v", i, r.Over())
			}
		}
		if n := h.KickWhere(func(_ SessionInfo, owner string) bool { return owner == "alice" }, "revoked"); n != 1 {
			t.Errorf("%d publishers were kicked", n)
		}
		<-p.kicked
	})
}

func TestKickStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0))
		req := request("alice", "192.0.2.1", "obs")
		req.Name = "cam2"
		other, err := h.try(req)
		if err != nil {
			t.Fatal(err)
		}
		other.write(key(0))
		r := h.play(PlayRequest{})
		defer r.Close()
		if n := h.KickStream("live/cam1", "it was deleted"); n != 2 {
			t.Errorf("%d were kicked", n)
		}
		if err := r.Over(); err != nil && !refused(err, Kicked) {
			t.Error(err)
		}
		if _, ok := h.Stream("live/cam1"); ok {
			t.Error("it is on air still")
		}
		other.write(key(40))
	})
}

// A kick that comes with the end of the player by itself, and with frames.
func TestKickRaces(t *testing.T) {
	h := open(t, Options{Sessions: func(SessionChange) {}})
	p := h.publish()
	p.write(key(0))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for at := 40; p.Write(key(at)) == nil; at += 40 {
			time.Sleep(100 * time.Microsecond)
		}
	}()
	for range 200 {
		r := h.play(PlayRequest{Session: "x"})
		kicked := make(chan struct{})
		go func() {
			defer close(kicked)
			h.Kick("x", "go")
		}()
		if _, err := all(r); err != nil && !refused(err, Kicked) {
			t.Error(err)
		}
		r.Close()
		<-kicked
		if r.Over() != ErrClosed {
			t.Error(r.Over())
		}
	}
	h.KickStream("live/cam1", "the end")
	<-done
	if page, _ := h.Sessions(SessionQuery{Limit: 10}); len(page) != 0 {
		t.Errorf("%+v are left", page)
	}
}
