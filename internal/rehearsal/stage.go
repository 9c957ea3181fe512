package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// Protocol is what the hub knows the stage as.
const Protocol = "rehearsal"

// maxKept is of how many streams the last rehearsal is kept.
const maxKept = 1000

// Source is where rehearsals are read from: the hub's registry.
type Source interface {
	PlayRehearsal(ctx context.Context, stream, protocol string) (*hub.Reader, error)
}

// Stage follows the rehearsals of a server and keeps what came of the last one of
// each stream. Its methods may be called from any goroutine.
type Stage struct {
	source Source
	log    *slog.Logger
	ctx    context.Context
	stop   context.CancelFunc
	goers  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	runs   map[string]*run // by stream
}

// New returns a Stage. Close it.
func New(source Source, log *slog.Logger) *Stage {
	s := &Stage{source: source, log: log, runs: make(map[string]*run)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Close ends all measuring. What was measured can be read still.
func (s *Stage) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.goers.Wait()
}

// Event takes the hub's events; those of rehearsals count.
func (s *Stage) Event(e hub.Event) {
	switch e.Kind {
	case hub.RehearsalStarted:
		s.begin(e)
	case hub.RehearsalEnded:
		s.mu.Lock()
		defer s.mu.Unlock()
		if r := s.runs[e.Stream]; r != nil && r.session == e.Session {
			r.end(e.Time, e.Reason)
		}
	}
}

func (s *Stage) begin(e hub.Event) {
	ctx, cancel := context.WithCancel(s.ctx)
	r := newRun(e, cancel)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		cancel()
		return
	}
	if before := s.runs[e.Stream]; before != nil {
		before.cancel()
	} else if len(s.runs) >= maxKept {
		s.forget()
	}
	s.runs[e.Stream] = r
	s.goers.Go(func() {
		defer cancel()
		if err := s.follow(ctx, r); err != nil {
			s.log.Warn("a rehearsal could not be followed to its end", "stream", e.Stream, "session", e.Session, "reason", err)
		}
	})
}

// forget drops the rehearsal that began longest ago. mu is held.
func (s *Stage) forget() {
	var all []*run
	for _, r := range s.runs {
		all = append(all, r)
	}
	oldest := slices.MinFunc(all, func(a, b *run) int { return cmp.Or(a.began.Compare(b.began), cmp.Compare(a.stream, b.stream)) })
	oldest.cancel()
	delete(s.runs, oldest.stream)
}

// follow gives the frames of a rehearsal to its run, until it is over.
func (s *Stage) follow(ctx context.Context, r *run) error {
	reader, err := s.source.PlayRehearsal(ctx, r.stream, Protocol)
	if errors.Is(err, hub.ErrNotFound) {
		return nil // it is over already
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	var frames [64]*media.Frame
	for {
		n, err := reader.Next(frames[:])
		for _, f := range frames[:n] {
			r.add(f)
		}
		clear(frames[:n])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n > 0:
			continue
		}
		select {
		case <-reader.Ready():
		case <-ctx.Done():
			return nil
		}
	}
}

// Report says what came of the rehearsal of a stream that is on, or of the last
// one, and whether there was any since the stage was made.
func (s *Stage) Report(stream string) (*Report, bool) {
	s.mu.Lock()
	r := s.runs[stream]
	s.mu.Unlock()
	if r == nil {
		return nil, false
	}
	return r.report(), true
}
