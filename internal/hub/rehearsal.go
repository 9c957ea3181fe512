package hub

import (
	"context"
	"strings"
)

// rehearsing begins the keys of rehearsals, beside those of streams on air.
const rehearsing = "\x00"

// key is the name in the registry of what the grant is for.
func (g *Grant) key() string {
	if g.Rehearse {
		return rehearsing + g.Stream
	}
	return g.Stream
}

func nameOf(key string) string { return strings.TrimPrefix(key, rehearsing) }

func (s *stream) rehearsed() bool { return len(s.key) > len(s.name) }

// rehearsed is what is told of an event of a rehearsal: that it began and ended,
// and nothing that belongs to a broadcast.
func rehearsed(k EventKind) (as EventKind, told bool) {
	switch k {
	case PublishStarted:
		return RehearsalStarted, true
	case PublishEnded, PublishTakenOver:
		return RehearsalEnded, true
	case PublishWarned:
		return k, true
	}
	return 0, false
}

// Rehearsal returns a snapshot of the rehearsal for the stream of that name that
// is under way, and whether there is one.
func (r *Registry) Rehearsal(stream string) (StreamInfo, bool) {
	s := r.lookup(rehearsing + stream)
	if s == nil {
		return StreamInfo{Name: stream, State: Ended}, false
	}
	return s.info(), true
}

// PlayRehearsal gives a reader of a rehearsal, as to a packager: from the oldest
// key frame that is kept, and counted as nobody. It is for the server itself, no
// Access is asked.
func (r *Registry) PlayRehearsal(ctx context.Context, stream, protocol string) (*Reader, error) {
	req := PlayRequest{Stream: rehearsing + stream, Protocol: protocol, FromOldest: true, Delivery: Realtime}
	return r.play(ctx, &req, req.who())
}
