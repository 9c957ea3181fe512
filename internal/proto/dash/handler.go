package dash

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

// Protocol is what the hub calls this door.
const Protocol = "dash"

// Options are the settings of a [Handler]. The zero value is good.
type Options struct {
	Logger *slog.Logger
}

// startWait is how long a request for the manifest waits for the first segment of a
// stream that has just begun.
const startWait = 6 * time.Second

// Handler serves the files of DASH of every stream of a [window.Store].
type Handler struct {
	window *window.Store
	log    *slog.Logger
	tally  *deliver.Tally
	held   atomic.Int64 // requests for segments that are being made
}

// New returns a Handler.
func New(store *window.Store, o Options) *Handler {
	h := &Handler{window: store, log: o.Logger, tally: deliver.NewTally(resources[:]...)}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

// Requests are those for each kind of file: "manifest", "clock", "init",
// "segment".
func (h *Handler) Requests() []deliver.Requests { return h.tally.Requests() }

// Matches reports whether file, the last part of a path, is one of DASH: the
// caller then gives what stands before it to ServeStream as the stream's name.
func Matches(file string) bool {
	_, ok := parseName(file)
	return ok
}

// ServeStream answers a request for a file of a stream, "app/name". A request for
// the manifest starts the packaging.
func (h *Handler) ServeStream(w http.ResponseWriter, r *http.Request, stream, file string) {
	if !deliver.Reads(w, r, "manifests and segments are") {
		return
	}
	n, ok := parseName(file)
	if !ok {
		problem.Write(w, http.StatusNotFound, "no file of DASH has this name")
		return
	}
	var served, broken bool
	switch n.resource {
	case clock:
		served = true
		serveClock(w, r)
	case manifest:
		served = h.serveManifest(w, r, stream)
	default:
		served, broken = h.serveMedia(w, r, stream, n)
	}
	h.tally.Count(int(n.resource), served)
	if broken {
		// So that no cache takes the answer for whole.
		panic(http.ErrAbortHandler)
	}
}

// serveClock answers with the time, as urn:mpeg:dash:utc:http-iso:2014 has it.
func serveClock(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	now := time.Now().UTC().Format(dateLayout)
	deliver.Bytes(w, r, now, []byte(now))
}

// serveManifest answers with the manifest of what is on air, or of what was a
// moment ago. It reports whether there is one.
func (h *Handler) serveManifest(w http.ResponseWriter, r *http.Request, stream string) bool {
	span, err := deliver.ParseSpan(r.URL.RawQuery, time.Now())
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return false
	}
	s, p, changing, err := h.current(r, stream)
	if p == nil {
		h.refuse(w, r, stream, err)
		return false
	}
	doc, err := h.manifest(s, p, changing, span)
	if err != nil {
		h.refuse(w, r, stream, err)
		return false
	}
	s.Touch()
	s.Audience(Protocol).Sent(serveText(w, r, doc))
	return true
}

// current returns what is to be played of a stream now, nil if there is nothing, and
// why. Changing is set when that is over and the broadcast is not: its tracks are
// others since a moment, of which nothing can be played yet.
func (h *Handler) current(r *http.Request, stream string) (s *window.Stream, p *window.Presentation, changing bool, err error) {
	s, err = h.window.Open(r.Context(), hub.PlayRequest{
		Stream: stream, Query: r.URL.Query(), Bearer: access.Bearer(r), Protocol: Protocol, Remote: deliver.Remote(r),
	})
	if errors.Is(err, hub.ErrNotFound) {
		if s = h.window.Stream(stream); s != nil {
			p = s.Last()
		}
		return s, p, false, err
	}
	if err != nil {
		return nil, nil, false, err
	}
	if p = s.Before(); p != nil {
		return s, p, true, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), startWait)
	defer cancel()
	p, err = s.Live(ctx)
	return s, p, false, err
}

// manifest returns that of a presentation, with those before it in its broadcast.
func (h *Handler) manifest(s *window.Stream, p *window.Presentation, changing bool, span deliver.Span) (*deliver.Text, error) {
	shown := h.show(s, p)
	if shown == nil {
		return nil, hub.ErrNotFound
	}
	before := past{former: h.former(s, p), depth: s.Shift().Window}
	return shown.manifest(before, p.Tracks()[0].View().Ended && !changing, span)
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, stream string, err error) {
	var refusal *hub.Refusal
	var unplayable *window.UnplayableError
	switch {
	case errors.As(err, &refusal), errors.Is(err, hub.ErrNotFound):
		problem.WriteError(w, err)
	case errors.Is(err, errNothing):
		problem.Write(w, http.StatusNotFound, err.Error())
	case errors.As(err, &unplayable):
		problem.Write(w, http.StatusNotFound, unplayable.Error())
	case errors.Is(err, window.ErrTooYoung):
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, err.Error())
	case errors.Is(err, window.ErrClosed):
		problem.Write(w, http.StatusServiceUnavailable, "the server is going down")
	case r.Context().Err() != nil: // the viewer has gone
	default:
		h.log.Error("DASH cannot start", "stream", stream, "err", err)
		problem.WriteError(w, err)
	}
}
