package httpts

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/problem"
)

// Protocol is the name of the protocol for the hub, logs and metrics.
const Protocol = "ts"

// Hub is where streams are played from.
type Hub interface {
	Play(ctx context.Context, req hub.PlayRequest) (*hub.Reader, error)
}

// Meter is told what happens seldom.
type Meter interface {
	// PlayEnded is told of every play that was let in. The reason is one of a
	// few words.
	PlayEnded(protocol, reason string)
}

// Handler serves streams as MPEG-TS. Close it when it is no longer served.
type Handler struct {
	Hub    Hub
	Logger *slog.Logger
	Meter  Meter // may be nil
	// WriteTimeout is how long a viewer may accept no byte at all; 10 s when
	// zero. A driver has one of its own.
	WriteTimeout time.Duration
	// Driver carries viewers over TCP; each has goroutines of its own if it is
	// nil.
	Driver *netx.Driver
	// Segment is how long the segments of a stream are to be; nil makes them
	// [ts.DefaultTarget].
	Segment func(stream string) time.Duration
	// Admit is [window.Options].Admit, for those who ask for ts.m3u8.
	Admit func(stream string, from netip.Addr) (release func(), err error)

	panics atomic.Uint64
	goers  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	runs   map[string]*run
	shows  map[string][]*show // of a stream, oldest first; all but the last are over
}

func (h *Handler) writeTimeout() time.Duration { return cmp.Or(h.WriteTimeout, 10*time.Second) }

// Panics returns how many runs ended by one.
func (h *Handler) Panics() uint64 { return h.panics.Load() }

// Close ends all runs, and with them their viewers, and waits for the runs.
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	for _, r := range h.runs {
		r.stop()
	}
	h.mu.Unlock()
	h.goers.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, shows := range h.shows {
		for _, s := range shows {
			s.timer.Stop()
		}
	}
	h.shows = nil
}

var errClosed = &hub.Refusal{Code: hub.ShuttingDown, Reason: "the server is going down"}

// ServeStream serves the stream to one viewer, until either ends.
func (h *Handler) ServeStream(w http.ResponseWriter, r *http.Request, stream string) {
	if !deliver.Reads(w, r, "a stream is") {
		return
	}
	v := &viewer{Handler: h, stream: stream, session: rand.Text()[:12], remote: deliver.Remote(r), ready: make(chan struct{}, 1)}
	req := hub.PlayRequest{
		Stream: stream, Query: r.URL.Query(), Bearer: access.Bearer(r), Session: v.session, Protocol: Protocol,
		TLS: netx.TLSVersion(r.TLS), Remote: v.remote, Software: r.UserAgent(), Served: true,
	}
	var err error
	if v.reader, err = h.Hub.Play(r.Context(), req); err != nil {
		problem.WriteError(w, err)
		return
	}
	if v.run, err = h.enter(r.Context(), req, v.reader); err != nil {
		v.reader.Close()
		problem.WriteError(w, err)
		return
	}
	defer func() {
		if !v.riding {
			v.leave()
		}
	}()
	reason, err := v.run.unplayable(r.Context())
	switch {
	case err != nil: // the viewer has gone
	case reason != "":
		problem.Write(w, http.StatusNotFound, uncarried+reason)
	case r.Method == http.MethodHead:
		setHeader(w.Header())
	default:
		v.overHTTP(w, r)
	}
}

// enter counts a viewer, or a show, in the run of the broadcast that its reader is of, and
// begins one if there is none.
func (h *Handler) enter(ctx context.Context, req hub.PlayRequest, of *hub.Reader) (*run, error) {
	if r := h.running(of); r != nil {
		return r, nil
	}
	// Not under the lock: the hub asks who may play. When several come first at
	// once, one reader stays.
	reader, err := h.Hub.Play(ctx, hub.PlayRequest{
		Stream: req.Stream, Query: req.Query, Bearer: req.Bearer, Protocol: Protocol, Remote: req.Remote, FromOldest: true,
	})
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch r := h.runs[reader.Stream()]; {
	case h.closed:
		reader.Close()
		return nil, errClosed
	case r.of(reader):
		reader.Close()
		r.users++
		return r, nil
	}
	r := newRun(h, reader)
	if h.runs == nil {
		h.runs = make(map[string]*run)
	}
	h.runs[r.stream] = r
	h.goers.Go(r.loop)
	return r, nil
}

// running counts one more in the run of the reader's broadcast, nil if there is
// none.
func (h *Handler) running(reader *hub.Reader) *run {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.runs[reader.Stream()]
	if !r.of(reader) {
		return nil
	}
	r.users++
	return r
}

// exit is the end of what enter began.
func (h *Handler) exit(r *run) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leave(r)
}

// leave is exit with mu held. Without viewers there is no run.
func (h *Handler) leave(r *run) {
	r.users--
	if r.users == 0 {
		h.drop(r)
		r.stop()
		r.release()
	}
}

// forget has nobody enter a run any more.
func (h *Handler) forget(r *run) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(r)
}

// drop is called with mu held.
func (h *Handler) drop(r *run) {
	if h.runs[r.stream] == r {
		delete(h.runs, r.stream)
	}
}

func setHeader(h http.Header) {
	h.Set("Content-Type", "video/mp2t")
	h.Set("Cache-Control", "no-store")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
}

// errGone ends the play of a viewer that has closed its connection.
var errGone = errors.New("httpts: the viewer has gone")
