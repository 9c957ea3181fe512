package hls

import "sync/atomic"

// tally is what a handler has done since it was made.
type tally struct {
	served, missed [len(resources)]atomic.Uint64
}

// resources are the names of the kinds of files.
var resources = [...]string{index: "index", playlist: "playlist", initialization: "init", segment: "segment", part: "part"}

func (t *tally) count(r resource, served bool) {
	if served {
		t.served[r].Add(1)
	} else {
		t.missed[r].Add(1)
	}
}

// Stats are what a [Handler] has done since it was made.
type Stats struct {
	// Requests are by kind of file.
	Requests []Requests
}

// Requests counts the requests for one kind of file: "index", "playlist",
// "init", "segment", "part". Those that found none are Missed.
type Requests struct {
	File           string
	Served, Missed uint64
}

// Stats returns the counters as they are.
func (h *Handler) Stats() Stats {
	var s Stats
	for r, file := range resources {
		s.Requests = append(s.Requests, Requests{file, h.tally.served[r].Load(), h.tally.missed[r].Load()})
	}
	return s
}
