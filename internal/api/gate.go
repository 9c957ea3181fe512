package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/problem"
)

// Settings are what the operator decides about the API, and may change while it
// runs.
type Settings struct {
	// TrustLoopback lets who asks from this machine without a token do everything.
	TrustLoopback bool
	// Origins are the pages from elsewhere that may use the API from a browser:
	// "https://ops.example.com", or "*" for all.
	Origins []string
}

// Set puts other settings in force.
func (a *API) Set(s Settings) { a.settings.Store(&s) }

// maxBody bounds what a request may send.
const maxBody = 1 << 20

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.crossOrigin(w, r) {
		return
	}
	if !a.mayTry(w, r) {
		return
	}
	who := a.identify(r)
	if !a.inTime(w, r, who) || !jsonOnly(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	r = addressed(r.WithContext(context.WithValue(r.Context(), identityKey{}, who)))
	who.request = r
	a.mux.ServeHTTP(w, r)
}

// crossOrigin lets pages from elsewhere in that the operator named, and reports
// whether the request was only to ask about that. There are no cookies, so that a
// page can do no more than its visitor's token, which it must have been given.
func (a *API) crossOrigin(w http.ResponseWriter, r *http.Request) (done bool) {
	origins := a.settings.Load().Origins
	h := w.Header()
	if len(origins) > 0 {
		h.Add("Vary", "Origin")
	}
	origin := r.Header.Get("Origin")
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	allowed := origin != "" && (slices.Contains(origins, "*") || slices.Contains(origins, origin))
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "ETag, Location, Retry-After, WWW-Authenticate")
	}
	if !preflight {
		return false
	}
	if allowed {
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, Idempotency-Key, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// mayTry answers who has guessed too many tokens, without a look at this one: or a
// right guess would be told from a wrong one.
func (a *API) mayTry(w http.ResponseWriter, r *http.Request) bool {
	if a.Guard == nil || !isTry(r) {
		return true
	}
	err := a.Guard.Allowed(remoteOf(r))
	if err == nil {
		return true
	}
	wait := time.Minute
	if limit := new(guard.Exceeded); errors.As(err, &limit) && limit.Retry > 0 {
		wait = limit.Retry
	}
	tooMany(w, wait, err.Error())
	return false
}

// inTime answers who asks too often, and reports whether the request may go on. Who
// asks from this machine could load it in better ways, and a proxy on it that nobody
// named must not make one of all its clients.
func (a *API) inTime(w http.ResponseWriter, r *http.Request, who *identity) bool {
	remote := remoteOf(r)
	if remote.IsLoopback() {
		return true
	}
	name, rate := string(who.actor), float64(tokenRate)
	if who.role == "" {
		name, rate = household(remote), strangerRate
	}
	if wait := a.rates.take(name, rate, time.Now()); wait > 0 {
		tooMany(w, wait, fmt.Sprintf("more than %v requests a second: wait a little", rate))
		return false
	}
	return true
}

func tooMany(w http.ResponseWriter, wait time.Duration, detail string) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	problem.Write(w, http.StatusTooManyRequests, detail)
}

// jsonOnly refuses bodies that a form of a page from elsewhere could send.
func jsonOnly(w http.ResponseWriter, r *http.Request) bool {
	if r.ContentLength == 0 {
		return true
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" || kind == "application/merge-patch+json" {
		return true
	}
	problem.Write(w, http.StatusUnsupportedMediaType, "send the body as Content-Type: application/json")
	return false
}

const streamsPath = "/api/v1/streams/"

// identifier is that of a stream, which its parts hang at. Any other first part is
// that of a name.
var identifier = regexp.MustCompile(`^st_[a-z2-7]{16}$`)

// addressed makes one part of a stream's name in the address, with its slashes:
// /streams/live/cam1 is /streams/live%2Fcam1. What a stream has hangs at its
// identifier, or at its name written as one part, since live/cam1/keys is a name,
// too.
func addressed(r *http.Request) *http.Request {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), streamsPath)
	if !ok || rest == "" {
		return r
	}
	first, below, slash := strings.Cut(rest, "/")
	id, err := url.PathUnescape(first)
	if err != nil || !slash || identifier.MatchString(id) || strings.Contains(id, "/") {
		return r
	}
	name, err := url.PathUnescape(first + "/" + below)
	if err != nil {
		return r
	}
	u := *r.URL
	u.Path, u.RawPath = streamsPath+name, streamsPath+url.PathEscape(name)
	to := *r
	to.URL = &u
	return &to
}
