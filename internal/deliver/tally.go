package deliver

import "sync/atomic"

// Tally counts requests by the kind of file that they are for.
type Tally struct{ kinds []kind }

type kind struct {
	file           string
	served, missed atomic.Uint64
}

// Requests are those for one kind of file. Those that found none are Missed.
type Requests struct {
	File           string
	Served, Missed uint64
}

// NewTally returns a tally of kinds of files, by their names.
func NewTally(files ...string) *Tally {
	t := &Tally{kinds: make([]kind, len(files))}
	for i, file := range files {
		t.kinds[i].file = file
	}
	return t
}

// Count counts a request for a file of the i-th kind.
func (t *Tally) Count(i int, served bool) {
	if served {
		t.kinds[i].served.Add(1)
	} else {
		t.kinds[i].missed.Add(1)
	}
}

// Requests are those that were counted.
func (t *Tally) Requests() []Requests {
	all := make([]Requests, len(t.kinds))
	for i := range t.kinds {
		k := &t.kinds[i]
		all[i] = Requests{k.file, k.served.Load(), k.missed.Load()}
	}
	return all
}
