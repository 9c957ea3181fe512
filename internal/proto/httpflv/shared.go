package httpflv

import (
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/media"
)

// shared is what the viewers of one lane were given last, with its frame of HTTP.
// Those who stand at the same place of the same stream, and take the same of it,
// get the same parcel.
type shared struct {
	parcels hub.Shared[kind, made]
	tags    []flv.Tag
}

// kind is what viewers differ in.
type kind struct {
	mux   flv.Muxer
	plain bool
}

// made is what a viewer is given, whose muxer is as after it from then on.
type made struct {
	*parcel
	after flv.Muxer
}

// parcel is what must stay as it is while somebody writes it.
type parcel struct {
	batch  batch
	head   []byte
	pieces [][]byte
	vector netx.Vector
}

// next returns the viewer's next batch, nil if there is none yet.
func (s *shared) next(r *rider) (*netx.Vector, error) {
	p := &r.player
	before := p.mux
	frames, m, fresh, err := s.parcels.Next(p.reader, kind{before, r.out.plain})
	if m == nil {
		return nil, err
	}
	if fresh {
		s.render(m, p, frames, r.out.plain)
	}
	p.mux = m.after
	r.tellRefused(before, frames)
	return &m.vector, nil
}

func (s *shared) render(m *made, p *player, frames []*media.Frame, plain bool) {
	if m.parcel == nil || m.vector.Kept() {
		m.parcel = new(parcel)
	}
	m.batch.reset()
	s.tags = p.fill(&m.batch, s.tags, frames)
	if m.batch.size > 0 {
		m.pieces, m.head = frame(m.pieces[:0], m.head[:0], &m.batch, plain)
	} else {
		m.pieces = m.pieces[:0] // an empty chunk would be the end
	}
	m.vector.Set(m.pieces)
	m.after = p.mux
}
