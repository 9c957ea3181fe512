package window

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// UnplayableError says that no track of a stream can be packaged.
type UnplayableError struct{ Reasons []error }

func (e *UnplayableError) Error() string {
	return "the stream is on air, but nothing of it can be packaged: " + words(e.Reasons)
}

// words says why tracks are left out.
func words(reasons []error) string {
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = strings.TrimPrefix(reason.Error(), "cmaf: ")
	}
	return strings.Join(parts, "; ")
}

// pollEvery is how often viewers are counted and idleness is looked at.
const pollEvery = time.Second

// run packages one stream from a request until its end, or until nobody has
// asked for a minute; with time shift until its end.
type run struct {
	store   *Store
	s       *Stream
	reader  *hub.Reader
	pack    *cmaf.Packager
	lengths Lengths
	shift   Shift
	advised bool
	missing string // what was logged last of tracks that are left out

	// Guarded by Stream.mu.
	show  *Presentation
	aired bool // a session has begun to publish meanwhile

	mu       sync.Mutex
	caughtUp bool          // what the hub kept is packaged
	refusal  error         // why there is no presentation
	wake     chan struct{} // closed and renewed when show, caughtUp or refusal change
}

func newRun(store *Store, s *Stream, reader *hub.Reader) *run {
	r := &run{store: store, s: s, reader: reader, lengths: store.lengthsOf(s.name), shift: store.shiftOf(s.name), wake: make(chan struct{})}
	r.pack = cmaf.NewPackager(r.lengths.Segment, r.take)
	r.pack.Parts, r.pack.Open = r.lengths.Part, r.grow
	return r
}

func (r *run) loop() {
	log := r.log()
	log.Debug("packaging starts")
	err := r.guard()
	r.report()
	r.store.mu.Lock()
	r.s.mu.Lock()
	for _, a := range r.s.audiences {
		if a.reader != nil {
			a.reader.Close()
			a.reader = nil
		}
	}
	switch {
	case r.show == nil:
	case errors.Is(err, errIdle), errors.Is(err, ErrClosed):
		r.show.close()
	default:
		r.store.retire(r.s, r.show)
	}
	r.s.run = nil
	aired := r.aired
	r.store.forget(r.s)
	r.s.mu.Unlock()
	r.store.mu.Unlock()
	r.tell(hub.ErrNotFound)
	r.succeed(err, aired)
	log.Debug("packaging stops", "reason", err)
}

// succeed lets a stream with time shift be packaged on when the run has ended.
func (r *run) succeed(err error, aired bool) {
	switch {
	case aired:
		// It may have begun the next broadcast before this run saw the end of its own.
		r.store.OnAir(r.s.name)
	case r.shift.on() && !errors.Is(err, io.EOF):
		r.store.again(r.s.name)
	}
}

func (r *run) log() *slog.Logger {
	return r.store.log.With("stream", r.s.name, "broadcast", r.reader.Broadcast())
}

// guard runs the packager over bytes that came from strangers: a panic ends
// the packaging of this stream and nothing else.
func (r *run) guard() (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.store.panics.Add(1)
			r.log().Error("panic in packaging", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("window: panic: %v", p)
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
			if !r.shift.on() && r.s.idle() >= restAfter {
				return errIdle
			}
		case <-r.store.ctx.Done():
			return ErrClosed
		}
	}
}

// report tells the hub about the players for whom this run reads.
func (r *run) report() {
	r.s.mu.RLock()
	defer r.s.mu.RUnlock()
	for _, a := range r.s.audiences {
		if a.reader != nil {
			a.report(a.reader)
		}
	}
}

// judge tells waiting requests that what the hub kept is packaged, and whether
// there is anything to wait for.
func (r *run) judge() {
	var refusal error
	reasons := r.pack.Refused()
	if len(reasons) > 0 && !r.pack.Packages() {
		refusal = &UnplayableError{reasons}
	}
	r.tell(refusal)
	r.regret(reasons)
}

// regret logs once which tracks viewers do without.
func (r *run) regret(reasons []error) {
	missing := words(reasons)
	if missing == r.missing {
		return
	}
	r.missing = missing
	if missing != "" {
		r.log().Warn("HLS and DASH cannot carry all tracks; every other output has them", "left_out", missing)
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
	p := r.presentationOf(s.Period)
	p.Add(s, time.Now())
	r.store.segments.Add(1)
	r.s.shed()
	if p.shelf != nil {
		p.shelf.poke()
		p.mourn()
	}
}

// grow receives an open segment for each part but the last.
func (r *run) grow(s *cmaf.Segment) { r.presentationOf(s.Period).Grow(s) }

// presentationOf is the one that a period goes on in, or begins.
func (r *run) presentationOf(period *cmaf.Period) *Presentation {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.show != nil && r.show.takes(period) {
		return r.show
	}
	if r.show != nil {
		r.store.retire(r.s, r.show)
	}
	r.show = NewPresentation(period, r.lengths.Segment)
	r.show.broadcast, r.show.shift = r.reader.Broadcast(), r.shift
	if r.shift.on() {
		r.show.shelf = r.s.shelf
	}
	r.mu.Lock()
	r.wakeUp()
	r.mu.Unlock()
	return r.show
}

// advise says once that key frames are too far apart for the target.
func (r *run) advise(s *cmaf.Segment) {
	if r.advised || s.Kind != media.Video || s.Length() < 2*r.lengths.Segment {
		return
	}
	r.advised = true
	r.log().Warn("key frames are far apart: HLS segments are as long, and its delay is three of them",
		"segment", s.Length().Round(time.Millisecond), "target", r.lengths.Segment)
}

// playable waits until there is something to play.
func (r *run) playable(ctx context.Context) (*Presentation, error) {
	for {
		r.mu.Lock()
		wake, refusal, caughtUp := r.wake, r.refusal, r.caughtUp
		r.mu.Unlock()
		r.s.mu.RLock()
		show := r.show
		r.s.mu.RUnlock()
		var ready chan struct{}
		if show != nil && caughtUp {
			if show.Playable() {
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
				return nil, ErrTooYoung
			}
			return nil, ctx.Err()
		}
	}
}
