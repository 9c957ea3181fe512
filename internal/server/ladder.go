package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/obs"
	"github.com/millrace-live/millrace/media"
)

// ladderPath is where OBS asks for an app's ladder, below /.well-known/.
const ladderPath = "obs-multitrack/"

// openLadders lets encoders ask what to send.
func (s *Server) openLadders() {
	s.obs.Access, s.obs.Endpoints, s.obs.Logger = &s.access, s.endpoints, s.log
}

// endpoints are where OBS can send to. Who asks inside TLS can send inside TLS;
// to others our certificate may be one that OBS does not trust.
func (s *Server) endpoints(r *http.Request, app, stream string) []obs.Endpoint {
	const key = "/{stream_key}"
	app = strings.Trim(app, "/")
	plain, secure := s.site.Servers(r, app)
	all := []obs.Endpoint{{Protocol: "RTMP", URL: plain + key}}
	if secure == "" {
		return all
	}
	inTLS := obs.Endpoint{Protocol: "RTMPS", URL: secure + key}
	switch {
	case s.access.RefusesPlain(stream):
		return []obs.Endpoint{inTLS}
	case r.TLS != nil:
		return append([]obs.Endpoint{inTLS}, all...)
	}
	return append(all, inTLS)
}

var ladderCodecs = map[string]media.Codec{"": media.H264, "h264": media.H264, "hevc": media.HEVC, "av1": media.AV1}

// ladders are those of the apps that have one of their own.
func (s *Settings) ladders() map[string][]obs.Rung {
	all := make(map[string][]obs.Rung)
	for name, app := range s.Apps {
		if app.Multitrack == nil {
			continue
		}
		all[name] = make([]obs.Rung, 0, len(app.Multitrack))
		for _, r := range app.Multitrack {
			all[name] = append(all[name], obs.Rung{Height: r.Height, Bitrate: r.Bitrate, FPS: r.FPS, Codec: ladderCodecs[r.Codec]})
		}
	}
	return all
}

// ladder finds out whether OBS can send such a ladder.
func (c *checker) ladder(path string, rungs []RungSettings) {
	if len(rungs) > obs.MaxRungs {
		c.fault(path, "OBS sends at most %d tracks, and these are %d", obs.MaxRungs, len(rungs))
	}
	for i, r := range rungs {
		at := fmt.Sprintf("%s[%d].", path, i)
		for _, n := range []struct {
			name               string
			value, least, most int
		}{{"height", r.Height, 64, 4320}, {"bitrate", r.Bitrate, 50, 200_000}, {"fps", r.FPS, 0, 240}} {
			if n.value < n.least || n.value > n.most {
				c.fault(at+n.name, "%s must be from %d to %d", n.name, n.least, n.most)
			}
		}
	}
}

// laddered says in the log which ladder a publisher was given.
type laddered struct {
	hub.Access
	*Server
}

// Publish implements [hub.Access].
func (l laddered) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	g, err := l.Access.Publish(ctx, req)
	if err != nil {
		return g, err
	}
	if i, ok := l.obs.Issued(req.Query.Get("clientConfigId")); ok && i.Stream == g.Stream {
		tracks := make([]string, len(i.Renditions))
		for n, r := range i.Renditions {
			tracks[n] = fmt.Sprintf("%dx%d %v %d kbit/s", r.Width, r.Height, r.Codec, r.Bitrate)
		}
		l.log.Info("the publisher was asked for a ladder", "session", req.Session, "stream", g.Stream, "tracks", strings.Join(tracks, ", "))
	}
	return g, err
}
