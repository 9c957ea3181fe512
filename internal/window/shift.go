package window

import (
	"os"
	"time"
)

// Shift says how far back the viewers of a stream may seek. The zero value is not
// at all: then nothing is written to disk.
type Shift struct {
	// Window is how much of the past there is, as far as Bytes of the disk hold it.
	Window time.Duration
	Bytes  int64
}

// on reports whether the stream has time shift.
func (s Shift) on() bool { return s.Window > 0 && s.Bytes > 0 }

// Shelved reports whether the segment's bytes are on disk only: it has no Parts,
// and Open reads it.
func (s *Segment) Shelved() bool { return s.shelved }

// Open opens the file of a segment that is shelved. It fails when the file has
// gone meanwhile.
func (s *Segment) Open() (*os.File, error) { return nil, os.ErrNotExist }

// Shifted tells how far back viewers can seek in a stream with time shift: to
// which moment, and how long before the newest whole segment that is. It is false
// where there is no time shift, or nothing yet.
func (s *Stream) Shifted() (oldest time.Time, available time.Duration, ok bool) {
	return time.Time{}, 0, false
}

// Shift is what the stream is given of time shift in this broadcast.
func (s *Stream) Shift() Shift { return Shift{} }

// Broadcast is the hub's identifier of the broadcast that p is of.
func (p *Presentation) Broadcast() string { return p.broadcast }
