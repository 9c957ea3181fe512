package hls

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// stream is what the handler knows of one name: what runs, and what is over
// but still to be had.
//
// Locks are taken in this order: Handler.mu, stream.mu, then a run's or a
// presentation's.
type stream struct {
	name    string
	viewers viewers
	sent    atomic.Uint64
	asked   atomic.Int64 // when the last request was answered, Unix nanoseconds

	mu   sync.RWMutex
	run  *run // nil when nothing is packaged
	over []*past
}

// mostOver is how many presentations that are over are kept: a stream whose
// tracks come and go with every frame must not fill the memory for a minute.
const mostOver = 8

// past is a presentation that has ended.
type past struct {
	*presentation
	timer *time.Timer
}

func (s *stream) touch() { s.asked.Store(time.Now().UnixNano()) }

func (s *stream) count(n int) { s.sent.Add(uint64(n)) }

// idle is how long nobody has asked.
func (s *stream) idle() time.Duration { return time.Since(time.Unix(0, s.asked.Load())) }

// start returns what packages the stream and starts it if nothing does.
func (h *Handler) start(r *http.Request, name string) (*stream, *run, error) {
	if s, run := h.running(name); run != nil {
		return s, run, nil
	}
	// Not under the lock: the hub asks who may play. When several come first
	// at once, one reader stays.
	reader, err := h.source.Play(r.Context(), hub.PlayRequest{
		Stream: name, Query: r.URL.Query(), Protocol: "hls", Remote: remote(r), FromOldest: true,
	})
	if err != nil {
		return nil, nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		reader.Close()
		return nil, nil, errStopped
	}
	s := h.streams[name]
	if s == nil {
		s = &stream{name: name}
		h.streams[name] = s
	}
	s.touch()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil {
		reader.Close()
		return s, s.run, nil
	}
	s.run = newRun(h, s, reader)
	h.goers.Go(s.run.loop)
	return s, s.run, nil
}

func (h *Handler) running(name string) (*stream, *run) {
	s := h.stream(name)
	if s == nil {
		return nil, nil
	}
	s.touch()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s, s.run
}

// presentation finds a presentation by its identifier, nil if it is gone.
func (s *stream) presentation(id string) *presentation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.run != nil && s.run.show != nil && s.run.show.id == id {
		return s.run.show
	}
	for _, p := range s.over {
		if p.id == id {
			return p.presentation
		}
	}
	return nil
}

// lastOver returns the newest of what is over and can be played, or nil.
func (s *stream) lastOver() *presentation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range slices.Backward(s.over) {
		if p.playable() {
			return p.presentation
		}
	}
	return nil
}

// retire ends a presentation and keeps it for a minute. s.mu is held.
func (h *Handler) retire(s *stream, p *presentation) {
	p.end()
	o := &past{presentation: p}
	o.timer = time.AfterFunc(endedFor, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over = slices.DeleteFunc(s.over, func(other *past) bool { return other == o })
		h.forget(s)
	})
	s.over = append(s.over, o)
	if len(s.over) > mostOver {
		s.over[0].timer.Stop()
		s.over[0] = nil
		s.over = s.over[1:]
	}
}

// forget drops a stream of which nothing is left. h.mu and s.mu are held.
func (h *Handler) forget(s *stream) {
	if s.run == nil && len(s.over) == 0 && h.streams[s.name] == s {
		delete(h.streams, s.name)
	}
}

// shed keeps the stored segments of the stream within the budget: first goes
// the oldest of what is over, then the oldest of what runs.
func (s *stream) shed() {
	s.mu.RLock()
	all := make([]*presentation, 0, len(s.over)+1)
	for _, p := range s.over {
		all = append(all, p.presentation)
	}
	if s.run != nil && s.run.show != nil {
		all = append(all, s.run.show)
	}
	s.mu.RUnlock()
	total := 0
	for _, p := range all {
		total += p.size()
	}
	for _, p := range all {
		if total <= budget {
			return
		}
		total -= p.shed(total - budget)
	}
}
