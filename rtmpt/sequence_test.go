package rtmpt

import "testing"

func TestSequence(t *testing.T) {
	type step struct {
		n    uint64
		want place
	}
	for name, c := range map[string]struct {
		loose bool
		steps []step
	}{
		"librtmp and FFmpeg begin at 0": {false, []step{{0, next}, {1, next}, {2, next}}},
		"the Flash Player begins at 1":  {false, []step{{1, next}, {2, next}}},
		"a proxy repeats":               {false, []step{{0, next}, {0, repeated}, {1, next}, {1, repeated}, {1, repeated}, {2, next}}},
		"a proxy repeats late":          {false, []step{{0, next}, {1, next}, {0, stale}, {2, next}, {1, stale}}},
		"one overtakes":                 {false, []step{{0, next}, {2, early}, {1, next}, {2, next}}},
		"a client counts by twos":       {true, []step{{0, next}, {2, next}, {2, repeated}, {4, next}}},
		"a client begins anew":          {true, []step{{7, next}, {0, next}, {1, next}}},
	} {
		s := sequence{loose: c.loose}
		for i, st := range c.steps {
			got := s.place(st.n)
			if got != st.want {
				t.Errorf("%s: step %d, number %d: %d, want %d", name, i, st.n, got, st.want)
			}
			if got == next {
				s.done(st.n)
			}
		}
	}
}
