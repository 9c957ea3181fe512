package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
)

// Options are what a [Gate] is made of.
type Options struct {
	// Services are the back ends. The first that serves a stream's app decides.
	Services []Settings
	// Next is asked first: the server's own rules.
	Next hub.Access
	// Admit says under which rules somebody publishes a stream for whom the back
	// end vouched, or that the stream cannot be published. Without it there are
	// no rules but the hub's.
	Admit func(ctx context.Context, req *hub.PublishRequest, stream, owner string) (hub.Grant, error)
	// HasKeys reports whether a stream has keys of the server. Then nobody
	// publishes it without one.
	HasKeys func(stream string) bool
	// Observer is told who was let in.
	Observer *Observer
	Logger   *slog.Logger
}

// Gate is a [hub.Access] that asks a back end about whom Next lets in. Both must
// agree. Only where a back end decides alone ([Settings].Alone) may it let
// publishers in who have no key, to streams without keys.
//
// Requests without an address come from the server itself, and are Next's alone.
// So are those of packagers; the viewers of what a packager makes are asked about
// by [Gate.Watch].
type Gate struct {
	o        Options
	services []*service
	watched  viewers
}

// New returns a Gate. The error is that of [Settings.Check].
func New(o Options) (*Gate, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = NewObserver(ObserverOptions{})
	}
	if o.HasKeys == nil {
		o.HasKeys = func(string) bool { return false }
	}
	g := &Gate{o: o}
	for _, settings := range o.Services {
		s, err := newService(settings, o.Logger)
		if err != nil {
			return nil, err
		}
		g.services = append(g.services, s)
	}
	return g, nil
}

// Stats are what was asked of one back end.
type Stats struct {
	Host string
	// Away says that it does not answer and is not asked.
	Away bool
	// Asked is how many requests went out, Failures how many of them got no answer
	// or none that is one, NotAsked how many stayed here.
	Asked, Failures, NotAsked uint64
}

// Stats returns the counters of each back end as they are.
func (g *Gate) Stats() []Stats {
	all := make([]Stats, len(g.services))
	for i, s := range g.services {
		all[i] = Stats{s.host(), s.breaker.open(), s.asked.Load(), s.failures.Load(), s.notAsked.Load()}
	}
	return all
}

// serviceOf returns the back end for a stream, nil if there is none.
func (g *Gate) serviceOf(stream string) *service {
	app, _ := splitStream(stream)
	for _, s := range g.services {
		if s.serves(app) {
			return s
		}
	}
	return nil
}

// Publish implements [hub.Access].
func (g *Gate) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	grant, refused := g.o.Next.Publish(ctx, req)
	if req.Session == "" || !req.Remote.IsValid() || grant.Rehearse {
		// Without a session nobody publishes: it is asked what would be. A rehearsal
		// goes nowhere.
		return grant, refused
	}
	stream := grant.Stream
	if refused != nil {
		var ok bool
		if stream, ok = g.unknown(req, refused); !ok {
			return grant, refused
		}
	}
	s := g.serviceOf(stream)
	if s == nil || refused != nil && !(s.Alone && s.tells(OnPublish)) {
		return grant, refused
	}
	q := publishQuestion(ctx, req, stream, grant, refused == nil)
	v, in, err := g.decide(ctx, s, q, refused == nil)
	if err != nil {
		return hub.Grant{}, err
	}
	final := v.stream(q)
	if refused == nil && final == stream {
		v.limits.put(&grant)
		in.enter(ctx, stream)
		return grant, nil
	}
	if refused != nil {
		grant.Owner = "callback:" + final
		if g.o.HasKeys(final) {
			err = &hub.Refusal{Code: hub.Forbidden, Stream: final, Reason: "this stream has keys: publish it with one of them"}
		}
	}
	if err == nil {
		before := grant
		if grant, err = g.admit(ctx, req, final, grant); refused == nil {
			// It is the same key, which may be spent and taken back.
			grant.Open, grant.Permit, grant.Over = before.Open, before.Permit, before.Over
		}
	}
	if err != nil {
		in.leave()
		return hub.Grant{}, err
	}
	v.limits.put(&grant)
	in.enter(ctx, grant.Stream)
	return grant, nil
}

// unknown returns the stream of a publisher whom Next refused for want of a key,
// and whether a back end may let them in.
func (g *Gate) unknown(req *hub.PublishRequest, err error) (stream string, ok bool) {
	refusal, is := errors.AsType[*hub.Refusal](err)
	if !is || refusal.Code != hub.Forbidden && refusal.Code != hub.BadKey {
		return "", false
	}
	stream, err = access.StreamName(req.App, req.Name)
	if err != nil || g.o.HasKeys(stream) || refusal.Stream != "" && (refusal.Stream != stream || g.o.Admit == nil) {
		// It is a known stream's refusal, for other reasons than the key alone.
		return "", false
	}
	return stream, true
}

// admit returns the grant for a stream that the back end named.
func (g *Gate) admit(ctx context.Context, req *hub.PublishRequest, stream string, as hub.Grant) (hub.Grant, error) {
	if g.o.Admit != nil {
		return g.o.Admit(ctx, req, stream, as.Owner)
	}
	as.Stream = stream
	return as, nil
}

// Play implements [hub.Access].
func (g *Gate) Play(ctx context.Context, req *hub.PlayRequest) error {
	if err := g.o.Next.Play(ctx, req); err != nil {
		return err
	}
	if req.Stream == "" {
		req.Stream = strings.Trim(req.App+"/"+req.Name, "/") // as the hub completes it
	}
	switch {
	case !req.Remote.IsValid(), req.FromOldest:
		return nil
	case req.Session == "", req.Protocol == posterProtocol:
		return g.Watch(ctx, req)
	}
	s := g.serviceOf(req.Stream)
	if s == nil {
		return nil
	}
	// Who asks for a hidden stream is asked about as if there were none.
	q := playQuestion(ctx, req)
	v, in, err := g.decide(ctx, s, q, true)
	if err != nil {
		return err
	}
	if final := v.stream(q); final != visible(req.Stream) {
		// By its new name it may have rules of its own.
		other := *req
		other.Stream, other.App, other.Name, other.Admitted, other.Permit = final, "", "", false, nil
		if err := g.o.Next.Play(ctx, &other); err != nil {
			in.leave()
			return err
		}
		*req = other
	}
	in.enter(ctx, req.Stream)
	return nil
}

// visible is the name of a stream, also of one that is hidden.
func visible(stream string) string {
	if hub.IsNowhere(stream) {
		return strings.TrimRight(stream, "\x00")
	}
	return stream
}

// decide asks the back end, first about the connection if it wants that. passed says
// that Next let the client in. Who is let in has an admission, which must be
// entered or left.
func (g *Gate) decide(ctx context.Context, s *service, q *question, passed bool) (verdict, *admission, error) {
	in := g.o.Observer.admit(s, q)
	v, err := in.connect(ctx)
	if err == nil && !v.refused && !v.relay {
		if v.rename != "" {
			q.app = v.rename
		}
		renamed := v.rename != ""
		if v, err = s.remembered(ctx, q); renamed && v.rename == "" {
			v.rename, v.whole = q.stream(), true
		}
	}
	if err := s.refusal(ctx, q, v, err, passed); err != nil {
		in.leave()
		// A name that is not known to be a stream's may be a secret of the back end.
		if r, ok := errors.AsType[*hub.Refusal](err); ok && (q.owner != "" || g.o.HasKeys(q.stream())) {
			r.Stream = q.stream()
		}
		return verdict{}, nil, err
	}
	return v, in, nil
}

// stream is the name that a stream has by the verdict.
func (v verdict) stream(q *question) string {
	stream := v.rename
	switch {
	case stream == "":
		return q.stream()
	case !v.whole:
		stream = q.app + "/" + stream
	}
	if name, err := access.StreamName("", stream); err == nil {
		return name
	}
	return stream
}

// remembered is ask for a question that may have been answered before.
func (s *service) remembered(ctx context.Context, q *question) (verdict, error) {
	d := q.digest()
	if v, ok := s.answers.get(d, time.Now()); ok {
		return v, nil
	}
	v, err := s.ask(ctx, q)
	if err == nil && v.cache > 0 {
		s.answers.put(d, v, time.Now().Add(v.cache))
	}
	return v, err
}

// refusal is what the client is told of a verdict: nil if it may go on.
func (s *service) refusal(ctx context.Context, q *question, v verdict, err error, passed bool) error {
	r := &hub.Refusal{Code: hub.Forbidden}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && s.Allow && passed:
		return nil
	case err != nil:
		r.Reason = "the service that decides about this stream does not answer: try again in a minute"
	case v.refused && v.reason != "":
		r.Reason = v.reason
	case v.refused:
		r.Reason = fmt.Sprintf("the service that decides about this stream does not let you %s it", verb(q))
	case v.relay:
		r.Reason = "the service that decides about this stream sends it to another server, which this one cannot do"
		s.log.Warn("the authorizer asks for a relay, which there is none of: the client was refused", "event", string(q.event))
	case v.rename != "":
		if _, err := access.StreamName("", v.stream(q)); err != nil {
			r.Reason = "the service that decides about this stream gave it a name that it cannot have"
			s.log.Warn("the authorizer gave a stream a name that it cannot have", "event", string(q.event), "reason", err)
			break
		}
		return nil
	default:
		return nil
	}
	return r
}

func verb(q *question) string {
	if q.role == hub.Publisher {
		return "publish"
	}
	return "watch"
}

func publishQuestion(ctx context.Context, req *hub.PublishRequest, stream string, g hub.Grant, passed bool) *question {
	q := &question{
		event: OnPublish, role: hub.Publisher, query: req.Query, session: req.Session, protocol: req.Protocol, tls: req.TLS,
		software: req.Software, remote: req.Remote,
	}
	q.app, q.name = splitStream(stream)
	q.complete(ctx)
	if passed {
		if q.open = g.Open; !g.Open {
			q.owner = g.Owner
			q.hideKey()
		}
	}
	return q
}

func playQuestion(ctx context.Context, req *hub.PlayRequest) *question {
	q := &question{
		event: OnPlay, role: hub.Player, query: req.Query, session: req.Session, protocol: req.Protocol, tls: req.TLS,
		software: req.Software, remote: req.Remote, open: true,
	}
	q.app, q.name = splitStream(visible(req.Stream))
	q.complete(ctx)
	if q.client.Bearer == "" {
		q.client.Bearer = req.Bearer
	}
	return q
}

// complete adds what the door knows of the client, or what can be told of it without
// a door's word.
func (q *question) complete(ctx context.Context) {
	c, ok := clientOf(ctx)
	if !ok {
		c.NameQuery = q.query.Encode()
	}
	q.client = c
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// put has a publisher held to the narrower limits of two.
func (l limits) put(g *hub.Grant) {
	g.MaxBitrate = narrower(g.MaxBitrate, l.bitrate)
	g.MaxWidth = narrower(g.MaxWidth, l.width)
	g.MaxHeight = narrower(g.MaxHeight, l.height)
}

// narrower is the lower of two limits, of which 0 is none.
func narrower[N int | int64](a, b N) N {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
