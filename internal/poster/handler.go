package poster

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/problem"
)

// Source is where pictures come from: the hub's registry.
type Source interface {
	Still(ctx context.Context, req hub.PlayRequest) (hub.Still, error)
}

// The program that is used where none is named, and the word for none at all.
const (
	Default = "ffmpeg"
	Off     = "off"
)

// Options are the settings of a [Handler]. The zero value is good.
type Options struct {
	// FFmpeg is the program that makes pictures: a path, or a name that is looked
	// for in PATH; "" for [Default], [Off] for none.
	FFmpeg string
	Logger *slog.Logger
}

// Handler serves a picture of every stream of a [Source].
type Handler struct {
	source  Source
	studio  *studio
	gallery *gallery
	log     *slog.Logger
	tally   tally
	missing sync.Once // the program, and the log was told
}

// New returns a Handler. Close it when it is no longer served.
func New(source Source, o Options) *Handler {
	h := &Handler{source: source, studio: newStudio(o.FFmpeg), log: o.Logger}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.gallery = newGallery(h.studio.paint, h.made)
	h.gallery.closed = o.FFmpeg == Off
	return h
}

// Close ends what is being made. Requests get the last picture from then on.
func (h *Handler) Close() { h.gallery.close() }

// Match reports whether path is the address of a picture, and of which stream.
func Match(path string) (stream string, ok bool) { return strings.CutSuffix(path, ".jpg") }

// ServeStream answers with the picture of a stream, "app/name".
func (h *Handler) ServeStream(w http.ResponseWriter, r *http.Request, stream string) {
	if !deliver.Reads(w, r, "posters are") {
		return
	}
	still, err := h.source.Still(r.Context(), hub.PlayRequest{
		Stream: stream, Query: r.URL.Query(), Bearer: access.Bearer(r), Session: rand.Text()[:12], Protocol: "poster",
		TLS: netx.TLSVersion(r.TLS), Remote: deliver.Remote(r), Software: r.UserAgent(),
	})
	if err != nil {
		problem.WriteError(w, err)
		return
	}
	p := h.gallery.picture(r.Context(), still)
	if p == nil {
		h.tally.placeholders.Add(1)
		p = placeholder()
	}
	serve(w, r, p)
}
