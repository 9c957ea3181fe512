package ticket

import (
	"encoding/binary"
	"testing"
)

func numbered(i int) (d digest) {
	binary.BigEndian.PutUint64(d[:], uint64(i))
	return d
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	for i := range 10 * maxSeen {
		c.put(numbered(i), verified{claims: Claims{ID: "x"}})
		if n := len(c.young) + len(c.old); n > 2*maxSeen {
			t.Fatalf("it has %d entries", n)
		}
	}
	if _, ok := c.get(numbered(0)); ok {
		t.Error("it forgets nothing")
	}
	for i := 10*maxSeen - maxSeen; i < 10*maxSeen; i++ {
		if e, ok := c.get(numbered(i)); !ok || e.claims.ID != "x" {
			t.Fatalf("it forgot one of the last %d", maxSeen)
		}
	}
}

// However many come once, who comes again and again is remembered.
func TestCacheKeepsWhoComesBack(t *testing.T) {
	var c cache
	c.put(numbered(-1), verified{})
	for i := range 10 * maxSeen {
		c.put(numbered(i), verified{})
		if i%(maxSeen/2) == 0 {
			if _, ok := c.get(numbered(-1)); !ok {
				t.Fatalf("it forgot after %d others", i)
			}
		}
	}
}
