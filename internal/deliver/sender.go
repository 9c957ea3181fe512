package deliver

import (
	"net/http"
	"time"
)

const (
	// A viewer must take this much in this time, or is gone: 100 kbit/s. Most parts
	// leave in one step.
	writeStep    = 128 << 10
	writePatient = 10 * time.Second
	// Of a file it is more at once: a step is a call of the system's.
	fileStep = 256 << 10
)

// Sender writes to a viewer who must not take for ever. Close it.
type Sender struct {
	w    http.ResponseWriter
	conn *http.ResponseController
	n    int
}

// NewSender returns one that writes to w.
func NewSender(w http.ResponseWriter) *Sender {
	return &Sender{w: w, conn: http.NewResponseController(w)}
}

// Send writes p, or fails once the viewer takes too long.
func (s *Sender) Send(p []byte) error {
	for len(p) > 0 {
		s.hurry()
		n, err := s.w.Write(p[:min(len(p), writeStep)])
		s.n += n
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// Flush has leave what was written, in a chunk of its own where HTTP/1.1 has them.
func (s *Sender) Flush() error {
	s.hurry()
	return s.conn.Flush()
}

// Taken is how many bytes were written since it was asked last.
func (s *Sender) Taken() int {
	n := s.n
	s.n = 0
	return n
}

// Close lifts the deadline, which a connection that is kept must not keep.
func (s *Sender) Close() {
	s.conn.SetWriteDeadline(time.Time{}) //nolint:errcheck // where there are none, none is left
}

// hurry sets the time by which the next step must be taken.
func (s *Sender) hurry() {
	s.conn.SetWriteDeadline(time.Now().Add(writePatient)) //nolint:errcheck // tests and tunnels have none
}
