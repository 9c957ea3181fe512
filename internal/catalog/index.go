package catalog

import (
	"cmp"
	"slices"
)

// index is what can be seen, in the ways it is looked for. Of two streams with
// one path, two keys with one secret and two credentials with one user that of
// the config file is seen, and the other one stands behind it.
type index struct {
	items       map[ref]*item
	paths       map[string]*Stream
	playback    map[string]*Stream
	orders      [3][]*Stream // by path, creation, change; replaced and never changed
	hashes      map[digest]*Key
	keys        map[string][]*Key // by path, the oldest first; the slices are replaced and never changed
	tokens      map[digest]*Token
	users       map[string]*item
	credentials map[string][]*Credential // as keys
	others      map[string]map[string]*item

	added, removed []*Stream // that orders do not know yet
}

// newIndex is for about as many items.
func newIndex(items int) *index {
	return &index{
		items: make(map[ref]*item, items), paths: map[string]*Stream{}, playback: map[string]*Stream{},
		hashes: map[digest]*Key{}, keys: map[string][]*Key{}, tokens: map[digest]*Token{},
		users: map[string]*item{}, credentials: map[string][]*Credential{},
		others: map[string]map[string]*item{
			KindToken: {}, KindWebhook: {}, KindBan: {}, KindSigningKey: {}, KindRevocation: {},
		},
	}
}

func managed(obj object) bool { return obj.meta().Managed == ByConfig }

// put adds an item, or takes it in place of the one that has its kind and id.
// The caller calls settle at the end.
func (x *index) put(it *item) {
	x.remove(it.ref)
	switch o := it.obj.(type) {
	case *Stream:
		if _, ok := x.paths[o.Path()]; ok {
			return
		}
		x.paths[o.Path()] = o
		for _, id := range o.PlaybackIDs {
			x.playback[id] = o
		}
		x.added = append(x.added, o)
		x.adopt(o)
	case *Key:
		k := *o
		k.Stream = x.streamID(k.Path)
		it = it.with(&k)
		if d, ok := parseDigest(k.Hash); ok {
			if other := x.hashes[d]; other == nil || !managed(other) {
				x.hashes[d] = &k
			}
		}
		x.keys[k.Path] = inserted(x.keys[k.Path], &k)
	case *Credential:
		k := *o
		k.Stream = x.streamID(k.Path)
		it = it.with(&k)
		if other := x.users[k.User]; other == nil || !managed(other.obj) {
			x.users[k.User] = it
		}
		x.credentials[k.Path] = inserted(x.credentials[k.Path], &k)
	case *Token:
		if d, ok := parseDigest(o.Hash); ok {
			if other := x.tokens[d]; other == nil || !managed(other) {
				x.tokens[d] = o
			}
		}
		x.others[it.kind][it.id] = it
	default:
		x.others[it.kind][it.id] = it
	}
	x.items[it.ref] = it
}

func (it *item) with(obj object) *item {
	c := *it
	c.obj = obj
	return &c
}

// adopt gives keys and credentials that were there before their stream its id.
func (x *index) adopt(s *Stream) {
	for _, k := range x.keys[s.Path()] {
		if k.Stream != s.ID {
			x.put(x.items[ref{KindKey, k.ID}])
		}
	}
	for _, k := range x.credentials[s.Path()] {
		if k.Stream != s.ID {
			x.put(x.items[ref{KindCredential, k.ID}])
		}
	}
}

func (x *index) remove(r ref) {
	it := x.items[r]
	if it == nil {
		return
	}
	delete(x.items, r)
	switch o := it.obj.(type) {
	case *Stream:
		delete(x.paths, o.Path())
		for _, id := range o.PlaybackIDs {
			if x.playback[id] == o {
				delete(x.playback, id)
			}
		}
		x.removed = append(x.removed, o)
	case *Key:
		if d, ok := parseDigest(o.Hash); ok && x.hashes[d] == o {
			delete(x.hashes, d)
		}
		without(x.keys, o.Path, o)
	case *Credential:
		if x.users[o.User] == it {
			delete(x.users, o.User)
		}
		without(x.credentials, o.Path, o)
	case *Token:
		if d, ok := parseDigest(o.Hash); ok && x.tokens[d] == o {
			delete(x.tokens, d)
		}
		delete(x.others[r.kind], r.id)
	default:
		delete(x.others[r.kind], r.id)
	}
}

func (x *index) streamID(path string) string {
	if s := x.paths[path]; s != nil {
		return s.ID
	}
	return ""
}

func inserted[T object](list []T, o T) []T {
	at, _ := slices.BinarySearchFunc(list, o, oldest)
	return slices.Insert(slices.Clip(slices.Clone(list)), at, o)
}

func without[T interface {
	comparable
	object
}](lists map[string][]T, path string, o T) {
	list := slices.DeleteFunc(slices.Clone(lists[path]), func(other T) bool { return other == o })
	if len(list) == 0 {
		delete(lists, path)
		return
	}
	lists[path] = list
}

// oldest orders objects by their creation.
func oldest[T object](a, b T) int {
	return cmp.Or(a.meta().Created.Compare(b.meta().Created), cmp.Compare(a.meta().ID, b.meta().ID))
}

// The orders that streams are kept in. The id makes them total, which cursors
// need.
var orders = [3]func(a, b *Stream) int{
	func(a, b *Stream) int { return cmp.Or(comparePaths(a, b), cmp.Compare(a.ID, b.ID)) },
	func(a, b *Stream) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) },
	func(a, b *Stream) int { return cmp.Or(a.Updated.Compare(b.Updated), cmp.Compare(a.ID, b.ID)) },
}

// comparePaths puts no path together: a page compares thousands.
func comparePaths(a, b *Stream) int {
	if a.App == b.App {
		return cmp.Compare(a.Name, b.Name)
	}
	return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Name, b.Name))
}

// settle brings the orders up to date.
func (x *index) settle() {
	if len(x.added) == 0 && len(x.removed) == 0 {
		return
	}
	// What came and went between two calls is in neither.
	gone := make(map[*Stream]bool, len(x.removed))
	for _, s := range x.removed {
		gone[s] = true
	}
	added := slices.DeleteFunc(slices.Clone(x.added), func(s *Stream) bool { return gone[s] })
	for i, order := range orders {
		slices.SortFunc(added, order)
		slices.SortFunc(x.removed, order)
		x.orders[i] = merged(x.orders[i], x.removed, added, order)
	}
	x.added, x.removed = nil, nil
}

// merged is list without what was removed and with what was added, all of them
// sorted.
func merged(list, removed, added []*Stream, order func(a, b *Stream) int) []*Stream {
	out := make([]*Stream, 0, len(list)+len(added))
	// The list is copied in runs between the places where something happens:
	// mostly it is one stream of ten thousand that changed.
	run := func(to int) {
		out = append(out, list[:to]...)
		list = list[to:]
	}
	for len(removed) > 0 || len(added) > 0 {
		if len(added) == 0 || len(removed) > 0 && order(removed[0], added[0]) <= 0 {
			at, found := slices.BinarySearchFunc(list, removed[0], order)
			run(at)
			if found && list[0] == removed[0] {
				list = list[1:]
			}
			removed = removed[1:]
			continue
		}
		at, _ := slices.BinarySearchFunc(list, added[0], order)
		run(at)
		out = append(out, added[0])
		added = added[1:]
	}
	return append(out, list...)
}

// list returns the items of a kind, the oldest first.
func list[T object](x *index, kind string) []T {
	all := make([]T, 0, len(x.others[kind]))
	for _, it := range x.others[kind] {
		all = append(all, it.obj.(T))
	}
	slices.SortFunc(all, oldest)
	return all
}
