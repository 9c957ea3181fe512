package hls

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/window"
)

// Options are the settings of a [Handler]. The zero value is good.
type Options struct {
	Logger *slog.Logger
}

// startWait is how long a request for index.m3u8 waits for the first segment of
// a stream that has just begun.
const startWait = 6 * time.Second

const (
	// A request that waits is refused after three target durations (§6.2.5.2).
	holdTargets = 3
	// mostHeld bounds how many wait at once. Each has a connection and a goroutine
	// anyway, so this is far above what a machine can have.
	mostHeld = 100_000
)

// protocol is what the hub calls this door.
const protocol = "hls"

// Handler serves the HLS files of every stream of a [window.Store].
type Handler struct {
	window *window.Store
	log    *slog.Logger
	tally  *deliver.Tally
	held   atomic.Int64 // requests that wait
}

// New returns a Handler.
func New(store *window.Store, o Options) *Handler {
	h := &Handler{window: store, log: o.Logger, tally: deliver.NewTally(resources[:]...)}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

// Requests are those for each kind of file: "index", "playlist", "init", "segment",
// "part".
func (h *Handler) Requests() []deliver.Requests { return h.tally.Requests() }

// Matches reports whether file, the last part of a path, is one of HLS: the
// caller then gives what stands before it to ServeStream as the stream's name.
func Matches(file string) bool {
	_, ok := parseName(file)
	return ok
}

// ServeStream answers a request for a file of a stream, "app/name". A request
// for index.m3u8 starts the packaging.
func (h *Handler) ServeStream(w http.ResponseWriter, r *http.Request, stream, file string) {
	if !deliver.Reads(w, r, "playlists and segments are") {
		return
	}
	n, ok := parseName(file)
	if !ok {
		problem.Write(w, http.StatusNotFound, "no HLS file has this name")
		return
	}
	served := false
	defer func() { h.tally.Count(int(n.resource), served) }()
	if n.resource == index {
		served = h.serveIndex(w, r, stream)
		return
	}
	p, audience := h.find(stream, n.presentation)
	if p == nil {
		problem.Write(w, http.StatusNotFound, "this broadcast is over, or nobody has watched it for a minute; "+
			"load index.m3u8 again")
		return
	}
	if err := audience.Note(r); err != nil {
		problem.WriteError(w, err)
		return
	}
	if n.resource == playlist {
		served = h.servePlaylist(w, r, p, n, audience)
		return
	}
	served = h.serveFile(w, r, p, n, audience)
}

// serveFile answers with a file of media, as soon as it is made. It reports
// whether there is one.
func (h *Handler) serveFile(w http.ResponseWriter, r *http.Request, p *presentation, n name, a *window.Audience) bool {
	pieces, shelved := p.file(n)
	if shelved != nil {
		return serveShelved(w, r, shelved, n, a)
	}
	if pieces == nil && p.hinted(n) {
		if !h.hold(w, r, p, p.rendition(n.track), n.number, n.index) {
			return false
		}
		pieces, _ = p.file(n)
	}
	if pieces == nil {
		problem.Write(w, http.StatusNotFound, noSegment)
		return false
	}
	mediaHeaders(w, r, n)
	a.Sent(deliver.Bytes(w, r, n.String(), pieces...))
	return true
}

const noSegment = "the playlist has no such segment, or no longer"

// serveShelved answers with a segment that is on disk.
func serveShelved(w http.ResponseWriter, r *http.Request, s *window.Segment, n name, a *window.Audience) bool {
	file, err := s.Open()
	if err != nil { // it has just left the window
		problem.Write(w, http.StatusNotFound, noSegment)
		return false
	}
	defer file.Close()
	mediaHeaders(w, r, n)
	a.Sent(deliver.Content(w, r, n.String(), time.Time{}, file))
	return true
}

// find returns a presentation by its identifier, nil if it is gone, and those who
// watch it.
func (h *Handler) find(stream, id string) (*presentation, *window.Audience) {
	s := h.window.Stream(stream)
	if s == nil {
		return nil, nil
	}
	p := s.Presentation(id)
	if p == nil {
		return nil, nil
	}
	s.Touch()
	return h.show(p, stream), s.Audience(protocol)
}

// servePlaylist answers with a media playlist, when it has what the player waits
// for. It reports whether there is one.
func (h *Handler) servePlaylist(w http.ResponseWriter, r *http.Request, p *presentation, n name, a *window.Audience) bool {
	rendition := p.rendition(n.track)
	if rendition == nil {
		problem.Write(w, http.StatusNotFound, "this broadcast has no such track")
		return false
	}
	asked, err := parseReload(r.URL.RawQuery)
	var span deliver.Span
	if err == nil {
		span, err = deliver.ParseSpan(r.URL.RawQuery, time.Now())
	}
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return false
	}
	list := p.playlist(rendition, span)
	caching := playlistCaching
	if comes := list == nil && span.All() || list != nil && !list.ended; asked.blocking && comes {
		if err = asked.tooFar(rendition.View(), rendition.PartTarget()); err != nil {
			problem.Write(w, http.StatusBadRequest, err.Error())
			return false
		}
		if !h.hold(w, r, p, rendition, asked.msn, asked.part) {
			return false
		}
		list, caching = p.playlist(rendition, span), reloadCaching(p.Target())
	}
	switch {
	case list != nil && asked.delta:
		a.Sent(serveText(w, r, list.delta(), caching))
	case list != nil:
		a.Sent(serveText(w, r, list.full(), caching))
	case span.All():
		problem.Write(w, http.StatusNotFound, "this track has no segment yet")
	default:
		problem.Write(w, http.StatusNotFound, nothingThen)
	}
	return list != nil
}

const nothingThen = "there is nothing of that time, or no longer"

// hold waits until a track has a part of a segment. Where that does not come it
// answers the request, and reports false.
func (h *Handler) hold(w http.ResponseWriter, r *http.Request, p *presentation, track *rendition, msn uint64, index int) bool {
	if track.View().Has(msn, index) {
		return true
	}
	if h.held.Add(1) > mostHeld {
		h.held.Add(-1)
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "too many requests wait for the next part")
		return false
	}
	defer h.held.Add(-1)
	ctx, cancel := context.WithTimeout(r.Context(), holdTargets*p.Target())
	defer cancel()
	_, err := track.Wait(ctx, msn, index)
	switch {
	case err == nil:
		return true
	case r.Context().Err() != nil: // the viewer has gone
	case errors.Is(err, window.ErrClosed):
		problem.Write(w, http.StatusServiceUnavailable, "nobody packages this stream any more")
	default:
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "the encoder has sent nothing for too long")
	}
	return false
}

// serveIndex answers with the multivariant playlist of what is on air, or of
// what was a moment ago. It reports whether there is one.
func (h *Handler) serveIndex(w http.ResponseWriter, r *http.Request, stream string) bool {
	span, err := deliver.ParseSpan(r.URL.RawQuery, time.Now())
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return false
	}
	s, p, err := h.current(r, stream)
	if p == nil {
		h.refuseIndex(w, r, stream, err)
		return false
	}
	shown := h.show(p, stream)
	list := shown.multivariant(span)
	if list == nil {
		h.refuseIndex(w, r, stream, &window.UnplayableError{Reasons: shown.refused})
		return false
	}
	if !span.All() && !shown.has(span) {
		problem.Write(w, http.StatusNotFound, nothingThen)
		return false
	}
	s.Touch()
	s.Audience(protocol).Sent(serveText(w, r, list, playlistCaching))
	return true
}

// current returns what is to be played of a stream now, nil if there is nothing, and
// why.
func (h *Handler) current(r *http.Request, stream string) (*window.Stream, *window.Presentation, error) {
	s, err := h.window.Open(r.Context(), hub.PlayRequest{
		Stream: stream, Query: r.URL.Query(), Bearer: access.Bearer(r), Protocol: protocol, Remote: deliver.Remote(r),
	})
	if errors.Is(err, hub.ErrNotFound) {
		if s = h.window.Stream(stream); s != nil {
			return s, s.Last(), err
		}
	}
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), startWait)
	defer cancel()
	p, err := s.Live(ctx)
	if errors.Is(err, window.ErrTooYoung) {
		// The encoder has changed its tracks and nothing can be played of them yet: an
		// end is better than a refusal, after which old players do not try again.
		return s, s.Before(), err
	}
	return s, p, err
}

func (h *Handler) refuseIndex(w http.ResponseWriter, r *http.Request, stream string, err error) {
	var refusal *hub.Refusal
	var unplayable *window.UnplayableError
	switch {
	case errors.As(err, &refusal), errors.Is(err, hub.ErrNotFound):
		problem.WriteError(w, err)
	case errors.As(err, &unplayable):
		problem.Write(w, http.StatusNotFound,
			"the stream is on air, but nothing of it can be played by HLS: "+words(unplayable.Reasons))
	case errors.Is(err, window.ErrTooYoung):
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, err.Error())
	case errors.Is(err, window.ErrClosed):
		problem.Write(w, http.StatusServiceUnavailable, "the server is going down")
	case r.Context().Err() != nil: // the viewer has gone
	default:
		h.log.Error("HLS cannot start", "stream", stream, "err", err)
		problem.WriteError(w, err)
	}
}
