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
	row  hub.Row
	tags []flv.Tag
	// made of the frames of row are the first n: there are few kinds of viewers.
	kinds [4]kind
	n     int
}

// kind is a parcel, for the viewers whose muxer is as it was before.
type kind struct {
	*parcel
	plain         bool
	before, after flv.Muxer
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
	frames, same, err := s.row.Next(p.reader)
	if len(frames) == 0 {
		return nil, err
	}
	if !same {
		s.n = 0
	}
	k := s.kind(p, frames, r.out.plain)
	p.mux = k.after
	r.tellRefused(k.before, frames)
	return &k.vector, nil
}

// kind returns the viewer's parcel of those frames.
func (s *shared) kind(p *player, frames []*media.Frame, plain bool) *kind {
	for i := range s.kinds[:s.n] {
		if k := &s.kinds[i]; k.plain == plain && k.before == p.mux {
			return k
		}
	}
	if s.n == len(s.kinds) {
		s.n--
	}
	k := &s.kinds[s.n]
	s.n++
	if k.parcel == nil || k.vector.Kept() {
		k.parcel = new(parcel)
	}
	k.plain, k.before = plain, p.mux
	k.batch.reset()
	s.tags = p.fill(&k.batch, s.tags, frames)
	if k.batch.size > 0 {
		k.pieces, k.head = frame(k.pieces[:0], k.head[:0], &k.batch, plain)
	} else {
		k.pieces = k.pieces[:0] // an empty chunk would be the end
	}
	k.vector.Set(k.pieces)
	k.after, p.mux = p.mux, k.before
	return k
}
