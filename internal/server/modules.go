package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/dashboard"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/poster"
	"github.com/millrace-live/millrace/internal/proto/dash"
	"github.com/millrace-live/millrace/internal/proto/hls"
	"github.com/millrace-live/millrace/internal/proto/httpflv"
	"github.com/millrace-live/millrace/internal/proto/httpts"
	"github.com/millrace-live/millrace/internal/proto/rtmp"
)

// modules is every door that this build has. Of those that take HTTP the first
// whose match says so gets the request.
var modules = []func(*Server) door{
	openRTMP,
	openHTTPFLV,
	openHLS,
	openDASH,
	openHTTPTS,
	openPoster,
	openPage,
}

// door is one way into or out of the server.
type door struct {
	name string
	// conn takes the connections that begin as RTMP does.
	conn netx.Door
	// match reports whether a path is this door's, and splits it into the path
	// of the stream and the file below it.
	match func(path string) (stream, file string, ok bool)
	serve func(w http.ResponseWriter, r *http.Request, stream, file string)
	// page says that what it serves tells nothing of the stream.
	page bool
	// panics counts those that the door survived by itself.
	panics func() uint64
	// leave has clients go elsewhere that can, while the hub has its streams still,
	// and waits until they have or ctx is done.
	leave func(ctx context.Context) error
	// close ends what the door does when ctx does at the latest. By then the
	// hub has ended all streams.
	close func(ctx context.Context) error
}

func openRTMP(s *Server) door {
	d := rtmp.New(s.hub, rtmp.Options{
		Logger: s.log, Meter: s.metrics, Players: s.players, Encoders: s.encoders, RefuseEncrypted: s.set.RTMPE == "refuse",
		DemandedSWF: s.access.DemandedSWF, Asked: len(s.set.Authorizers) > 0, Users: users{s.catalog, s.guard}, Admit: s.visits.caller,
	})
	return door{name: "rtmp", conn: d.Serve, panics: d.Panics, leave: d.Reconnect, close: d.Shutdown}
}

func openHTTPFLV(s *Server) door {
	h := &httpflv.Handler{Hub: s.hub, Logger: s.log, Meter: s.metrics, Driver: s.players}
	return door{
		name: "http-flv",
		match: func(path string) (stream, file string, ok bool) {
			stream, ok = strings.CutSuffix(path, ".flv")
			return stream, "", ok
		},
		serve: func(w http.ResponseWriter, r *http.Request, stream, _ string) { h.ServeStream(w, r, stream) },
	}
}

func openHTTPTS(s *Server) door {
	h := &httpts.Handler{
		Hub: s.hub, Logger: s.log, Meter: s.metrics, Driver: s.players,
		Segment: func(stream string) time.Duration { return (*s.lengths.Load())(stream).Segment },
		Admit:   s.guarded.viewer,
	}
	return door{
		name:   "ts",
		match:  httpts.Match,
		serve:  h.Serve,
		panics: h.Panics,
		close: func(context.Context) error {
			h.Close()
			return nil
		},
	}
}

func openHLS(s *Server) door {
	h := hls.New(s.window, hls.Options{Logger: s.log})
	s.metrics.WatchFiles("HLS", h)
	return door{
		name: "hls",
		match: func(path string) (stream, file string, ok bool) {
			i := strings.LastIndexByte(path, '/')
			if i < 0 {
				return "", "", false
			}
			return path[:i], path[i+1:], hls.Matches(path[i+1:])
		},
		serve: h.ServeStream,
	}
}

func openDASH(s *Server) door {
	h := dash.New(s.window, dash.Options{Logger: s.log})
	s.metrics.WatchFiles("DASH", h)
	return door{
		name: "dash",
		match: func(path string) (stream, file string, ok bool) {
			i := strings.LastIndexByte(path, '/')
			if i < 0 {
				return "", "", false
			}
			return path[:i], path[i+1:], dash.Matches(path[i+1:])
		},
		serve: h.ServeStream,
	}
}

func openPoster(s *Server) door {
	h := poster.New(s.hub, poster.Options{FFmpeg: s.set.FFmpeg, Logger: s.log})
	s.metrics.WatchPosters(h)
	return door{
		name: "poster",
		match: func(path string) (stream, file string, ok bool) {
			stream, ok = poster.Match(path)
			return stream, "", ok
		},
		serve:  func(w http.ResponseWriter, r *http.Request, stream, _ string) { h.ServeStream(w, r, stream) },
		panics: func() uint64 { return h.Stats().Panics },
		close: func(context.Context) error {
			h.Close()
			return nil
		},
	}
}

func openPage(*Server) door {
	page := dashboard.Stream()
	return door{
		name: "page", page: true,
		match: func(path string) (stream, file string, ok bool) { return path, "", true },
		serve: func(w http.ResponseWriter, r *http.Request, _, _ string) { readOnly(w, r, page) },
	}
}
