package hls

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
)

// Source is where streams come from: the hub's registry.
type Source interface {
	Play(ctx context.Context, req hub.PlayRequest) (*hub.Reader, error)
}

// Options are the settings of a [Handler]. The zero value is good.
type Options struct {
	// Target is the segment length aimed at, 0 for two seconds. The encoder's
	// key frames have the last word.
	Target time.Duration
	Logger *slog.Logger
}

const (
	// startWait is how long a request for index.m3u8 waits for the first
	// segment of a stream that has just begun.
	startWait = 6 * time.Second
	// restAfter is how long a stream is packaged on without a request.
	restAfter = time.Minute
	// endedFor is how long the playlists and files of what is over stay.
	endedFor = time.Minute
	// budget bounds the stored segments of a stream, in bytes.
	budget = 64 << 20
)

// Handler serves the HLS files of every stream of a [Source].
type Handler struct {
	source Source
	target time.Duration
	log    *slog.Logger

	ctx   context.Context // of the packaging goroutines
	stop  context.CancelFunc
	goers sync.WaitGroup
	tally tally

	mu      sync.RWMutex
	closed  bool
	streams map[string]*stream
}

// New returns a Handler. Close it when it is no longer served.
func New(source Source, o Options) *Handler {
	h := &Handler{source: source, target: o.Target, log: o.Logger, streams: make(map[string]*stream)}
	if h.target <= 0 {
		h.target = 2 * time.Second
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.ctx, h.stop = context.WithCancel(context.Background())
	return h
}

// Close stops all packaging and forgets everything. It returns when no
// goroutine of the handler runs any more; requests then get 404 or 503.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop()
	h.goers.Wait()

	h.mu.Lock()
	defer h.mu.Unlock()
	for name, s := range h.streams {
		s.mu.Lock()
		for _, p := range s.over {
			p.timer.Stop()
		}
		s.over = nil
		s.mu.Unlock()
		delete(h.streams, name)
	}
}

// Viewers returns how many players asked for media of a stream in the last 20 s.
func (h *Handler) Viewers(name string) int {
	if s := h.stream(name); s != nil {
		return s.viewers.count()
	}
	return 0
}

// BytesSent returns how many bytes of playlists and media went out for a stream
// since it has been packaged.
func (h *Handler) BytesSent(name string) uint64 {
	if s := h.stream(name); s != nil {
		return s.sent.Load()
	}
	return 0
}

func (h *Handler) stream(name string) *stream {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.streams[name]
}

// Matches reports whether file, the last part of a path, is one of HLS: the
// caller then gives what stands before it to ServeStream as the stream's name.
func Matches(file string) bool {
	_, ok := parseName(file)
	return ok
}

// ServeStream answers a request for a file of a stream, "app/name". A request
// for index.m3u8 starts the packaging.
func (h *Handler) ServeStream(w http.ResponseWriter, r *http.Request, stream, file string) {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Expose-Headers", "Content-Length, Content-Range, Date")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		preflight(w)
		return
	default:
		header.Set("Allow", "GET, HEAD, OPTIONS")
		problem.Write(w, http.StatusMethodNotAllowed, "playlists and segments are read with GET or HEAD")
		return
	}
	n, ok := parseName(file)
	if !ok {
		problem.Write(w, http.StatusNotFound, "no HLS file has this name")
		return
	}
	served := false
	defer func() { h.tally.count(n.resource, served) }()
	if n.resource == index {
		served = h.serveIndex(w, r, stream)
		return
	}
	s := h.stream(stream)
	var p *presentation
	if s != nil {
		p = s.presentation(n.presentation)
	}
	if p == nil {
		problem.Write(w, http.StatusNotFound, "this broadcast is over, or nobody has watched it for a minute; "+
			"load index.m3u8 again")
		return
	}
	list, media := p.file(n)
	served = list.plain != nil || media != nil
	switch {
	case list.plain != nil:
		s.viewers.note(r)
		s.touch()
		s.count(servePlaylist(w, r, list))
	case media != nil:
		s.viewers.note(r)
		s.touch()
		s.count(serveMedia(w, r, n, media))
	default:
		problem.Write(w, http.StatusNotFound, "the playlist has no such segment, or no longer")
	}
}

// serveIndex answers with the multivariant playlist of what is on air, or of
// what was a moment ago. It reports whether there is one.
func (h *Handler) serveIndex(w http.ResponseWriter, r *http.Request, stream string) bool {
	s, run, err := h.start(r, stream)
	var p *presentation
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), startWait)
		defer cancel()
		p, err = run.presentation(ctx)
	} else if errors.Is(err, hub.ErrNotFound) {
		if s = h.stream(stream); s != nil {
			p = s.lastOver()
		}
	}
	if p == nil {
		h.refuseIndex(w, r, stream, err)
		return false
	}
	list, _ := p.file(name{})
	s.touch()
	s.count(servePlaylist(w, r, list))
	return true
}

func (h *Handler) refuseIndex(w http.ResponseWriter, r *http.Request, stream string, err error) {
	var refusal *hub.Refusal
	var unplayable *unplayableError
	switch {
	case errors.As(err, &refusal), errors.Is(err, hub.ErrNotFound):
		problem.WriteError(w, err)
	case errors.As(err, &unplayable):
		problem.Write(w, http.StatusNotFound, unplayable.Error())
	case errors.Is(err, errTooYoung):
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, err.Error())
	case errors.Is(err, errStopped):
		problem.Write(w, http.StatusServiceUnavailable, "the server is going down")
	case r.Context().Err() != nil: // the viewer has gone
	default:
		h.log.Error("HLS cannot start", "stream", stream, "err", err)
		problem.WriteError(w, err)
	}
}
