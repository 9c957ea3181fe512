package hub

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// still asks for the newest picture as a viewer does.
func (h *house) still() (Still, error) {
	return h.Still(h.t.Context(), PlayRequest{Stream: "live/cam1", Protocol: "poster"})
}

// The newest key frame is there from the first one to the end of the grace time.
func TestStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{Grace: 30 * time.Second})
		if _, err := h.still(); !errors.Is(err, ErrNotFound) {
			t.Errorf("without a stream: %v", err)
		}
		s := h.publish()
		want := func(when string, at int) {
			t.Helper()
			still, err := h.still()
			switch {
			case err != nil:
				t.Errorf("%s: %v", when, err)
			case still.Stream != "live/cam1" || still.Broadcast == "":
				t.Errorf("%s: %+v", when, still)
			case at < 0 && still.Frame != nil:
				t.Errorf("%s: there is a picture of %d", when, still.Frame.DTS)
			case at >= 0 && (still.Frame == nil || still.Frame.DTS != ms(at) || !still.Frame.IsKey()):
				t.Errorf("%s: it is %+v, want the key of %d ms", when, still.Frame, at)
			}
		}
		want("before the first frame", -1)
		s.write(sound(0), inter(10))
		want("before the first key", -1)
		s.write(key(20))
		want("after the first key", 20)
		s.write(inter(60), sound(70), key(1020), inter(1060))
		want("after the second key", 1020)
		s.End(errLost)
		time.Sleep(29 * time.Second)
		want("in the grace time", 1020)
		if i, _ := h.Stream("live/cam1"); i.ViewersTotal != 0 || len(i.Viewers) != 0 {
			t.Errorf("somebody was counted: %v", i.Viewers)
		}
		time.Sleep(2 * time.Second)
		if _, err := h.still(); !errors.Is(err, ErrNotFound) {
			t.Errorf("after the grace time: %v", err)
		}
	})
}

// A stream that players wait for is not there.
func TestStillOfWaitingStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		go h.Play(t.Context(), PlayRequest{Stream: "live/cam1", Wait: true})
		synctest.Wait()
		if _, err := h.still(); !errors.Is(err, ErrNotFound) {
			t.Errorf("Still: %v", err)
		}
		time.Sleep(time.Minute)
	})
}

// closed lets publishers in, and no players.
type closed struct{ keyring }

func (closed) Play(context.Context, *PlayRequest) error {
	return &Refusal{Code: Forbidden, Reason: "no"}
}

// Who may not play gets no picture either, and the refusal is told.
func TestStillIsRefused(t *testing.T) {
	h := open(t, Options{Access: closed{}})
	h.publish().write(key(0))
	h.kinds()
	still, err := h.still()
	if refusal, ok := errors.AsType[*Refusal](err); !ok || refusal.Code != Forbidden || still.Frame != nil {
		t.Errorf("%+v, %v", still, err)
	}
	if kinds := h.kinds(); !slices.Equal(kinds, []EventKind{PlayRefused}) {
		t.Errorf("the events are %v", kinds)
	}
}
