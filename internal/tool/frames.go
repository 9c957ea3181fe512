package tool

import "github.com/millrace-live/millrace/media"

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
