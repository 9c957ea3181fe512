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
	batches hub.Shared[kind, batch]
	tags    []flv.Tag
}

// kind is what players differ in: what they announced and were told, and the
// message stream.
type kind struct {
	mux      flv.Muxer
	streamID uint32
}

// batch is what a player is given, whose muxer is as after it from then on.
type batch struct {
	*rtmp.Batch
	vector *netx.Vector
	after  flv.Muxer
}

// next returns the player's next batch, nil if there is none yet.
func (s *shared) next(p *player) (*netx.Vector, error) {
	before := p.mux
	frames, b, fresh, err := s.batches.Next(p.reader, kind{before, p.id})
	if b == nil {
		return nil, err
	}
	if fresh {
		s.render(b, p, frames)
	}
	p.mux = b.after
	p.tellRefused(before, frames)
	return b.vector, nil
}

func (s *shared) render(b *batch, p *player, frames []*media.Frame) {
	if b.vector == nil || b.vector.Kept() {
		b.Batch, b.vector = p.stream.NewBatch(), new(netx.Vector)
	}
	s.tags = p.fill(b.Batch, s.tags, frames)
	b.vector.Set(b.Slices())
	b.after = p.mux
}
