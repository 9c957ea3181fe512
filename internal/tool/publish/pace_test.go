package publish

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	start := time.Unix(100, 0)
	var p pace
	for _, c := range []struct {
		now, at, wait time.Duration
	}{
		{0, 0, 0},
		{0, 40 * time.Millisecond, 40 * time.Millisecond},
		{10 * time.Millisecond, 40 * time.Millisecond, 30 * time.Millisecond},
		// A short stall is made up for.
		{900 * time.Millisecond, 80 * time.Millisecond, -820 * time.Millisecond},
		{900 * time.Millisecond, time.Second, 100 * time.Millisecond},
		// Of a long one a second is.
		{61 * time.Second, time.Second, -time.Second},
		{61 * time.Second, 2 * time.Second, 0},
		{61 * time.Second, 3 * time.Second, time.Second},
	} {
		if got := p.wait(start.Add(c.now), c.at); got != c.wait {
			t.Errorf("at %v the frame of %v waits %v, want %v", c.now, c.at, got, c.wait)
		}
	}
	if p.late != 59*time.Second {
		t.Errorf("%v late", p.late)
	}
}
