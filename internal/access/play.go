package access

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/ticket"
)

const openByLink = "open it with the link that its owner gave you"

// Play implements [hub.Access]: everybody may watch a public stream whose name
// they know, an unlisted one at a playback id of it, and a private one with a token
// or link. It completes req.Stream, req.Permit, req.Delivery, req.Strict and
// req.PlayWait. Its errors are a *hub.Refusal.
func (c *Control) Play(ctx context.Context, req *hub.PlayRequest) error {
	if !req.Admitted && !hub.IsNowhere(req.Stream) {
		parts := pathParts(req.App, req.Name)
		if req.Stream != "" {
			parts = pathParts("", req.Stream)
		}
		a := asked{parts: parts, query: req.Query, bearer: req.Bearer, from: req.Remote.Addr()}
		v, err := c.admit(ctx, &a)
		if err != nil {
			return err
		}
		req.Stream = v.path
		if !req.FromOldest {
			req.Permit = &v
		}
	}
	req.PlayWait = c.PlayWait
	rules, _ := c.rules(req.Stream, c.stream(req.Stream))
	if req.Delivery == hub.DefaultDelivery {
		req.Delivery = rules.Delivery
	}
	req.Strict = rules.Strict
	if rules.Plain == RefusePlain && req.Plain() && isRTMP(req.Protocol) {
		return &hub.Refusal{Code: hub.Plain, Reason: c.plainRefused(req.Protocol, "play", req.Stream)}
	}
	return c.checkSWF(req)
}

// Viewer decides about a request for an output: a playlist, a segment, a picture,
// a page. Each request has to come here, since doors that serve files ask the hub
// once for all of their viewers. The path is that of the stream as it was asked for,
// which may be a playback id; stream is the name behind it. One that is hidden
// from the viewer gets a name by which nothing is on air ([hub.Nowhere]): the door
// then answers as it does for any stream that there is not.
//
// The permit is nil for a public stream that was asked for by its name. For others
// the request goes to the door with the context of [hub.Admit]. The error is a
// *hub.Refusal.
func (c *Control) Viewer(r *http.Request, path string) (stream string, permit hub.Permit, err error) {
	a := asked{bearer: Bearer(r), request: r}
	// The usual case, ten times a second for each viewer.
	if s := c.stream(path); s != nil && s.Visibility == catalog.Public && !a.mayHaveKey() {
		return path, nil, nil
	}
	a.parts = pathParts("", path)
	v, err := c.admit(r.Context(), &a)
	if err != nil {
		return "", nil, err
	}
	if v.s == nil || v.s.Visibility == catalog.Public && v.playback == "" {
		return v.path, nil, nil
	}
	watching := v // which only this needs to last
	return v.path, &watching, nil
}

// asked is what a viewer showed.
type asked struct {
	parts  []string
	bearer string
	// The rest, or the request that it is taken from when it is needed.
	query   url.Values
	from    netip.Addr
	request *http.Request
}

func (a *asked) unfold() {
	if a.request == nil {
		return
	}
	a.query = a.request.URL.Query()
	if from, err := netip.ParseAddrPort(a.request.RemoteAddr); err == nil {
		a.from = from.Addr().Unmap()
	}
	a.request = nil
}

// mayHaveKey reports whether the query has a parameter that is called key.
func (a *asked) mayHaveKey() bool {
	if a.request != nil {
		return strings.Contains(a.request.URL.RawQuery, "key=")
	}
	return a.query.Has("key")
}

// admit finds the stream that somebody asks for, and whether he may watch it.
func (c *Control) admit(ctx context.Context, a *asked) (view, error) {
	v := view{catalog: c.Catalog, tickets: c.Tickets}
	if a.mayHaveKey() {
		a.unfold()
		if c.isKey(a.query.Get("key")) {
			return v, errKeyShown
		}
	}
	if n := len(a.parts); n > 0 && isPlaybackID(a.parts[n-1]) {
		v.playback = a.parts[n-1]
		s, ok := c.Catalog.StreamByPlayback(v.playback)
		if !ok {
			v.path = hub.Nowhere(v.playback)
			return v, nil
		}
		v.path, v.s = s.Path(), s
	} else {
		path, err := streamName(a.parts)
		if err == nil {
			v.path, v.s = path, c.stream(path)
		}
		switch {
		case v.s == nil && slices.ContainsFunc(a.parts, c.isKey):
			return v, errKeyShown
		case err != nil:
			return v, &hub.Refusal{Code: hub.BadName, Reason: err.Error()}
		case v.s != nil && v.s.Visibility == catalog.Unlisted:
			v.path, v.s = hub.Nowhere(path), nil
		}
	}
	if v.s != nil && v.s.Visibility == catalog.Private {
		claims, err := c.permission(ctx, a, v.path)
		v.claims = &claims
		return v, err
	}
	return v, nil
}

var errKeyShown = &hub.Refusal{Code: hub.Forbidden, Reason: "a stream key is for publishing only and must not be given to viewers: " +
	"watch the stream by its name"}

// permission looks at the token or link by which somebody wants to watch a private
// stream.
func (c *Control) permission(ctx context.Context, a *asked, stream string) (claims ticket.Claims, err error) {
	a.unfold()
	token := a.query.Get("token")
	link := token == "" && ticket.IsLink(a.query)
	if token == "" {
		token = a.bearer
	}
	switch now := time.Now(); {
	case c.Tickets != nil && link:
		claims, err = c.Tickets.VerifyLink(now, stream, a.query, a.from)
	case c.Tickets != nil && token != "":
		claims, err = c.Tickets.Verify(ctx, now, token, stream, a.from)
	default:
		return claims, &hub.Refusal{Code: hub.Unauthorized, Stream: stream, Reason: "this stream is private: " + openByLink}
	}
	if err == nil {
		return claims, nil
	}
	code := hub.Forbidden
	if _, away := errors.AsType[*ticket.UnavailableError](err); away {
		code = hub.Unavailable
	}
	return claims, &hub.Refusal{Code: code, Stream: stream, Reason: err.Error()}
}

func (c *Control) isKey(part string) bool { return c.find(part).id != "" || looksLikeKey(part) }

// Bearer is the token of a request's Authorization (RFC 6750, 2.1), "" if it has
// none.
func Bearer(r *http.Request) string {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(given)
}
