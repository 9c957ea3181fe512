package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

const (
	// answerTime is how long a server may take to answer: some wait for a
	// stream that has not begun.
	answerTime = 40 * time.Second
	// silence is how long nothing may come from it, as by RTMP.
	silence = 60 * time.Second
)

// errNoFLV is an answer that is something else, mostly a page.
var errNoFLV = errors.New("the server answers with something that is not FLV")

// httpFrames plays FLV over HTTP.
type httpFrames struct {
	body   io.ReadCloser
	cancel context.CancelCauseFunc
	ctx    context.Context
	silent *time.Timer
	count  atomic.Uint64
	reader *flv.FrameReader
}

func openHTTP(ctx context.Context, client *http.Client, a *Address) (frameReader, error) {
	if client == nil {
		client = http.DefaultClient
	}
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	giveUp := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	defer giveUp()
	late := time.AfterFunc(answerTime, func() { cancel(rtmp.ErrTimeout) })
	defer late.Stop()
	req, err := http.NewRequestWithContext(own, http.MethodGet, allTracks(a.raw), nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		if why := context.Cause(own); why != nil {
			err = why
		}
		cancel(nil)
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer cancel(nil)
		defer res.Body.Close()
		return nil, refusal(res)
	}
	h := &httpFrames{body: res.Body, ctx: own, cancel: cancel}
	h.silent = time.AfterFunc(silence, func() { cancel(rtmp.ErrSilent) })
	h.reader = flv.NewFrameReader(h)
	return h, nil
}

// allTracks asks a server for all that it has of the stream, where the address
// does not say what to ask for. HTTP has no other place for that, and servers
// that know nothing of it pass over it.
func allTracks(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Query().Has("tracks") {
		return raw
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "tracks=all"
	return u.String()
}

// refusal is what the server says against a request: the status, and the
// sentence of a problem document (RFC 9457) if there is one.
func refusal(res *http.Response) error {
	said := &rtmp.StatusError{Code: res.Status}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if kind == "application/problem+json" {
		var problem struct {
			Detail string `json:"detail"`
		}
		const longest = 64 << 10
		if json.NewDecoder(io.LimitReader(res.Body, longest)).Decode(&problem) == nil {
			said.Description = problem.Detail
		}
	}
	return said
}

// Read counts what comes, and puts off the end by silence.
func (h *httpFrames) Read(p []byte) (int, error) {
	n, err := h.body.Read(p)
	h.count.Add(uint64(n))
	if n > 0 {
		h.silent.Reset(silence)
	}
	return n, err
}

func (h *httpFrames) next() (*media.Frame, error) {
	f, err := h.reader.Next()
	var unread *flv.BodyError
	switch {
	case errors.As(err, &unread):
		return nil, damage{err}
	case err != nil:
		return nil, h.ended(err)
	}
	return f, nil
}

func (h *httpFrames) ended(err error) error {
	switch why := context.Cause(h.ctx); {
	case errors.Is(why, errClosed):
		return ErrEnd
	case why != nil:
		return why
	case errors.Is(err, flv.ErrSignature):
		return errNoFLV
	case err == io.EOF: //nolint:errorlint // wrapped, it is an end within a tag
		return ErrEnd
	}
	return fmt.Errorf("%w: %w", rtmp.ErrConnectionLost, err)
}

var errClosed = errors.New("closed by this side")

func (h *httpFrames) bytes() uint64 { return h.count.Load() }

func (h *httpFrames) close() {
	h.silent.Stop()
	h.cancel(errClosed)
	_ = h.body.Close()
}
