package httpts

import (
	"errors"
	"net/http"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/window"
)

const (
	// A playlist changes with each segment; a second of age is half of one at most,
	// and lets a cache in front collapse the viewers who reload.
	playlistCaching = "public, max-age=1"
	// The bytes of a name never change.
	segmentCaching = "public, max-age=3600, immutable"

	playlistType = "application/vnd.apple.mpegurl"
)

// uncarried begins the answer where nothing can be had of a stream.
const uncarried = "the stream is on air, but nothing of it can be carried in MPEG-TS: "

// Serve answers a request for what [Match] has found.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, stream, file string) {
	if file == "" {
		h.ServeStream(w, r, stream)
		return
	}
	h.serveFile(w, r, stream, file)
}

// serveFile answers a request for a file of HLS. One for ts.m3u8 has segments made
// from then on.
func (h *Handler) serveFile(w http.ResponseWriter, r *http.Request, stream, file string) {
	if !deliver.Reads(w, r, "playlists and segments are") {
		return
	}
	n, ok := parseName(file)
	if !ok {
		problem.Write(w, http.StatusNotFound, "no file of HLS has this name")
		return
	}
	if n.resource == index {
		h.serveIndex(w, r, stream)
		return
	}
	s := h.find(stream, n.show)
	if s == nil {
		problem.Write(w, http.StatusNotFound, "this broadcast is over, or nobody has watched it for a minute; load "+
			indexName+" again")
		return
	}
	s.touch()
	if err := s.audience.Note(r); err != nil {
		problem.WriteError(w, err)
		return
	}
	if n.resource == playlist {
		s.servePlaylist(w, r, playlist)
		return
	}
	b := s.segment(n.number)
	if b == nil {
		problem.Write(w, http.StatusNotFound, "the playlist has no such segment, or no longer")
		return
	}
	w.Header().Set("Content-Type", "video/mp2t")
	w.Header().Set("Cache-Control", deliver.ReadPass(r).Caching(segmentCaching))
	s.audience.Sent(deliver.Bytes(w, r, n.String(), b))
}

// serveIndex answers with the multivariant playlist of what is on air, or of what
// was a moment ago.
func (h *Handler) serveIndex(w http.ResponseWriter, r *http.Request, stream string) {
	s, err := h.open(r.Context(), hub.PlayRequest{
		Stream: stream, Query: r.URL.Query(), Bearer: access.Bearer(r), Protocol: hlsProtocol, Remote: deliver.Remote(r),
	})
	if errors.Is(err, hub.ErrNotFound) {
		s = h.past(stream)
	}
	if s == nil {
		problem.WriteError(w, err)
		return
	}
	reason, err := s.playable(r.Context())
	switch {
	case errors.Is(err, window.ErrTooYoung):
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, err.Error())
	case err != nil: // the viewer has gone
	case reason != "":
		problem.Write(w, http.StatusNotFound, uncarried+reason)
	default:
		s.servePlaylist(w, r, index)
	}
}

// servePlaylist answers with a playlist, in which every address has what let the viewer
// in.
func (s *show) servePlaylist(w http.ResponseWriter, r *http.Request, which resource) {
	text := s.text(which)
	if text == nil { // it ended before it had a segment
		problem.WriteError(w, hub.ErrNotFound)
		return
	}
	pass := deliver.ReadPass(r)
	w.Header().Set("Content-Type", playlistType)
	w.Header().Set("Cache-Control", pass.Caching(playlistCaching))
	s.audience.Sent(pass.Playlist(text).Serve(w, r))
}
