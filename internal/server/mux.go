package server

import (
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/callback"
	"github.com/millrace-live/millrace/internal/dashboard"
	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/rtmpt"
)

// bodyTimeout is how long a client may take to send the body of a request.
// http.Server's ReadTimeout cannot do that: it would also end the streams of
// those who watch.
const bodyTimeout = 10 * time.Second

// mux answers the HTTP requests of one listener.
type mux struct {
	*Server
	admin               bool // the admin side is served, too
	secure              bool // the port is for TLS
	home, embed, assets http.Handler
	metrics             http.Handler
}

func (s *Server) newMux(l *listener) *mux {
	return &mux{
		Server: s, admin: l.admin, secure: l.name == "rtmps" || l.name == "https", home: dashboard.Home(), embed: dashboard.Embed(), assets: dashboard.Assets(),
		metrics: s.metrics.Handler(s.log),
	}
}

// ServeHTTP implements [http.Handler].
func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer m.survive(r)
	m.crowd.request(r)
	believe(m.trusted, r)
	if r.ContentLength != 0 {
		// An error means a connection without deadlines, which has no slow bodies.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
	// Who looks after the server must see that it is well, however full it is.
	if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" && m.visits.refuse(w, r) {
		return
	}
	if rtmpt.Match(r.URL.Path) {
		m.tunnel.ServeHTTP(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if m.secure && r.TLS == nil && m.refusesPlain.Load() {
		u := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, u.String(), http.StatusPermanentRedirect)
		return
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch first {
	case "":
		if rest != "" || !m.admin {
			problem.Write(w, http.StatusNotFound, "there is nothing at this address")
			return
		}
		readOnly(w, r, m.home)
	case "api":
		if !m.admin {
			problem.Write(w, http.StatusNotFound, "the API is not served at this address")
			return
		}
		m.api.ServeHTTP(w, r)
	case "metrics":
		if !m.admin || rest != "" {
			problem.Write(w, http.StatusNotFound, "the metrics are not served at this address")
			return
		}
		readOnly(w, r, m.metrics)
	case "healthz":
		readOnly(w, r, http.HandlerFunc(health))
	case "readyz":
		readOnly(w, r, http.HandlerFunc(m.readiness))
	case "assets":
		readOnly(w, r, m.assets)
	case ".well-known":
		app, ok := strings.CutPrefix(rest, ladderPath)
		if !ok || app == "" {
			problem.Write(w, http.StatusNotFound, "there is nothing at this address")
			return
		}
		m.obs.ServeApp(w, r, app)
	case "embed":
		m.page(w, r, rest)
	default:
		m.output(w, r)
	}
}

// survive ends a request that panicked. net/http would do so by itself, and
// nobody would count it.
func (m *mux) survive(r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		m.panics.Add(1)
		m.log.Error("panic in a request", "remote", r.RemoteAddr, "panic", v, "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// readOnly answers GET and HEAD with h.
func readOnly(w http.ResponseWriter, r *http.Request, h http.Handler) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Write(w, http.StatusMethodNotAllowed, "this address is read with GET or HEAD")
		return
	}
	h.ServeHTTP(w, r)
}

func health(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

func (m *mux) readiness(w http.ResponseWriter, _ *http.Request) {
	if !m.ready.Load() {
		plain(w, http.StatusServiceUnavailable, "not ready\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// page answers with the page that holds the player alone.
func (m *mux) page(w http.ResponseWriter, r *http.Request, path string) {
	if _, ok := m.name(w, path); ok {
		readOnly(w, r, m.embed)
	}
}

// output answers with what is below a stream's address: the first door that
// knows the path.
func (m *mux) output(w http.ResponseWriter, r *http.Request) {
	for _, d := range m.doors {
		if d.match == nil {
			continue
		}
		path, file, ok := d.match(strings.TrimPrefix(r.URL.Path, "/"))
		if !ok {
			continue
		}
		if !strings.Contains(path, "/") && strings.Contains(path, ".") {
			break // what browsers and robots ask every site for: favicon.ico, robots.txt
		}
		stream, ok := m.name(w, path)
		if !ok {
			return
		}
		if path != stream && file == "" && r.URL.Path == "/"+path {
			// live//cam1/ and cam1 are other words for live/cam1; the page's
			// script reads the name from the address.
			u := url.URL{Path: "/" + stream, RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, u.String(), http.StatusFound)
			return
		}
		if d.page || r.Method == http.MethodOptions {
			// What tells nothing of the stream; nobody shows a token when asking
			// whether it may be sent.
			d.serve(w, r, stream, file)
			return
		}
		r, stream, err := m.viewer(r, stream, file, d.name)
		if err != nil {
			problem.WriteError(w, err)
			return
		}
		d.serve(w, r, stream, file)
		return
	}
	problem.Write(w, http.StatusNotFound, "there is nothing at this address")
}

// viewer lets a request for an output in, for whatever file, or says why not. It
// returns the request as the door is to see it, and the name of the stream behind
// the one that was asked for.
func (m *mux) viewer(r *http.Request, name, file, door string) (*http.Request, string, error) {
	stream, permit, err := m.access.Viewer(r, name)
	if err != nil {
		return r, "", err
	}
	ctx := r.Context()
	if permit != nil {
		ctx = hub.Admit(ctx, stream, permit)
	}
	if len(m.set.Authorizers) > 0 {
		ctx = callback.WithClient(ctx, callback.HTTPClient(r))
		if file != "" {
			// Doors of files ask the hub once for all viewers.
			err = m.gate.Watch(ctx, &hub.PlayRequest{
				Stream: stream, Query: r.URL.Query(), Protocol: door, Remote: deliver.Remote(r), TLS: netx.TLSVersion(r.TLS),
				Software: r.UserAgent(), Bearer: access.Bearer(r),
			})
		}
	}
	if permit == nil && file != "" {
		r = deliver.WithoutPass(r)
	}
	if ctx != r.Context() {
		r = r.WithContext(ctx)
	}
	return r, stream, err
}

// name is the name of the stream with this path; without one it answers 404.
func (m *mux) name(w http.ResponseWriter, path string) (string, bool) {
	stream, err := access.StreamName("", path)
	if err != nil {
		problem.Write(w, http.StatusNotFound, "there is nothing at this address: "+err.Error())
		return "", false
	}
	return stream, true
}
