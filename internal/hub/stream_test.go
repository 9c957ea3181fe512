package hub

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
)

func TestGrace(t *testing.T) {
	tests := []struct {
		name   string
		grant  Grant
		cause  error
		lives  time.Duration
		events string
	}{
		{"clean end", Grant{}, nil, 0, "[publish-ended stream-ended]"},
		{
			"clean end of an app that waits",
			Grant{GraceAfterEnd: true},
			nil, 30 * time.Second,
			"[publish-ended stream-reconnecting stream-ended]",
		},
		{"lost", Grant{}, errLost, 30 * time.Second, "[publish-ended stream-reconnecting stream-ended]"},
		{
			"lost, with a grace time of its own",
			Grant{Grace: time.Minute},
			errLost, time.Minute,
			"[publish-ended stream-reconnecting stream-ended]",
		},
		{"lost, with none", Grant{Grace: -1}, errLost, 0, "[publish-ended stream-ended]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := open(t, Options{Access: keyring{tt.grant}})
				p := h.publish()
				p.write(key(0))
				r := h.play(PlayRequest{})
				defer r.Close()
				p.write(inter(40))
				h.kinds()
				p.End(tt.cause)
				if tt.lives > 0 {
					time.Sleep(tt.lives - time.Millisecond)
					if got := describe(drain(t, r)); got != "K0 v40 " || r.State() != Reconnecting {
						t.Errorf("in the grace time: %s, %v", got, r.State())
					}
					time.Sleep(2 * time.Millisecond)
				}
				if !finished(r) || r.State() != Ended {
					t.Error("the stream lives on")
				}
				if _, ok := h.Stream("live/cam1"); ok {
					t.Error("the name is still taken")
				}
				if got := fmt.Sprint(fmt.Sprint(h.kinds())); got != tt.events {
					t.Errorf("events %s, want %s", got, tt.events)
				}
			})
		})
	}
}

func TestReturnInTheGraceTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0), sound(5))
		since, _ := h.Stream("live/cam1")
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		p.End(errLost)
		time.Sleep(25 * time.Second)
		p2 := h.publish()
		p.End(nil) // late: it must not end the new one
		if r.State() != Live {
			t.Errorf("state %v", r.State())
		}
		time.Sleep(9 * time.Second) // beyond the grace time of the first loss
		p2.write(key(0))
		if got, want := describe(drain(t, r)), "K34005 "; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if i, _ := h.Stream("live/cam1"); i.Generation != 2 || !i.Since.Equal(since.Since) {
			t.Errorf("%+v", i)
		}
		p2.End(nil)
	})
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.stream(0, 20_000)
		r := h.play(PlayRequest{})
		defer r.Close()
		drain(t, r)
		h.kinds()

		time.Sleep(silentAfter - 41*time.Millisecond)
		p.write(metadata(0, "is no media"))
		if r.State() != Live {
			t.Error("reconnecting too early")
		}
		time.Sleep(2 * time.Millisecond)
		<-r.Ready()
		if r.State() != Reconnecting {
			t.Errorf("after 10 s: %v", r.State())
		}
		p.write(sound(30_000))
		if r.State() != Live {
			t.Errorf("media again: %v", r.State())
		}
		time.Sleep(silentAfter + time.Millisecond)
		if r.State() != Reconnecting {
			t.Errorf("silent again: %v", r.State())
		}
		time.Sleep(closeAfter - silentAfter - 2*time.Millisecond)
		if r.State() != Reconnecting || p.gone(ErrSilent) {
			t.Errorf("after 59 s: %v", r.State())
		}
		time.Sleep(2 * time.Millisecond)
		if !p.gone(ErrSilent) || p.Write(key(0)) != ErrSilent {
			t.Error("not closed after 60 s")
		}
		time.Sleep(31 * time.Second)
		if drain, err := all(r); err == nil {
			t.Errorf("lives on after the grace time: %s", describe(drain))
		}
		want := "[stream-reconnecting stream-resumed stream-reconnecting publish-ended stream-ended]"
		if got := fmt.Sprint(fmt.Sprint(h.kinds())); got != want {
			t.Errorf("events %s, want %s", got, want)
		}
	})
}

func TestPlayWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		if _, err := h.Play(t.Context(), PlayRequest{Stream: "live/cam1"}); err != ErrNotFound {
			t.Errorf("without waiting: %v", err)
		}
		if len(h.Streams()) != 0 {
			t.Error("that made a stream")
		}

		begun := time.Now()
		_, err := h.Play(t.Context(), PlayRequest{Stream: "live/cam1", Wait: true})
		if err != ErrNotFound || time.Since(begun) != 30*time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		if len(h.Streams()) != 0 {
			t.Error("the name is still waited for")
		}

		played := make(chan *Reader)
		for range 3 {
			go func() {
				r, err := h.Play(t.Context(), PlayRequest{Stream: "live/cam1", Wait: true, Protocol: "rtmp"})
				if err != nil {
					t.Error(err)
				}
				played <- r
			}()
		}
		time.Sleep(20 * time.Second)
		if i, _ := h.Stream("live/cam1"); i.State != Waiting || i.WaitingTotal != 3 || i.ViewersTotal != 0 {
			t.Errorf("%+v", i)
		}
		if _, err := h.Play(t.Context(), PlayRequest{Stream: "live/cam1"}); err != ErrNotFound {
			t.Errorf("one that does not wait: %v", err)
		}
		p := h.publish()
		var readers []*Reader
		for range 3 {
			readers = append(readers, <-played)
		}
		if i, _ := h.Stream("live/cam1"); i.State != Live || i.WaitingTotal != 0 || i.Viewers["rtmp"] != 3 {
			t.Errorf("%+v", i)
		}
		p.write(key(0))
		time.Sleep(31 * time.Millisecond)
		for _, r := range readers {
			if got := describe(drain(t, r)); got != "K0 " {
				t.Errorf("got %s", got)
			}
			r.Close()
		}
		p.End(nil)
	})
}

func TestPlayerGoesAwayWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := h.Play(ctx, PlayRequest{Stream: "live/cam1", Wait: true}); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		if len(h.Streams()) != 0 || h.players != 0 || len(h.idle) != 0 {
			t.Error("something is left")
		}
	})
}

func TestLongGOP(t *testing.T) {
	for _, first := range []bool{true, false} { // begins with a key, or never has one
		synctest.Test(t, func(t *testing.T) {
			h := open(t, Options{})
			p := h.publish()
			for at := 0; at < 60_000; at += 40 {
				f := inter(at)
				if at == 0 && first {
					f = key(0)
				}
				p.write(f, sound(at))
				time.Sleep(40 * time.Millisecond)
			}
			var told []string
			for _, e := range h.events {
				if e.Kind == LongGOP {
					told = append(told, e.Reason)
				}
			}
			if len(told) != 1 || !strings.Contains(told[0], "20.0 s") {
				t.Errorf("told %q", told)
			}
			r := h.play(PlayRequest{})
			defer r.Close()
			if got := describe(drain(t, r)); got != "a59960 " {
				t.Errorf("who joins gets %s", got)
			}
			p.write(key(60_000))
			if got := describe(drain(t, r)); got != "K60000 " {
				t.Errorf("and then %s", got)
			}
			p.End(nil)
		})
	}
}

func TestInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.stream(0, 10_000)
		r := h.play(PlayRequest{Protocol: "rtmp"})
		packager := h.play(PlayRequest{Protocol: "hls", FromOldest: true})
		packager.SetViewers(7)
		r.Sent(1000)
		i, ok := h.Stream("live/cam1")
		if !ok || i.Name != "live/cam1" || i.State != Live || i.KeyInterval != time.Second || i.Frames != 500 ||
			i.BytesIn != 50_000 || i.BytesOut != 1000 || i.Bitrate != 40_000 {
			t.Errorf("%+v", i)
		}
		if i.ViewersTotal != 8 || i.Viewers["hls"] != 7 || i.Viewers["rtmp"] != 1 {
			t.Errorf("viewers: %v", i.Viewers)
		}
		if len(i.Tracks) != 2 || i.Tracks[0].Kind != media.Video || i.Tracks[0].FrameRate != 25 ||
			i.Tracks[1].Bitrate != 20_000 {
			t.Errorf("tracks: %+v", i.Tracks)
		}
		if i.Publisher.Software != "obs" || i.Publisher.Protocol != "rtmp" || i.Publisher.Session != "alice@192.0.2.1" {
			t.Errorf("publisher: %+v", i.Publisher)
		}
		if i.Publisher.Clock != nil {
			t.Errorf("a clock of nobody: %+v", i.Publisher.Clock)
		}
		clock := EncoderClock{"onFI", 300 * time.Millisecond}
		p.Clocked(clock)
		if i, _ := h.Stream("live/cam1"); i.Publisher.Clock == nil || *i.Publisher.Clock != clock {
			t.Errorf("the encoder's clock: %+v", i.Publisher.Clock)
		}
		r.Close()
		packager.Close()
		packager.SetViewers(9)
		p.End(errLost)
		if i, _ := h.Stream("live/cam1"); len(i.Viewers) != 0 || i.Publisher != nil || i.State != Reconnecting {
			t.Errorf("%+v", i)
		}
		time.Sleep(time.Minute)
	})
}

func TestTimeJoinedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0), key(90_000))
		if got, want := fmt.Sprint(fmt.Sprint(h.kinds())), "[publish-started time-joined]"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		p.End(nil)
	})
}

// The first bytes of an encoder come before anybody knows which stream they are
// of.
func TestFrameOlderThanItsStream(t *testing.T) {
	h := open(t, Options{})
	p := h.publish()
	f := key(0)
	f.Arrival = time.Now().Add(-time.Minute)
	if err := p.Write(f); err != nil {
		t.Fatal(err)
	}
	if i, ok := h.Stream(p.Stream()); !ok || i.Frames != 1 {
		t.Errorf("got %+v", i)
	}
}
