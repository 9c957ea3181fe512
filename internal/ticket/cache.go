package ticket

import (
	"crypto/sha256"
	"sync"
)

// maxSeen is how many tokens each of the two generations of the cache has. An
// entry is below 1 KiB, most are a third of that.
const maxSeen = 8192

// digest names a token in the cache, where no token is kept.
type digest [sha256.Size]byte

// verified is a token whose signature was good under these keys, of which one
// pointer is nil.
type verified struct {
	claims Claims
	trust  *trust  // that the own key was of
	set    *keySet // that the issuer's key was of
}

// cache remembers tokens that were good: players of HLS show theirs with every
// request. When the young generation is full it becomes the old one, whose
// tokens are forgotten unless they are seen again.
type cache struct {
	mu         sync.RWMutex
	young, old map[digest]verified
}

func (c *cache) get(d digest) (verified, bool) {
	c.mu.RLock()
	e, ok := c.young[d]
	if ok {
		c.mu.RUnlock()
		return e, true
	}
	e, ok = c.old[d]
	c.mu.RUnlock()
	if ok {
		c.put(d, e)
	}
	return e, ok
}

func (c *cache) put(d digest, e verified) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= maxSeen {
		c.old, c.young = c.young, make(map[digest]verified)
	}
	c.young[d] = e
}
