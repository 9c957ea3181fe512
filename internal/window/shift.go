package window

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// Shift says how far back the viewers of a stream may seek. The zero value is not
// at all: then nothing is written to disk.
type Shift struct {
	// Window is how much of the past there is, and how long what has ended stays.
	Window time.Duration
	// Bytes is what the stream's files may take. An eighth of it is for those that
	// have left the window and are still to be had.
	Bytes int64
}

// on reports whether the stream has time shift.
func (s Shift) on() bool { return s.Window > 0 && s.Bytes > 0 }

// ShiftProtocol is what the hub calls the reader of a stream that is packaged for
// its time shift alone.
const ShiftProtocol = "time-shift"

// restartAfter is when a stream with time shift is packaged again after a fault.
const restartAfter = 5 * time.Second

// OnAir tells that a session publishes a stream. One with time shift is packaged
// from now on, whether or not somebody watches. OnAir does not wait.
func (s *Store) OnAir(stream string) {
	if !s.shiftOf(stream).on() {
		return
	}
	// Not Store.mu: who tells may hold what others wait for that hold that.
	s.airing.Lock()
	defer s.airing.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	s.goers.Go(func() { s.keep(stream) })
}

// keep packages a stream for its time shift.
func (s *Store) keep(stream string) {
	if st := s.Stream(stream); st != nil {
		st.mu.Lock()
		if st.run != nil {
			st.run.aired = true
		}
		st.mu.Unlock()
	}
	_, err := s.Open(hub.Admit(s.ctx, stream, nil), hub.PlayRequest{Stream: stream, Protocol: ShiftProtocol})
	refusal, refused := errors.AsType[*hub.Refusal](err)
	switch {
	case err == nil, errors.Is(err, hub.ErrNotFound), errors.Is(err, ErrClosed), s.ctx.Err() != nil:
	case refused && refusal.Code == hub.ShuttingDown:
	default:
		s.log.Warn("time shift cannot package the stream", "stream", stream, "reason", err)
	}
}

func (s *Store) shiftOf(stream string) Shift {
	if s.shift == nil || s.disk == nil {
		return Shift{}
	}
	return s.shift(stream)
}

// Shelved reports whether the segment's bytes are on disk only: it has no Parts,
// and Open reads it.
func (s *Segment) Shelved() bool { return s.shelved }

// Open opens the file of a segment that is shelved. It fails when the file has
// gone meanwhile.
func (s *Segment) Open() (*os.File, error) {
	if !s.shelved {
		return nil, errors.ErrUnsupported
	}
	return s.track.p.shelf.store.disk.open(s.file())
}

// Shift is what the stream has of time shift in the broadcast that is on air, or
// was last.
func (s *Stream) Shift() Shift {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.run != nil {
		return s.run.shift
	}
	if n := len(s.over); n > 0 {
		return s.over[n-1].shift
	}
	return Shift{}
}

// Shifted tells how far back viewers can seek in a stream with time shift: to
// which moment of the newest broadcast, and how long before the end of the newest
// whole segment that is. It is false where there is no time shift, or nothing yet.
func (s *Stream) Shifted() (oldest time.Time, available time.Duration, ok bool) {
	if !s.Shift().on() {
		return time.Time{}, 0, false
	}
	var broadcast string
	var end time.Time
	for _, p := range slices.Backward(s.all()) {
		if broadcast != "" && p.broadcast != broadcast {
			break
		}
		segments := p.tracks[0].View().Segments
		if !p.Playable() || len(segments) == 0 {
			continue
		}
		if broadcast == "" {
			last := segments[len(segments)-1]
			broadcast, end = p.broadcast, last.Over()
		}
		oldest = segments[0].Wall
	}
	return oldest, end.Sub(oldest), broadcast != ""
}

// all are the presentations that are over and the one on air, oldest first.
func (s *Stream) all() []*Presentation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*Presentation, 0, len(s.over)+1)
	for _, p := range s.over {
		all = append(all, p.Presentation)
	}
	if s.run != nil && s.run.show != nil {
		all = append(all, s.run.show)
	}
	return all
}

// again packages a stream with time shift once more after a fault.
func (s *Store) again(stream string) {
	s.goers.Go(func() {
		wait, cancel := context.WithTimeout(s.ctx, restartAfter)
		defer cancel()
		<-wait.Done()
		s.OnAir(stream)
	})
}

// Broadcast is the hub's identifier of the broadcast that p is of.
func (p *Presentation) Broadcast() string { return p.broadcast }
