package window

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// Stream is what the store knows of one name: what is packaged, and what is over
// but still to be had.
//
// Locks are taken in this order: Store.mu, Stream.mu, then a run's or a
// presentation's.
type Stream struct {
	name  string
	asked atomic.Int64 // when somebody asked last, Unix nanoseconds
	admit func(stream string, from netip.Addr) (release func(), err error)

	mu        sync.RWMutex
	audiences map[string]*Audience // by protocol
	run       *run                 // nil when nothing is packaged
	over      []*past
	shelf     *shelf // nil until there is time shift
}

// mostOver is how many presentations that are over are kept: a stream whose
// tracks come and go with every frame must not fill the memory for a minute.
//
// With time shift they are on disk, and bounded there; mostShifted is for what
// lists them all.
const (
	mostOver    = 8
	mostShifted = 64
)

// past is a presentation that has ended.
type past struct {
	*Presentation
	timer *time.Timer
	rests bool // it has been over for a minute
}

// Name is the stream's, "app/name".
func (s *Stream) Name() string { return s.name }

// Touch tells that somebody is interested: a minute later packaging rests.
func (s *Stream) Touch() { s.asked.Store(time.Now().UnixNano()) }

// idle is how long nobody has asked.
func (s *Stream) idle() time.Duration { return time.Since(time.Unix(0, s.asked.Load())) }

// Audience counts those who watch through the door of a protocol.
func (s *Stream) Audience(protocol string) *Audience {
	s.mu.RLock()
	a := s.audiences[protocol]
	s.mu.RUnlock()
	if a != nil {
		return a
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.audience(protocol)
}

// audience is Audience with s.mu held.
func (s *Stream) audience(protocol string) *Audience {
	a := s.audiences[protocol]
	if a == nil {
		a = &Audience{}
		if s.admit != nil {
			a.Admit(func(from netip.Addr) (func(), error) { return s.admit(s.name, from) })
		}
		s.audiences[protocol] = a
	}
	return a
}

// serves reports whether the stream is packaged and the hub knows of that door.
func (s *Stream) serves(protocol string) bool {
	s.Touch()
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.audiences[protocol]
	return s.run != nil && a != nil && a.reader != nil
}

// Live waits until there is something to play of what is on air. It returns
// [ErrTooYoung] when ctx has its deadline before, an [*UnplayableError] when there
// will be nothing, and what [Stream.Last] knows, or hub.ErrNotFound, when the
// stream is packaged no more.
func (s *Stream) Live(ctx context.Context) (*Presentation, error) {
	s.mu.RLock()
	run := s.run
	s.mu.RUnlock()
	if run != nil {
		return run.playable(ctx)
	}
	if p := s.Last(); p != nil {
		return p, nil
	}
	return nil, hub.ErrNotFound
}

// Presentation finds one by its identifier, nil if it is gone.
func (s *Stream) Presentation(id string) *Presentation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.run != nil && s.run.show != nil && s.run.show.id == id {
		return s.run.show
	}
	for _, p := range s.over {
		if p.id == id {
			return p.Presentation
		}
	}
	return nil
}

// Last returns the newest presentation that is over and can be played, or nil.
func (s *Stream) Last() *Presentation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range slices.Backward(s.over) {
		if p.Playable() {
			return p.Presentation
		}
	}
	return nil
}

// retire ends a presentation and keeps it for a minute, and with time shift for as
// long as viewers may seek back. st.mu is held.
func (s *Store) retire(st *Stream, p *Presentation) {
	p.End()
	o := &past{Presentation: p}
	o.timer = time.AfterFunc(endedFor, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		st.mu.Lock()
		defer st.mu.Unlock()
		s.age(st, o)
	})
	st.over = append(st.over, o)
	most := mostOver
	if p.shift.on() {
		most = mostShifted
	}
	if len(st.over) > most {
		st.drop(st.over[0])
	}
}

// age takes note that the time of a presentation has come. s.mu and st.mu are held.
func (s *Store) age(st *Stream, o *past) {
	if !slices.Contains(st.over, o) {
		return
	}
	if rest := o.shift.Window - endedFor; o.shift.on() && !o.rests && rest > 0 {
		o.rests = true
		o.rest()
		o.timer.Reset(rest)
		return
	}
	st.drop(o)
	s.forget(st)
}

// drop forgets a presentation that is over. s.mu, the stream's, is held.
func (s *Stream) drop(o *past) {
	i := slices.Index(s.over, o)
	if i < 0 {
		return
	}
	o.timer.Stop()
	s.over = slices.Delete(s.over, i, i+1)
	o.discard()
}

// discard drops a presentation if it is over. It returns what its window took on
// disk.
func (s *Store) discard(st *Stream, p *Presentation) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.mu.Lock()
	defer st.mu.Unlock()
	i := slices.IndexFunc(st.over, func(o *past) bool { return o.Presentation == p })
	if i < 0 {
		return 0
	}
	n := p.windowBytes()
	st.drop(st.over[i])
	s.forget(st)
	return n
}

// shed keeps the stored segments of the stream within the budget: first goes
// the oldest of what is over, then the oldest of what runs.
func (s *Stream) shed() {
	all := s.all()
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

// errIdle ends a run.
var errIdle = errors.New("window: nobody has asked for a minute")
