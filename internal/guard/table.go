package guard

// table remembers something of at most so many, and forgets who has not been seen for longest. It is two maps: when the
// newer one is half of all, it becomes the older one, and what was in that is forgotten. So forgetting costs nothing,
// whatever is thrown at it.
type table[K comparable, V any] struct {
	newer, older map[K]V
	most         int
}

func newTable[K comparable, V any](most int) table[K, V] {
	return table[K, V]{newer: make(map[K]V), most: most}
}

func (t *table[K, V]) get(k K) (V, bool) {
	v, ok := t.newer[k]
	if !ok {
		v, ok = t.older[k]
	}
	return v, ok
}

func (t *table[K, V]) put(k K, v V) {
	if _, ok := t.newer[k]; !ok && len(t.newer) >= t.most/2 {
		t.newer, t.older = make(map[K]V), t.newer
	}
	t.newer[k] = v
}

// size is how many are remembered; one that was seen lately counts twice.
func (t *table[K, V]) size() int { return len(t.newer) + len(t.older) }
