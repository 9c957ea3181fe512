package hls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

var (
	errTooYoung = errors.New("the stream has just begun and has no whole segment yet")
	errStopped  = errors.New("hls: closed")
)

// unplayableError says that no track of a stream can be packaged.
type unplayableError struct{ reasons []error }

func (e *unplayableError) Error() string {
	parts := make([]string, len(e.reasons))
	for i, reason := range e.reasons {
		parts[i] = plain(reason)
	}
	return "the stream is on air, but nothing of it can be played by HLS: " + strings.Join(parts, "; ")
}

// pollEvery is how often viewers are counted and idleness is looked at.
const pollEvery = time.Second

// run packages one stream from a request until its end, or until nobody has
// asked for a minute.
type run struct {
	h      *Handler
	s      *stream
	reader *hub.Reader
	pack   *cmaf.Packager
	// sent is what of stream.sent the hub has been told.
	sent    uint64
	advised bool
	missing string // what was logged last of tracks that are left out

	show *presentation // guarded by stream.mu

	mu       sync.Mutex
	caughtUp bool          // what the hub kept is packaged
	refusal  error         // why there is no presentation
	wake     chan struct{} // closed and renewed when show, caughtUp or refusal change
}

func newRun(h *Handler, s *stream, reader *hub.Reader) *run {
	r := &run{h: h, s: s, reader: reader, wake: make(chan struct{})}
	r.pack = cmaf.NewPackager(h.target, r.take)
	r.pack.Takes = check
	return r
}

func (r *run) loop() {
	log := r.log()
	log.Debug("HLS packaging starts")
	err := r.guard()
	r.report()
	r.reader.Close()
	r.h.mu.Lock()
	r.s.mu.Lock()
	if r.show != nil && !errors.Is(err, errIdle) {
		r.h.retire(r.s, r.show)
	}
	r.s.run = nil
	r.h.forget(r.s)
	r.s.mu.Unlock()
	r.h.mu.Unlock()
	r.tell(hub.ErrNotFound)
	log.Debug("HLS packaging stops", "reason", err)
}

func (r *run) log() *slog.Logger {
	return r.h.log.With("stream", r.s.name, "broadcast", r.reader.Broadcast())
}

var errIdle = errors.New("hls: nobody has asked for a minute")

// guard runs the packager over bytes that came from strangers: a panic ends
// this stream's HLS and nothing else.
func (r *run) guard() (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.h.tally.panics.Add(1)
			r.log().Error("panic in HLS packaging", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("hls: panic: %v", p)
		}
	}()
	err = r.read()
	r.pack.End()
	return err
}

// read feeds the packager and returns why that ended.
func (r *run) read() error {
	var frames [256]*media.Frame
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		n, err := r.reader.Next(frames[:])
		for _, f := range frames[:n] {
			r.pack.Write(f)
		}
		clear(frames[:n])
		if err != nil {
			if errors.Is(err, io.EOF) {
				return io.EOF
			}
			return err
		}
		if n > 0 {
			continue
		}
		r.judge()
		select {
		case <-r.reader.Ready():
		case <-poll.C:
			r.report()
			if r.s.idle() >= restAfter {
				return errIdle
			}
		case <-r.h.ctx.Done():
			return errStopped
		}
	}
}

// report tells the hub about the players for whom this run reads.
func (r *run) report() {
	r.reader.SetViewers(r.s.viewers.count())
	if sent := r.s.sent.Load(); sent != r.sent {
		r.reader.Sent(int(sent - r.sent))
		r.sent = sent
	}
}

// judge tells waiting requests that what the hub kept is packaged, and whether
// there is anything to wait for.
func (r *run) judge() {
	var refusal error
	reasons := r.pack.Refused()
	if len(reasons) > 0 && !r.pack.Packages() {
		refusal = &unplayableError{reasons}
	}
	r.tell(refusal)
	r.regret(reasons)
}

// regret logs once which tracks viewers of HLS do without.
func (r *run) regret(reasons []error) {
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = plain(reason)
	}
	missing := strings.Join(parts, "; ")
	if missing == r.missing {
		return
	}
	r.missing = missing
	if missing != "" {
		r.log().Warn("HLS cannot carry all tracks; every other output has them", "left_out", missing)
	}
}

func (r *run) tell(refusal error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.caughtUp && r.refusal == nil && refusal == nil {
		return
	}
	r.caughtUp, r.refusal = true, refusal
	r.wakeUp()
}

// wakeUp lets waiting requests look again. r.mu is held.
func (r *run) wakeUp() {
	close(r.wake)
	r.wake = make(chan struct{})
}

// take receives each segment from the packager.
func (r *run) take(s *cmaf.Segment) {
	r.advise(s)
	r.s.mu.Lock()
	show := r.show
	if show == nil || !show.takes(s.Period) {
		if show != nil {
			r.h.retire(r.s, show)
		}
		show = newPresentation(s.Period, r.h.target)
		r.show = show
		r.mu.Lock()
		r.wakeUp()
		r.mu.Unlock()
	}
	r.s.mu.Unlock()
	show.add(s, time.Now())
	r.h.tally.segments.Add(1)
	r.s.shed()
}

// advise says once that key frames are too far apart for the target.
func (r *run) advise(s *cmaf.Segment) {
	if r.advised || s.Kind != media.Video || s.Length() < 2*r.h.target {
		return
	}
	r.advised = true
	r.log().Warn("key frames are far apart: HLS segments are as long, and its delay is three of them",
		"segment", s.Length().Round(time.Millisecond), "target", r.h.target)
}

// presentation waits until there is something to play.
func (r *run) presentation(ctx context.Context) (*presentation, error) {
	for {
		r.mu.Lock()
		wake, refusal, caughtUp := r.wake, r.refusal, r.caughtUp
		r.mu.Unlock()
		r.s.mu.RLock()
		show := r.show
		r.s.mu.RUnlock()
		var ready chan struct{}
		if show != nil && caughtUp {
			if show.playable() {
				return show, nil
			}
			ready = show.ready
		}
		if refusal != nil {
			return nil, refusal
		}
		select {
		case <-wake:
		case <-ready:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, errTooYoung
			}
			return nil, ctx.Err()
		}
	}
}

// remote is the viewer's address, as far as it is known.
func remote(r *http.Request) netip.AddrPort {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return a
}
