package rtmp

import (
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// shared is the last batch that players of one lane were given. Those who stand
// at the same place of the same stream get it as it is: headers are rendered
// once for all of them, and the list of slices is made once.
type shared struct {
	row    hub.Row
	tags   []flv.Tag
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
	if !same || s.streamID != p.id || s.before != p.mux {
		s.streamID, s.before = p.id, p.mux
		s.render(p, frames)
		s.after = p.mux
	}
	p.mux = s.after
	return s.vector, nil
}

func (s *shared) render(p *player, frames []*media.Frame) {
	if s.vector == nil || s.vector.Kept() {
		s.batch, s.vector = p.stream.NewBatch(), new(netx.Vector)
	}
	s.tags = p.fill(s.batch, s.tags, frames)
	s.vector.Set(s.batch.Slices())
}
