package bench

import (
	"testing"
	"time"
)

// Each bucket begins where the one before it ends.
func TestBuckets(t *testing.T) {
	for i := range buckets - 1 {
		end := upper(i)
		if got := bucket(end - time.Microsecond); got != i {
			t.Fatalf("the last microsecond of bucket %d is in %d", i, got)
		}
		if got := bucket(end); got != i+1 {
			t.Fatalf("the end of bucket %d, %v, is in %d", i, end, got)
		}
	}
	if bucket(-time.Second) != 0 || bucket(1<<62) != buckets-1 {
		t.Error("what is out of range is not in the outermost buckets")
	}
}

func TestSpread(t *testing.T) {
	var h histogram
	if h.spread() != nil {
		t.Error("nothing is spread")
	}
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	s := h.spread()
	if s.Count != 1000 || !near(s.P50, 500) || s.P50 > 516 || !near(s.P99, 990) || s.Max != 1000 {
		t.Errorf("%+v", s)
	}
}
