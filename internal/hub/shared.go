package hub

import "github.com/millrace-live/millrace/media"

// Shared asks many readers for frames, one after another, on one goroutine, and
// keeps what is made of them: the reader that comes next and stands at the same
// place of a stream is given the same, if its kind is the same. The zero value is
// ready.
type Shared[Kind comparable, Made any] struct {
	row row
	// of the frames of row, the first n: there are few kinds of readers.
	made [4]struct {
		kind Kind
		of   Made
	}
	n int
}

// Next returns the reader's next frames and what is made of them for its kind,
// nil when there are no frames. fresh says that it is not made yet: what it
// points to is of earlier frames, and is for the caller to make anew.
func (s *Shared[Kind, Made]) Next(r *Reader, kind Kind) (frames []*media.Frame, made *Made, fresh bool, err error) {
	frames, same, err := s.row.next(r)
	if len(frames) == 0 {
		return nil, nil, false, err
	}
	if !same {
		s.n = 0
	}
	for i := range s.made[:s.n] {
		if m := &s.made[i]; m.kind == kind {
			return frames, &m.of, false, nil
		}
	}
	if s.n == len(s.made) {
		s.n--
	}
	m := &s.made[s.n]
	s.n++
	m.kind = kind
	return frames, &m.of, true, nil
}
