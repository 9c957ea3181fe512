package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/millrace-live/millrace/internal/event"
)

// maxAnswer bounds what is read of an answer, so that its connection can be used
// again; what it says does not matter.
const maxAnswer = 64 << 10

// letter is one request that delivers an event.
type letter struct {
	endpoint Endpoint
	event    string // its id
	sequence int64  // 0 of a test
	attempt  int    // from 1
	body     []byte
}

// failure says why a letter was not delivered.
type failure struct {
	reason string
	status int           // 0: there was no answer
	wait   time.Duration // that the receiver asked for
}

func (f *failure) Error() string { return f.reason }

// post sends a letter, and returns the status of an answer that accepts it.
func (d *Deliverer) post(ctx context.Context, l *letter) (int, *failure) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.o.Timeout, errDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.endpoint.URL, bytes.NewReader(l.body))
	if err != nil {
		return 0, &failure{reason: "its address is none"}
	}
	h := req.Header
	h.Set("Content-Type", event.ContentType)
	h.Set("User-Agent", "Millrace-Webhook/1")
	h.Set("Millrace-Delivery", l.endpoint.ID+"."+l.event)
	h.Set("Millrace-Attempt", strconv.Itoa(l.attempt))
	if l.sequence > 0 {
		h.Set("Millrace-Sequence", strconv.FormatInt(l.sequence, 10))
	}
	h.Set(SignatureHeader, Sign(l.endpoint.Secret.Reveal(), d.o.Now(), l.body))
	resp, err := d.client.Do(req)
	if err != nil {
		return 0, &failure{reason: reason(ctx, err, d.o.Timeout)}
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return resp.StatusCode, nil
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return 0, &failure{status: resp.StatusCode, reason: fmt.Sprintf("it answered %d: redirects are not followed", resp.StatusCode)}
	}
	return 0, &failure{
		status: resp.StatusCode, wait: retryAfter(resp.Header, d.o.Now()),
		reason: fmt.Sprintf("it answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)),
	}
}

var errDeadline = errors.New("the time for an answer is over")

// reason is the error without the address, whose query may hold secrets.
func reason(ctx context.Context, err error, timeout time.Duration) string {
	if errors.Is(context.Cause(ctx), errDeadline) {
		return fmt.Sprintf("it did not answer within %v", timeout)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return err.Error()
}

// retryAfter reads the header of that name (RFC 9110 §10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	wait := time.Duration(0)
	if n, err := strconv.Atoi(v); err == nil {
		wait = time.Duration(min(n, int(lastWait/time.Second))) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), lastWait)
}

func client(t http.RoundTripper) *http.Client {
	if t == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost = parallel
		own.MaxResponseHeaderBytes = 64 << 10
		own.DisableCompression = true
		t = own
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
