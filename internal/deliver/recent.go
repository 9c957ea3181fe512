package deliver

import "sync"

// Recent keeps what was made last under some keys. The zero value is ready.
type Recent[V any] struct {
	mu     sync.Mutex
	values map[string]V
	keys   []string // oldest first
}

// mostRecent is how many values are kept: strangers choose the keys.
const mostRecent = 16

// Update gives the value of a key, the zero value at first, to change, keeps what that
// returns, and returns it. One change is made at a time.
func (c *Recent[V]) Update(key string, change func(V) V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, known := c.values[key]
	after := change(before)
	if !known {
		if c.values == nil {
			c.values = make(map[string]V)
		}
		if len(c.keys) == mostRecent {
			delete(c.values, c.keys[0])
			c.keys = append(c.keys[:0], c.keys[1:]...)
		}
		c.keys = append(c.keys, key)
	}
	c.values[key] = after
	return after
}
