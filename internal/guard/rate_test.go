package guard

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRate[string](50, 100)
		take := func(k string, n int) (taken int) {
			for range n {
				if _, ok := r.Take(k); ok {
					taken++
				}
			}
			return taken
		}
		if got := take("one", 150); got != 100 {
			t.Errorf("%d at once", got)
		}
		wait, ok := r.Take("one")
		if ok || wait != 20*time.Millisecond {
			t.Errorf("got %v, %v", wait, ok)
		}
		if got := take("two", 5); got != 5 {
			t.Errorf("another has %d", got)
		}
		time.Sleep(wait)
		if got := take("one", 2); got != 1 {
			t.Errorf("%d after the wait", got)
		}
		time.Sleep(time.Second)
		if got := take("one", 150); got != 50 {
			t.Errorf("%d a second", got)
		}
		time.Sleep(time.Hour)
		if got := take("one", 150); got != 100 {
			t.Errorf("%d after a rest", got)
		}
	})
}

func TestRateIsBounded(t *testing.T) {
	r := NewRate[int](1, 1)
	for i := range 3 * rated {
		r.Take(i)
		if n := r.full.size(); n > rated {
			t.Fatalf("%d are remembered", n)
		}
	}
	// One that goes on is not forgotten in the crowd.
	r.Take(-1)
	for i := range rated / 4 {
		r.Take(i)
	}
	if _, ok := r.Take(-1); ok {
		t.Error("one was forgotten")
	}
}

func BenchmarkRate(b *testing.B) {
	r := NewRate[string](1e9, 1e9)
	b.ReportAllocs()
	for b.Loop() {
		r.Take("one")
	}
}
