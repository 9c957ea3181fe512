package rtmpt

// sequence tells which request comes next by their numbers. Clients begin at
// whatever number they like (librtmp and FFmpeg at 0, the Flash Player at 1)
// and go up by one over /send, /idle and /close together.
type sequence struct {
	last    uint64
	started bool
	// loose is set for a client that leaves numbers out: its requests are taken
	// as they come.
	loose bool
}

type place uint8

const (
	next     place = iota // its turn has come
	repeated              // a proxy sends once more what was answered last
	stale                 // older than that: nobody waits for the answer
	early                 // overtook the one before it
)

func (s *sequence) place(n uint64) place {
	switch {
	case !s.started || n == s.last+1:
		return next
	case n == s.last:
		return repeated
	case s.loose:
		return next
	case n < s.last:
		return stale
	}
	return early
}

func (s *sequence) done(n uint64) { s.last, s.started = n, true }
