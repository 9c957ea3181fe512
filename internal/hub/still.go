package hub

import (
	"context"

	"github.com/millrace-live/millrace/media"
)

// Still is the newest picture of a stream that needs no other.
type Still struct {
	// Stream is the stream's name, and Broadcast that of what is on air.
	Stream, Broadcast string
	// Frame is the newest key frame of the default video track, nil while the
	// ring has none.
	Frame *media.Frame
}

// Still returns the newest key frame of a stream to whoever may play it, or says
// why not, as Play does. It waits for nothing, and nobody is counted as a player
// or viewer. Through the grace time the last key frame stays.
func (r *Registry) Still(ctx context.Context, req PlayRequest) (Still, error) {
	err := r.allow(ctx, &req)
	if err == nil {
		if s := r.lookup(req.Stream); s != nil {
			switch State(s.state.Load()) {
			case Live, Reconnecting:
				return Still{Stream: s.name, Broadcast: s.broadcast, Frame: s.ring.newestKey()}, nil
			}
		}
		err = ErrNotFound
	}
	r.refuse(ctx, PlayRefused, req.who(), err)
	return Still{}, err
}

// newestKey is the newest key frame of the default video track, nil if none is
// kept.
func (g *ring) newestKey() *media.Frame {
	for seq := g.key.Load(); seq != 0; {
		if e := g.at(seq); e != nil {
			return e.frame
		}
		// It was dropped since; there is a newer one then, or none.
		dropped := seq
		if seq = g.key.Load(); seq == dropped {
			break
		}
	}
	return nil
}
