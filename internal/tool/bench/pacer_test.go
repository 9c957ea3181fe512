package bench

import (
	"slices"
	"testing"
	"time"
)

// No two publishers send their frames at the same instant, however many there
// are, and their key frames are spread, too.
func TestPhase(t *testing.T) {
	const frame = time.Second / 30
	for _, all := range []int{1, 2, 7, 60, 61, 500, 2000} {
		in := make([]time.Duration, all)
		last := time.Duration(0)
		for i := range all {
			p := phase(i, all, frame, keyDistance)
			in[i] = p % frame
			last = max(last, p)
		}
		slices.Sort(in)
		gap := frame - in[all-1] + in[0]
		for i := 1; i < all; i++ {
			if in[i] == in[i-1] {
				t.Errorf("%d publishers: two at %v", all, in[i])
			}
			gap = max(gap, in[i]-in[i-1])
		}
		if gap > 3*frame/time.Duration(all) {
			t.Errorf("%d publishers: none for %v of %v", all, gap, frame)
		}
		if last > keyDistance || all > 1 && last < keyDistance/3 {
			t.Errorf("%d publishers: the last begins at %v", all, last)
		}
	}
}
