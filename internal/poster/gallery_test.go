package poster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// easel is a gallery whose pictures are counted.
type easel struct {
	*gallery
	t *testing.T
	// takes is how long a making takes, fails what it ends with.
	takes time.Duration
	fails error
	size  int

	mu      sync.Mutex
	painted int
	ends    []error
}

func newEasel(t *testing.T) *easel {
	e := &easel{t: t, takes: time.Second, size: 10}
	e.gallery = newGallery(e.paint, func(_ string, err error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.ends = append(e.ends, err)
	})
	t.Cleanup(e.close)
	return e
}

// paint makes a picture that tells its number.
func (e *easel) paint(ctx context.Context, of *media.Frame) ([]byte, error) {
	e.mu.Lock()
	e.painted++
	n, takes, fails := e.painted, e.takes, e.fails
	e.mu.Unlock()
	if of.Payload != nil {
		panic("no such picture")
	}
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return append(fmt.Appendf(nil, "%d ", n), make([]byte, e.size)...), fails
}

func (e *easel) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.painted
}

func key() *media.Frame {
	return &media.Frame{Kind: media.Video, Class: media.Key, Arrival: time.Now()}
}

// look is a request; it returns the number of the picture, "" when there is none.
func (e *easel) look(broadcast string, f *media.Frame) string {
	p := e.picture(e.t.Context(), hub.Still{Stream: "live/" + broadcast, Broadcast: broadcast, Frame: f})
	if p == nil {
		return ""
	}
	number, _, _ := bytes.Cut(p.jpeg, []byte(" "))
	return string(number)
}

func (e *easel) want(when, broadcast string, f *media.Frame, picture string) {
	e.t.Helper()
	if got := e.look(broadcast, f); got != picture {
		e.t.Errorf("%s: picture %q, want %q", when, got, picture)
	}
}

// All who ask at once wait for one making, and nothing is made in the next 5 s.
func TestOneMakingForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		f := key()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { e.want("at once", "a", f, "1") })
		}
		all.Wait()
		time.Sleep(3900 * time.Millisecond)
		e.want("after 4.9 s", "a", key(), "1")
		time.Sleep(200 * time.Millisecond)
		e.want("after 5.1 s", "a", key(), "2")
		if n := e.count(); n != 2 {
			t.Errorf("%d pictures were made", n)
		}
	})
}

// A key frame that was painted is not painted again, as in the grace time, and
// the picture stays when the key frame goes.
func TestSameKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		e.want("before the first key", "a", nil, "")
		f := key()
		e.want("the first key", "a", f, "1")
		for range 10 {
			time.Sleep(30 * time.Second)
			e.want("the same key", "a", f, "1")
		}
		e.want("no key any more", "a", nil, "1")
		if n := e.count(); n != 1 {
			t.Errorf("%d pictures were made", n)
		}
	})
}

// Who can have an older picture does not wait long for the new one.
func TestSlowMaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		e.want("the first", "a", key(), "1")
		time.Sleep(10 * time.Second)
		e.takes = 8 * time.Second
		asked := time.Now()
		e.want("the slow one", "a", key(), "1")
		if d := time.Since(asked); d != glance {
			t.Errorf("that took %v", d)
		}
		time.Sleep(6 * time.Second)
		e.want("when it is there", "a", nil, "2")
	})
}

// A viewer that goes does not wait, and leaves the making to others.
func TestViewerGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		f := key()
		if p := e.picture(ctx, hub.Still{Broadcast: "a", Frame: f}); p != nil {
			t.Error("there is a picture already")
		}
		e.want("for the next one", "a", f, "1")
	})
}

// Makings that fail become rarer, and the last picture stays.
func TestFailedMakings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		e.want("the first", "a", key(), "1")
		e.fails = errors.New("no")
		for range 600 {
			time.Sleep(time.Second)
			e.want("a failed one", "a", key(), "1")
		}
		if n := e.count() - 1; n < 9 || n > 14 {
			t.Errorf("%d were tried in 10 minutes", n)
		}
		e.fails = nil
		time.Sleep(time.Minute)
		n := fmt.Sprint(e.count() + 1)
		e.want("at last", "a", key(), n)
		time.Sleep(every)
		if e.look("a", key()) == n {
			t.Error("the next one is not made in time")
		}
	})
}

// A making that panics is none, and ends nothing else.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		bad := key()
		bad.Payload = []byte{1}
		e.want("a panic", "a", bad, "")
		synctest.Wait()
		bug, ok := errors.AsType[*panicError](e.ends[0])
		if !ok || bug.value != "no such picture" || len(bug.stack) == 0 {
			t.Errorf("it ended with %v", e.ends)
		}
	})
}

// What nobody asks for is forgotten, and broadcasts have nothing of one another.
func TestForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		e.want("the first", "a", key(), "1")
		e.want("another broadcast", "b", nil, "")
		for range 3 {
			time.Sleep(50 * time.Second)
			e.want("asked for", "b", nil, "")
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.frames) != 1 || e.frames["b"] == nil || e.bytes != 0 {
			t.Errorf("%d frames of %d bytes are left", len(e.frames), e.bytes)
		}
	})
}

// All pictures together have a bound.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		e.size = maxOutput
		for n := range 100 {
			e.look(fmt.Sprint(n), key())
			time.Sleep(time.Millisecond)
		}
		if e.bytes > budget || e.bytes < budget/2 {
			t.Errorf("there are %d bytes", e.bytes)
		}
		e.want("the last one", "99", nil, "100")
		// The first is made again, for somebody asks.
		e.want("the first one", "0", key(), "101")
	})
}

// The end does not wait for what is being made.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t)
		e.takes = time.Hour
		begun := time.Now()
		go func() {
			synctest.Wait()
			e.close()
		}()
		e.want("at the end", "a", key(), "")
		time.Sleep(time.Minute)
		e.want("after the end", "a", key(), "")
		if n := e.count(); n != 1 || len(e.ends) != 0 {
			t.Errorf("%d were begun, %v told of, in %v", n, e.ends, time.Since(begun))
		}
	})
}
