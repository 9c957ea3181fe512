// Package problem answers HTTP requests that cannot be served, with a problem
// document (RFC 9457): the same sentence for a person and for a program.
package problem

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/millrace-live/millrace/internal/hub"
)

// Details is a problem document without a type of its own ("about:blank"), so
// that Title is the status in words (RFC 9457 §4.2.1).
type Details struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is a sentence about this very request.
	Detail string `json:"detail,omitempty"`
	// Code is the kind of refusal in one word, for programs.
	Code string `json:"code,omitempty"`
	// Errors are the faults of a request that has some, each at its place.
	Errors []Fault `json:"errors,omitempty"`
}

// Fault is what is wrong at one place of a request. It does not repeat what stood
// there, which may be a secret.
type Fault struct {
	// Location is the place: "body.labels", "query.limit".
	Location string `json:"location,omitempty"`
	Reason   string `json:"reason"`
}

// New returns the document for a status and a sentence.
func New(status int, detail string, faults ...Fault) *Details {
	return &Details{Title: http.StatusText(status), Status: status, Detail: detail, Errors: faults}
}

// Error makes an error of the document, so that handlers can return it.
func (d *Details) Error() string { return d.Detail }

// GetStatus is the status of the answer.
func (d *Details) GetStatus() int { return d.Status }

// ContentType is that of the document, whatever the request preferred.
func (*Details) ContentType(string) string { return MediaType }

// MediaType is the content type of problem documents.
const MediaType = "application/problem+json"

// Write answers with status and a sentence that says what is wrong with this
// request. The answer may be read by pages from elsewhere and is not to be
// cached.
func Write(w http.ResponseWriter, status int, detail string) {
	Send(w, &Details{Status: status, Detail: detail})
}

// WriteError answers for an error of the hub. Whatever is none of the hub's
// own errors is not shown to the client.
func WriteError(w http.ResponseWriter, err error) { Send(w, Of(err)) }

// Of returns what WriteError sends.
func Of(err error) *Details {
	d := &Details{Status: http.StatusInternalServerError, Detail: "the server could not do that; its log says why"}
	var refusal *hub.Refusal
	var known *Details
	switch {
	case errors.As(err, &known):
		d = known
	case errors.As(err, &refusal):
		d = &Details{Status: status(refusal.Code), Detail: refusal.Reason, Code: refusal.Code.String()}
	case errors.Is(err, hub.ErrNotFound):
		d = &Details{Status: http.StatusNotFound, Detail: "this stream is not on air", Code: "not-on-air"}
	case errors.Is(err, hub.ErrShutdown):
		d = &Details{Status: http.StatusServiceUnavailable, Detail: "the server is going down"}
	}
	d.Title = http.StatusText(d.Status)
	return d
}

func status(c hub.Code) int {
	switch c {
	case hub.BadKey, hub.Unauthorized:
		return http.StatusUnauthorized
	case hub.BadName:
		return http.StatusNotFound
	case hub.InUse, hub.TakenOver:
		return http.StatusConflict
	case hub.Limit, hub.ShuttingDown, hub.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

// Send answers with the document as it is; its Title follows from its Status.
func Send(w http.ResponseWriter, d *Details) {
	d.Title = http.StatusText(d.Status)
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Length", "ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Content-Type", MediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	if d.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer") // RFC 9110, 15.5.2, demands one
	}
	w.WriteHeader(d.Status)
	// A client that has gone does not hear why.
	_ = json.NewEncoder(w).Encode(d)
}
