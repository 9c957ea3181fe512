package tool

import (
	"errors"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// NextOfFile returns the next frame of a file that is worth sending. A body that
// cannot be read is left out: the next one can be good.
func NextOfFile(r *flv.FrameReader) (*media.Frame, error) {
	for {
		f, err := r.Next()
		var unread *flv.BodyError
		if errors.As(err, &unread) || err == nil && f.Class == media.Command {
			continue
		}
		return f, err
	}
}

// Received is what came of one [Source.Next].
type Received struct {
	Frame *media.Frame
	Err   error
}

// Frames reads the source on a goroutine of its own, up to its first error,
// which comes through the channel too. stop closes the source and waits until
// that goroutine has ended.
func (s *Source) Frames() (frames <-chan Received, stop func()) {
	all := make(chan Received, 64)
	stopped := make(chan struct{})
	go func() {
		defer close(all)
		for {
			f, err := s.Next()
			select {
			case all <- Received{f, err}:
			case <-stopped:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return all, func() {
		close(stopped)
		s.Close()
		for range all { // until the goroutine has ended
		}
	}
}
