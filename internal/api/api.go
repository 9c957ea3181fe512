package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/webhook"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// Hub is the part of the hub that the API shows.
type Hub interface {
	Streams() []hub.StreamInfo
	Stream(name string) (hub.StreamInfo, bool)
	Sessions(q hub.SessionQuery) (page []hub.SessionInfo, more bool)
	PlainPublishers() []hub.PlainPublisher
}

// Viewers is the part of the packaged streams that the API shows.
type Viewers interface {
	Sessions(q hub.SessionQuery) (page []window.Session, more bool)
}

// Guard counts who guesses tokens; *guard.Guard is one.
type Guard interface {
	Allowed(netip.Addr) error
	Failed(addr netip.Addr, what, secret string)
	Passed(netip.Addr)
}

// Kicker ends sessions; *hub.Registry is one.
type Kicker interface {
	Kick(session, reason string) bool
	KickWhere(which func(s hub.SessionInfo, owner string) bool, reason string) int
}

// Events are sent to those who follow them; *event.Feed is one.
type Events interface {
	ServeSSE(w http.ResponseWriter, r *http.Request, allowed func() (event.Filter, bool))
	Problems(stream string) (found []event.Problem, known bool)
}

// Webhooks deliver events; *webhook.Deliverer is one.
type Webhooks interface {
	Test(ctx context.Context, e webhook.Endpoint) (webhook.Outcome, error)
	Dead(ctx context.Context, endpoint string, after int64, limit int) ([]database.Delivery, error)
	Replay(ctx context.Context, endpoint string, s webhook.Selection) (int, error)
}

// TimeShift is how far back viewers can seek.
type TimeShift struct {
	Window    time.Duration // as far as the stream may go
	Available time.Duration // as far as there is something
	Oldest    time.Time     // where that begins
}

// Output is a protocol that cannot carry every codec.
type Output struct {
	Protocol string
	// Refuses says in a few words why a track cannot be played, "" if it can.
	Refuses func(*media.Track) string
}

// API is the handler of /api/. Its fields are set before the first request; what is
// nil is not there, and the operations that need it answer 501.
type API struct {
	Hub   Hub
	Site  Site
	Token access.Token
	// Catalog is what people manage.
	Catalog *catalog.Catalog
	// Viewers are those of the outputs that have no connections; nil: there are none.
	Viewers Viewers
	// Shift says how far back a stream can be watched; nil: not at all.
	Shift func(stream string) (TimeShift, bool)
	// Outputs are asked which tracks of a stream their players cannot get.
	Outputs []Output

	// Viewer says which stream a stranger sees who asks for a path with what the
	// request shows, a token or a link, as [access.Control.Viewer] does; nil: the
	// public ones.
	Viewer func(r *http.Request, path string) (stream string, permit hub.Permit, err error)
	Kicker Kicker
	// Rehearsal is the report on a stream's rehearsal, if there is one.
	Rehearsal func(stream string) (report any, ok bool)
	Events    Events
	Webhooks  Webhooks
	// Backup writes all that is kept to w.
	Backup func(ctx context.Context, w io.Writer) error
	Guard  Guard
	// Log is told what went wrong in the server; nil: nobody.
	Log *slog.Logger

	settings atomic.Pointer[Settings]
	rates    rates
	reload   func() (Reloaded, error)
	mux      *http.ServeMux
	huma     huma.API
}

// New returns the API's handler.
func New(h Hub, site Site, token access.Token) *API {
	a := &API{Hub: h, Site: site, Token: token, mux: http.NewServeMux()}
	a.Set(Settings{})
	a.huma = a.newHuma(a.mux)
	a.serveStreams()
	a.serveKeys()
	a.serveCredentials()
	a.serveWatching()
	a.serveSessions()
	a.serveTokens()
	a.serveWebhooks()
	a.serveBans()
	a.serveServer()
	a.serveDescription()
	a.mux.HandleFunc("/", a.nowhere)
	return a
}

// nowhere answers for an address or a method that there is not.
func (a *API) nowhere(w http.ResponseWriter, r *http.Request) {
	hint := ""
	if path, ok := strings.CutPrefix(r.URL.Path, streamsPath); ok {
		hint = slashHint(path)
	}
	problem.Write(w, http.StatusNotFound, "there is no such address in the API"+hint)
}

func (a *API) logger() *slog.Logger {
	if a.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return a.Log
}

// objects is the catalogue, which a server may be without.
func (a *API) objects() (*catalog.Catalog, error) {
	if a.Catalog == nil {
		return nil, notHere("this server keeps no streams or keys")
	}
	return a.Catalog, nil
}
