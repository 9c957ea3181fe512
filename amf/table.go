package amf

// table numbers what a message can refer to, in the order of writing. Most
// messages have a handful of entries, for which a map would cost more than it
// saves.
type table[K comparable] struct {
	keys  []K
	index map[K]int
}

const smallTable = 16

func (t *table[K]) find(k K) (int, bool) {
	if t.index != nil {
		i, ok := t.index[k]
		return i, ok
	}
	for i := range t.keys {
		if t.keys[i] == k {
			return i, true
		}
	}
	return 0, false
}

func (t *table[K]) add(k K) {
	if t.index == nil && len(t.keys) == smallTable {
		t.index = make(map[K]int, 2*smallTable)
		for i, k := range t.keys {
			t.index[k] = i
		}
	}
	if t.index != nil {
		t.index[k] = len(t.keys)
	}
	t.keys = append(t.keys, k)
}
