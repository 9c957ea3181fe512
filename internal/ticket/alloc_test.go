package ticket

import (
	"testing"
	"time"
)

// Every request of every viewer of HLS comes this way.
func TestAllocsOfThoseWhoComeAgain(t *testing.T) {
	k := key("k1")
	v := crowded(t, k, ed25519Pair(t, "ed"))
	token := issue(t, k, Claims{Subject: "live/cam1", Expires: fuzzTime.Add(time.Hour)})
	c, err := v.Verify(t.Context(), fuzzTime, token, "live/cam1", viewer)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for what, f := range map[string]struct {
		most float64
		do   func() error
	}{
		"a token that was seen": {1, func() error { _, err := v.Verify(ctx, fuzzTime, token, "live/cam1", viewer); return err }},
		"who watches":           {0, func() error { return v.Check(fuzzTime, c) }},
	} {
		n := testing.AllocsPerRun(100, func() {
			if err := f.do(); err != nil {
				t.Fatal(err)
			}
		})
		if n > f.most {
			t.Errorf("%s: %v allocations, at most %v", what, n, f.most)
		}
	}
}
