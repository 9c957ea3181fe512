package window

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
)

// Source is where streams come from: the hub's registry.
type Source interface {
	Play(ctx context.Context, req hub.PlayRequest) (*hub.Reader, error)
}

// Lengths are those that a stream is cut into. The encoder's key frames have the
// last word on segments, and the length of its frames on parts.
type Lengths struct {
	Segment time.Duration // 0 is DefaultSegment
	Part    time.Duration // at most half a segment; 0 or less makes no parts
}

// The lengths that players and encoders are used to.
const (
	DefaultSegment = cmaf.DefaultTarget
	DefaultPart    = 200 * time.Millisecond
)

// Options are the settings of a [Store]. The zero value is good.
type Options struct {
	// Lengths says how the stream of a name, "app/name", is cut from now on; nil
	// is the default lengths for all.
	Lengths func(stream string) Lengths
	// Shift says how far back viewers of a stream may seek, from its next broadcast
	// on; nil is not at all.
	Shift func(stream string) Shift
	// Admit is asked about each new viewer: an error keeps them out, release is
	// called when they have gone. Nil lets everybody in.
	Admit func(stream string, from netip.Addr) (release func(), err error)
	// Folder is where segments are kept for that. It is the store's alone: what an
	// earlier one left there is removed.
	Folder string
	Logger *slog.Logger
}

const (
	// restAfter is how long a stream is packaged on without a request.
	restAfter = time.Minute
	// endedFor is how long what is over stays.
	endedFor = time.Minute
	// budget bounds the stored segments of a stream, in bytes.
	budget = 64 << 20
)

var (
	// ErrTooYoung says that there will be something to play, and is not yet.
	ErrTooYoung = errors.New("the stream has just begun and has no whole segment yet")
	// ErrClosed says that the store is closed, or that what was waited for will
	// not come since nobody packages the stream any more.
	ErrClosed = errors.New("window: closed")
)

// Store packages the streams of a [Source]. All methods may be called from any
// goroutine.
type Store struct {
	source  Source
	lengths func(string) Lengths
	shift   func(string) Shift
	admit   func(string, netip.Addr) (func(), error)
	disk    *disk // nil without a folder
	log     *slog.Logger

	ctx                    context.Context // of all goroutines
	stop                   context.CancelFunc
	airing                 sync.Mutex     // for goers to be joined from without
	goers                  sync.WaitGroup // those that package
	keepers                sync.WaitGroup // those that may wait for a disk
	segments, panics, lost atomic.Uint64
	shelved                atomic.Int64

	mu      sync.RWMutex
	closed  bool
	streams map[string]*Stream
}

// New returns a Store. Close it.
func New(source Source, o Options) *Store {
	s := &Store{source: source, lengths: o.Lengths, shift: o.Shift, admit: o.Admit, log: o.Logger, streams: make(map[string]*Stream)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.lengths == nil {
		s.lengths = func(string) Lengths { return Lengths{Part: DefaultPart} }
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	if o.Folder != "" {
		s.disk = newDisk(o.Folder, s.log)
		if earlier := s.disk.folders(); len(earlier) > 0 {
			s.keepers.Go(func() { s.disk.clear(earlier, s.ctx.Done()) })
		}
	}
	return s
}

func (s *Store) lengthsOf(stream string) Lengths {
	l := s.lengths(stream)
	if l.Segment <= 0 {
		l.Segment = DefaultSegment
	}
	l.Part = max(0, min(l.Part, l.Segment/2))
	return l
}

// Close stops all packaging and forgets everything. It returns when no
// goroutine of the store runs any more; Open then returns ErrClosed.
func (s *Store) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.airing.Lock()
	s.stop()
	s.airing.Unlock()
	s.goers.Wait()
	s.leaveDisk()

	s.mu.Lock()
	defer s.mu.Unlock()
	for name, st := range s.streams {
		st.mu.Lock()
		for _, p := range st.over {
			p.timer.Stop()
		}
		st.over = nil
		st.mu.Unlock()
		delete(s.streams, name)
	}
}

// leaveDisk waits for those who write, and removes the files, unless a disk takes
// too long: then the next store will.
func (s *Store) leaveDisk() {
	if s.disk == nil {
		return
	}
	late, done := make(chan struct{}), make(chan struct{})
	timeout := time.AfterFunc(closeWait, func() { close(late) })
	defer timeout.Stop()
	go func() {
		defer close(done)
		s.keepers.Wait()
		s.disk.clear(s.disk.folders(), late)
		s.disk.close()
	}()
	select {
	case <-done:
	case <-late:
	}
}

// Stream finds what is packaged, or was a minute ago; nil if there is nothing.
func (s *Store) Stream(name string) *Stream {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.streams[name]
}

// Open returns the stream of a request and packages it, if nobody asked for it
// before. It returns what the hub says to a request that is refused, and
// hub.ErrNotFound for a stream that is not on air, of which [Store.Stream] may
// know the past.
//
// The request's protocol names the door: its viewers are counted apart
// ([Stream.Audience]).
func (s *Store) Open(ctx context.Context, req hub.PlayRequest) (*Stream, error) {
	if st := s.Stream(req.Stream); st != nil && st.serves(req.Protocol) {
		return st, nil
	}
	// Not under the lock: the hub asks who may play. When several come first
	// at once, one reader stays.
	req.FromOldest = true
	// What waited for others here would make each part late, and viewers get no
	// fewer writes for it.
	req.Delivery = hub.Realtime
	reader, err := s.source.Play(ctx, req)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		reader.Close()
		return nil, ErrClosed
	}
	st := s.streams[req.Stream]
	if st == nil {
		st = &Stream{name: req.Stream, admit: s.admit, audiences: make(map[string]*Audience)}
		s.streams[req.Stream] = st
	}
	st.Touch()
	st.mu.Lock()
	defer st.mu.Unlock()
	a := st.audience(req.Protocol)
	switch {
	case st.run == nil:
		st.run = newRun(s, st, reader)
		a.reader = reader
		if st.run.shift.on() {
			s.shelve(st)
		}
		s.goers.Go(st.run.loop)
	case a.reader == nil:
		a.reader = reader
	default:
		reader.Close()
	}
	return st, nil
}

// forget drops a stream of which nothing is left. s.mu and st.mu are held.
func (s *Store) forget(st *Stream) {
	if st.run == nil && len(st.over) == 0 && s.streams[st.name] == st {
		delete(s.streams, st.name)
		for _, a := range st.audiences {
			a.Close()
		}
		if st.shelf != nil {
			st.shelf.end()
		}
	}
}

// shelve gives a stream with time shift its shelf. st.mu is held.
func (s *Store) shelve(st *Stream) {
	if st.shelf == nil {
		st.shelf = s.newShelf(st)
		s.keepers.Go(st.shelf.loop)
	}
	st.shelf.bound(st.run.shift.Bytes)
}

// Stats are what a [Store] does now and has done since it was made.
type Stats struct {
	// Packagers is how many streams are packaged now.
	Packagers int
	// Segments is how many were made, Panics how often packaging ended by one.
	Segments, Panics uint64
	// Shelved is how many bytes time shift has on disk now, Lost how many segments
	// could not be kept because the disk was too slow or full.
	Shelved int64
	Lost    uint64
}

// Stats returns the counters as they are.
func (s *Store) Stats() Stats {
	stats := Stats{
		Segments: s.segments.Load(), Panics: s.panics.Load(), Shelved: s.shelved.Load(), Lost: s.lost.Load(),
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, st := range s.streams {
		st.mu.RLock()
		if st.run != nil {
			stats.Packagers++
		}
		st.mu.RUnlock()
	}
	return stats
}
