package api

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
)

// identity is who asks, as far as the API is concerned. The zero value is a
// stranger.
type identity struct {
	actor  catalog.Actor
	role   catalog.Role // "": a stranger
	apps   []string     // that the role holds for; none: all
	bearer string       // of a token of the catalogue, so that its end is noticed
	wrong  bool         // a token was shown, and nobody knows it

	request *http.Request
}

// ranks are the roles from the least to the most.
var ranks = []catalog.Role{"", catalog.Viewer, catalog.Operator, catalog.Admin}

// may reports whether who may do what needs this role.
func (i *identity) may(role catalog.Role) bool {
	return slices.Index(ranks, i.role) >= slices.Index(ranks, role)
}

// everywhere reports whether the role holds for all apps.
func (i *identity) everywhere() bool { return i.role != "" && len(i.apps) == 0 }

// over reports whether who has a role that holds for the app.
func (i *identity) over(app string) bool {
	return i.role != "" && (len(i.apps) == 0 || slices.Contains(i.apps, app))
}

type identityKey struct{}

// whoAsks is the identity that the request came with.
func whoAsks(ctx context.Context) *identity {
	if i, ok := ctx.Value(identityKey{}).(*identity); ok {
		return i
	}
	return &identity{}
}

// identify tells who sent the request: by its token, or by its coming from this
// machine where that is trusted.
func (a *API) identify(r *http.Request) *identity {
	bearer, shown := bearerOf(r)
	switch {
	case !shown:
		if a.settings.Load().TrustLoopback && fromHere(r) {
			return &identity{actor: "loopback", role: catalog.Admin}
		}
		return &identity{}
	case a.Token.Admits(r):
		return &identity{actor: "admin", role: catalog.Admin}
	}
	if a.Catalog != nil {
		if t, ok := a.Catalog.FindToken(bearer); ok && t.Good(time.Now()) {
			if a.Guard != nil {
				a.Guard.Passed(remoteOf(r))
			}
			a.Catalog.Used(catalog.KindToken, t.ID, catalog.Use{
				At: time.Now(), Address: remoteOf(r).String(), Encoder: r.UserAgent(), Protocol: "api",
			})
			return &identity{actor: catalog.Actor("token:" + t.ID), role: t.Role, apps: t.Apps, bearer: bearer}
		}
	}
	if a.Guard != nil && isTry(r) {
		a.Guard.Failed(remoteOf(r), "token", bearer)
	}
	return &identity{wrong: true}
}

// bearerOf is the token that a request shows (RFC 6750, 2.1).
func bearerOf(r *http.Request) (token string, shown bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, ok && token != "" && strings.EqualFold(scheme, "bearer")
}

// isTry reports whether the request shows a token of the API, right or wrong.
// Permissions to watch come the same way; they have dots in them, which no token of
// the API has.
func isTry(r *http.Request) bool {
	token, shown := bearerOf(r)
	return shown && !strings.Contains(token, ".")
}

// fromHere reports whether a program on this machine sent the request, of its own
// accord. A browser that shows a page from elsewhere says so in Origin, or was led
// here by a name that resolves to this machine; a proxy says for whom it asks.
func fromHere(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !remote.Addr().Unmap().IsLoopback() {
		return false
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// remoteOf is the address that the request came from; the zero address if it has
// none.
func remoteOf(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return remote.Addr().Unmap()
}
