package httpflv

import (
	"net/http"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// acceptOf is what a viewer takes, who has no way to say so but the address:
// ?tracks=all asks for everything that Enhanced RTMP has. Without it he gets the
// default tracks and, if strict is set, codecs that have a form of the Flash days
// alone.
func acceptOf(r *http.Request, strict bool) flv.Accept {
	switch {
	case r.URL.Query().Get("tracks") == "all":
		return flv.AcceptAll
	case strict:
		return flv.AcceptLegacy
	}
	return flv.Accept{}
}

// tellRefused logs, once a codec, that the viewer is not given a track. It looks
// when the muxer, which was before, has met other tracks with these frames.
func (v *viewer) tellRefused(before flv.Muxer, frames []*media.Frame) {
	p := &v.player
	if p.mux == before || p.mux.Accept.Codecs == 0 {
		return
	}
	for _, f := range frames {
		t := p.mux.Accept.LeftOut(f)
		if t == nil || p.refused.Has(t.Codec) {
			continue
		}
		p.refused = p.refused.With(t.Codec)
		v.log().Warn("a track is left out", "kind", t.Kind.String(), "track", t.ID, "codec", t.Codec.String(),
			"reason", "the settings are strict, and ?tracks=all was not asked for")
	}
}
