package obs

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/problem"
)

// Access says who may publish; [hub.Access] has it.
type Access interface {
	Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error)
}

// Service answers those who ask for their ladder. Its fields are set before the
// first request; its methods may be called from any goroutine.
type Service struct {
	Access Access
	// Endpoints are where the client that sent r can publish the stream, with
	// that app in the address, the best first.
	Endpoints func(r *http.Request, app, stream string) []Endpoint
	Logger    *slog.Logger

	ladders atomic.Pointer[map[string][]Rung]
	issued  memory
}

// SetLadders puts ladders in force, by app. An app that is not in the map has
// the [DefaultLadder], and an empty ladder is one track. The map must not be
// changed from then on.
func (s *Service) SetLadders(byApp map[string][]Rung) { s.ladders.Store(&byApp) }

func (s *Service) ladder(stream string) []Rung {
	app, _, _ := strings.Cut(stream, "/")
	if all := s.ladders.Load(); all != nil {
		if own, ok := (*all)[app]; ok {
			return own
		}
	}
	return DefaultLadder
}

// Issued returns the ladder that was given with that identifier within the last
// day. OBS sends it with the stream's name, as clientConfigId.
func (s *Service) Issued(id string) (Issued, bool) { return s.issued.get(id, time.Now()) }

// maxQuestion bounds a question; real ones have 2 KiB.
const maxQuestion = 64 << 10

// ServeApp answers a request for the ladder of an app: OBS's own question by
// POST, and by GET, with the stream key, the same answer for people to paste
// into OBS, see [Service.paste].
//
// A key that does not let its bearer publish is no HTTP error: OBS shows those
// without the reason, and offers to stream a single track.
func (s *Service) ServeApp(w http.ResponseWriter, r *http.Request, app string) {
	switch r.Method {
	case http.MethodPost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
		if err != nil {
			problem.Write(w, http.StatusBadRequest, "the question could not be read, or is longer than 64 KiB")
			return
		}
		q, err := parseQuestion(body)
		if err != nil {
			problem.Write(w, http.StatusBadRequest, "this is not the question that OBS asks for its ladder: it is no JSON object")
			return
		}
		s.answer(w, r, app, q)
	case http.MethodGet, http.MethodHead:
		s.paste(w, r, app)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		problem.Write(w, http.StatusMethodNotAllowed, "OBS asks here by POST, and people by GET with their stream key")
	}
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request, app string, q *question) {
	grant, err := s.admit(r, app, q.Authentication)
	if err != nil {
		s.log(r).Info("a question for a ladder was refused", "client", clip(q.Client.Name+" "+q.Client.Version), "reason", reason(err))
		write(w, refuse(html.EscapeString("Millrace: "+reason(err))))
		return
	}
	a := s.ask(q, grant.Stream)
	a.Endpoints = s.Endpoints(r, app, grant.Stream)
	s.log(r).Info("a ladder was given", "stream", grant.Stream, "client", clip(q.Client.Name+" "+q.Client.Version), "tracks", len(a.Video))
	write(w, a)
}

// ask makes the answer and remembers it.
func (s *Service) ask(q *question, stream string) *answer {
	all := plan(q, s.ladder(stream))
	i := Issued{Stream: stream, At: time.Now()}
	for _, r := range all {
		i.Renditions = append(i.Renditions, r.Rendition)
	}
	return answerTo(q, all, s.issued.put(i))
}

// admit asks whether the bearer of a key, as it stands in OBS's settings, may
// publish.
func (s *Service) admit(r *http.Request, app, key string) (hub.Grant, error) {
	name, query, _ := strings.Cut(key, "?")
	// What cannot be read of a query is not in it; RTMP does the same.
	values, _ := url.ParseQuery(query)
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	protocol := "http"
	if r.TLS != nil {
		protocol = "https"
	}
	grant, err := s.Access.Publish(r.Context(), &hub.PublishRequest{
		App: app, Name: name, Query: values, Protocol: protocol, TLS: netx.TLSVersion(r.TLS), Remote: remote, Software: clip(r.UserAgent()),
	})
	if refusal, ok := errors.AsType[*hub.Refusal](err); ok && refusal.Code == hub.Plain {
		return hub.Grant{}, &hub.Refusal{
			Code: hub.Plain, Stream: refusal.Stream, Reason: "a stream key must not be sent without TLS here: ask at the https address",
		}
	}
	return grant, err
}

// reason is the sentence for the person at the other end.
func reason(err error) string {
	if refusal, ok := errors.AsType[*hub.Refusal](err); ok {
		return refusal.Reason
	}
	return "the server could not find out whether this stream key may publish"
}

func (s *Service) log(r *http.Request) *slog.Logger {
	return s.Logger.With("remote", r.RemoteAddr)
}

// clip shortens what a client says of itself.
func clip(text string) string {
	const most = 100
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.TrimSpace(text)
}

func write(w http.ResponseWriter, a *answer) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	// A client that has gone does not hear it.
	_ = enc.Encode(a)
}
