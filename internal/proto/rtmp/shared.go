package rtmp

import (
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// shared is what the players of one lane were given last. Those who stand at the
// same place of the same stream, and take the same of it, get the same batch:
// headers are rendered once for all of them, and the list of slices is made once.
type shared struct {
	row  hub.Row
	tags []flv.Tag
	// made of the frames of row are the first n. Players differ in what they
	// announced, and there are few such kinds.
	kinds [4]kind
	n     int
}

// kind is a batch, for the players whose muxer is as it was before.
type kind struct {
	batch  *rtmp.Batch
	vector *netx.Vector

	streamID      uint32
	before, after flv.Muxer
}

// next returns the player's next batch, nil if there is none yet.
func (s *shared) next(p *player) (*netx.Vector, error) {
	frames, same, err := s.row.Next(p.reader)
	if len(frames) == 0 {
		return nil, err
	}
	if !same {
		s.n = 0
	}
	k := s.kind(p, frames)
	p.mux = k.after
	p.tellRefused(k.before, frames)
	return k.vector, nil
}

// kind returns the player's batch of those frames.
func (s *shared) kind(p *player, frames []*media.Frame) *kind {
	for i := range s.kinds[:s.n] {
		if k := &s.kinds[i]; k.streamID == p.id && k.before == p.mux {
			return k
		}
	}
	if s.n == len(s.kinds) {
		s.n--
	}
	k := &s.kinds[s.n]
	s.n++
	if k.vector == nil || k.vector.Kept() {
		k.batch, k.vector = p.stream.NewBatch(), new(netx.Vector)
	}
	k.streamID, k.before = p.id, p.mux
	s.tags = p.fill(k.batch, s.tags, frames)
	k.vector.Set(k.batch.Slices())
	k.after, p.mux = p.mux, k.before
	return k
}
