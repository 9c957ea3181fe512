package window

import (
	"errors"
	"log/slog"
	"sync"
	"syscall"
	"time"
)

// shelf keeps the segments of one stream on disk. One goroutine writes and removes
// files, so that a disk that is slow, full or hung holds up nobody: whole segments
// wait for it in memory, within bounds, and what can wait no longer is lost.
type shelf struct {
	store  *Store
	stream *Stream
	log    *slog.Logger
	wake   chan struct{}

	mu    sync.Mutex
	limit int64    // Shift.Bytes of the newest broadcast
	used  int64    // by the files that are there
	gone  []leaver // files that go
	over  bool     // the stream is forgotten
	// troubled is set from a fault until there was none for calmAfter.
	troubled bool
	fault    time.Time // the last
}

// leaver is a file that goes, or an empty folder.
type leaver struct {
	name string
	size int64
}

const (
	// retryAfter is when a disk that failed is tried again, if no new segment does
	// so before.
	retryAfter = 5 * time.Second
	calmAfter  = 30 * time.Second
	// pastPart is the part of a shelf's bytes that is for what has left the window.
	pastPart = 8
	// closeWait is how long the end of the store waits for a disk.
	closeWait = 2 * time.Second
)

func (s *Store) newShelf(of *Stream) *shelf {
	return &shelf{store: s, stream: of, log: s.log.With("stream", of.name), wake: make(chan struct{}, 1)}
}

// poke tells that there is something to do.
func (s *shelf) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// bound sets how many bytes the files may take from now on.
func (s *shelf) bound(limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = limit
}

// remove has files removed.
func (s *shelf) remove(files ...leaver) {
	s.mu.Lock()
	s.gone = append(s.gone, files...)
	s.mu.Unlock()
	s.poke()
}

// end says that nothing more will be kept.
func (s *shelf) end() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.poke()
}

func (s *shelf) loop() {
	retry := time.NewTimer(retryAfter)
	defer retry.Stop()
	for s.store.ctx.Err() == nil {
		done := s.clean()
		next := s.next()
		if next != nil && s.put(next) {
			continue
		}
		if s.ended() {
			return
		}
		retry.Reset(retryAfter)
		again := retry.C
		if next == nil && done {
			again = nil
		}
		select {
		case <-s.wake:
		case <-again:
		case <-s.store.ctx.Done():
		}
	}
}

// ended reports whether there is nothing to do any more, and will not be: files may
// have come to go since they were cleaned last.
func (s *shelf) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over && len(s.gone) == 0
}

// next is the oldest segment that is not on disk, nil if all are.
func (s *shelf) next() (oldest *Segment) {
	for _, p := range s.stream.all() {
		if found := p.unfiled(); found != nil && (oldest == nil || found.Wall.Before(oldest.Wall)) {
			oldest = found
		}
	}
	return oldest
}

// put writes a segment. It reports whether that is done.
func (s *shelf) put(next *Segment) bool {
	size := int64(next.Size)
	s.makeRoom(size)
	err := s.store.disk.write(next)
	if isFull(err) {
		// The disk is short of room for all: this stream's oldest give way to its
		// newest, and no more than that, for what is removed may take its time to be
		// free.
		s.give(2 * size)
		s.clean()
		s.complain(err)
		err = s.store.disk.write(next)
	}
	if err != nil {
		s.complain(err)
		return false
	}
	s.mu.Lock()
	s.used += size
	s.mu.Unlock()
	s.store.shelved.Add(size)
	if !next.track.p.file(next) {
		s.remove(leaver{next.file(), size}, leaver{name: next.track.p.id})
	}
	s.calm()
	return true
}

func isFull(err error) bool {
	return errors.Is(err, errFull) || errors.Is(err, syscall.ENOSPC)
}

// clean removes the files that go. It reports whether none is left.
func (s *shelf) clean() bool {
	s.mu.Lock()
	gone := s.gone
	s.gone = nil
	s.mu.Unlock()
	var left []leaver
	for i, f := range gone {
		if s.store.ctx.Err() != nil {
			return false
		}
		if err := s.store.disk.remove(f.name); err != nil {
			if f.size > 0 {
				s.complain(err)
				left = append(left, gone[i])
			}
			continue // a folder is not empty: another file will go, and then it
		}
		s.mu.Lock()
		s.used -= f.size
		s.mu.Unlock()
		s.store.shelved.Add(-f.size)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = append(s.gone, left...)
	return len(s.gone) == 0
}

// makeRoom keeps the files within their bounds when another comes.
func (s *shelf) makeRoom(size int64) {
	all := s.stream.all()
	s.mu.Lock()
	limit, used := s.limit, s.used
	s.mu.Unlock()
	window := size
	for _, p := range all {
		window += p.windowBytes()
	}
	s.narrow(all, window-(limit-limit/pastPart))
	if used+size > limit {
		s.give(used + size - limit)
		s.clean()
	}
}

// narrow takes the oldest out of the windows until n bytes have left. Of what is
// over, nothing stays where only the end would: then its files go. It returns how
// many bytes go.
func (s *shelf) narrow(all []*Presentation, n int64) (gone int64) {
	for _, p := range all {
		if n <= 0 {
			break
		}
		n -= p.narrow(n)
		if n > 0 {
			dropped := s.store.discard(s.stream, p)
			n -= dropped
			gone += dropped
		}
	}
	return gone
}

// give has the oldest files removed: first those that have left the window, then
// of the window itself.
func (s *shelf) give(n int64) {
	all := s.stream.all()
	for _, p := range all {
		n -= p.purge(n)
	}
	n -= s.narrow(all, n)
	for _, p := range all {
		n -= p.purge(n)
	}
}

// complain logs the first of some faults in a row.
func (s *shelf) complain(err error) {
	s.mu.Lock()
	first := !s.troubled
	s.troubled, s.fault = true, time.Now()
	s.mu.Unlock()
	if first {
		s.log.Warn("the disk does not keep up with time shift: viewers cannot seek back as far as they should",
			"folder", s.store.disk.dir, "reason", err)
	}
}

// calm logs that it works again.
func (s *shelf) calm() {
	s.mu.Lock()
	again := s.troubled && time.Since(s.fault) >= calmAfter
	s.troubled = s.troubled && !again
	s.mu.Unlock()
	if again {
		s.log.Info("time shift works again", "folder", s.store.disk.dir)
	}
}

var errSlow = errors.New("the disk is too slow, or hangs")
