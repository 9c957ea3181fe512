package rtmp

import (
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// acceptOf is what a player takes: what it announced or, if it announced nothing,
// what strict says.
func acceptOf(s *rtmp.Session, strict bool) flv.Accept {
	c := s.Capabilities()
	if strict && !c.Announced {
		return flv.AcceptLegacy
	}
	return c.Accept()
}

// tellRefused logs, once a codec, that the player is not given a track. It looks
// when the muxer, which was before, has met other tracks with these frames.
func (p *player) tellRefused(before flv.Muxer, frames []*media.Frame) {
	if p.mux == before || p.mux.Accept.Codecs == 0 {
		return
	}
	for _, f := range frames {
		t := p.mux.Accept.LeftOut(f)
		if t == nil || p.refused.Has(t.Codec) {
			continue
		}
		p.refused = p.refused.With(t.Codec)
		p.log().Warn("a track is left out", "kind", t.Kind.String(), "track", t.ID, "codec", t.Codec.String(),
			"reason", "the player did not announce that it takes this codec")
	}
}
