package rtmp

import (
	"errors"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

// errDriven is the error of sending on a stream that a driver carries.
var errDriven = errors.New("rtmp: a driver writes to this connection")

// errPostponed has a driver let go of a session whose peer wants more than its
// one stream.
var errPostponed = errors.New("rtmp: the peer asks for another stream")

// Detached is a session of a server that goes on without goroutines of its own,
// for the sake of its one stream. Whoever detached it, the driver, reads and
// writes its connection, as one of a few goroutines that serve thousands.
//
// The driver carries the plain course alone: what the peer sends goes to
// [Detached.Receive], what is to be answered comes from [Detached.Answers], a
// player's driver sends messages of its own making behind that, and all call
// [Detached.Tick]. With the first error of any of these, and whatever else goes
// wrong, it puts the session back on goroutines by [Detached.Attach], which know
// what to do.
//
// But for Attach, which is the last, its methods are for one goroutine at a time.
type Detached struct {
	stream *Stream
	wake   func()
	sink   func(*message.Message) error
	failed error          // of sink
	later  []func() error // what Receive could not do without waiting
	unread []byte
	err    error
}

// detachment is a handler that waits for the goroutine that reads to stop.
type detachment struct {
	stream  *Stream
	wake    func()
	granted chan *Detached
}

// Detach takes the session of an accepted stream off its goroutines. The handler
// then returns ErrDetached. wake is called, from any
// goroutine, when the driver has to look for answers or for the end of the
// stream ([Stream.Err]); it must not wait. Until then nothing may be sent but by
// the driver, which has the connection from [Session.Conn].
//
// It returns nil if the session serves other streams as well, is encrypted, or
// ends: then everything stays as it was.
func (st *Stream) Detach(wake func()) *Detached {
	s := st.session
	s.mu.Lock()
	if s.asked != nil || !s.detachable(st) {
		s.mu.Unlock()
		return nil
	}
	asked := &detachment{st, wake, make(chan *Detached, 1)}
	s.asked = asked
	s.armed = s.start // long past: it ends a read that waits
	_ = s.conn.SetReadDeadline(s.armed)
	s.mu.Unlock()
	d := <-asked.granted
	if d != nil {
		s.out.drive(wake)
	}
	return d
}

// detachable reports whether st is all that the session is about; the session
// is locked.
func (s *Session) detachable(st *Stream) bool {
	_, server := s.role.(*serverRole)
	return server && st.accepted.Load() && s.streams[st.id] == st && len(s.streams) == 1 &&
		!s.finished && !s.leaving && s.broken == nil && s.in.cipher == nil
}

// detach reports whether the goroutine that reads is to stop, for a driver.
func (s *Session) detach() bool {
	s.mu.Lock()
	asked := s.asked
	if asked == nil {
		s.mu.Unlock()
		return false
	}
	var d *Detached
	if s.detachable(asked.stream) {
		d = &Detached{stream: asked.stream, wake: asked.wake}
		s.driven = d
	}
	s.mu.Unlock()
	s.settleDetach(d)
	return d != nil
}

// settleDetach answers the handler that waits, if there is one.
func (s *Session) settleDetach(d *Detached) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked != nil {
		s.asked.granted <- d
		s.asked = nil
	}
}

// Each has fn called, by Receive, for every audio, video and data message of a
// publication, as [Stream.Each] does; for those that have come already it is
// called at once. It is called before anything is received. The error is fn's,
// or why the stream has ended.
func (d *Detached) Each(fn func(*message.Message) error) error {
	d.sink = fn
	if d.failed = d.stream.drain(fn); d.failed != nil {
		return d.failed
	}
	return d.stream.Err()
}

// deliver takes a message of the publication.
func (d *Detached) deliver(m *message.Message) error {
	if m.Type == message.Aggregate {
		return message.Split(m, d.put)
	}
	return d.put(m)
}

func (d *Detached) put(m *message.Message) error {
	if d.failed == nil {
		d.failed = d.sink(m)
	}
	return nil
}

func (d *Detached) postpone(do func() error) {
	d.later = append(d.later, do)
	d.stream.session.in.chunks.Pause()
}

// Receive takes bytes that came from the peer; they may be reused afterwards.
func (d *Detached) Receive(p []byte) (err error) {
	s := d.stream.session
	defer func() {
		if v := recover(); v != nil {
			d.err = s.panicked(v)
			err = d.err
		}
	}()
	if d.err = s.received(p); d.err != nil {
		return d.err
	}
	if len(d.later) > 0 {
		if n := s.in.chunks.Unread(); n > 0 {
			d.unread = append([]byte(nil), p[len(p)-n:]...)
		}
		return errPostponed
	}
	if d.failed != nil {
		return d.failed
	}
	return d.stream.Err()
}

// Answers returns what is to be written to the peer before anything else, nil
// if there is nothing. It is the caller's.
func (d *Detached) Answers() []byte { return d.stream.session.out.take() }

// Sent counts n bytes that were written, for [Session.Stats].
func (d *Detached) Sent(n int) { d.stream.session.out.bytes.Add(uint64(n)) }

// Tick watches over a silent peer. It should be called at least once a second.
func (d *Detached) Tick(now time.Time) error {
	s := d.stream.session
	if now.Before(s.nextPing) {
		return nil
	}
	d.err = s.tick(now)
	return d.err
}

// Attach puts the session back on goroutines of its own. rest are the bytes
// that the driver has begun to write and could not; handler goes on where the
// stream's handler was when it was detached, also for a stream that has ended.
// failed is why nothing can be written, nil if the driver knows of no such
// reason. Attach does not wait.
func (d *Detached) Attach(rest [][]byte, failed error, handler func() error) {
	st := d.stream
	s := st.session
	r, _ := s.role.(*serverRole) // no other is detachable
	finish := s.out.undrive(rest)
	s.mu.Lock()
	s.driven, s.armed = nil, time.Time{}
	leaving, reason := s.leaving, s.err
	s.mu.Unlock()
	if d.err == nil && failed != nil {
		s.lost(failed)
	}
	r.start(st, func() error {
		if err := finish(); err != nil {
			s.lost(err)
		}
		if leaving {
			s.part(reason)
		}
		return handler()
	})
	go func() {
		_ = r.server.conclude(s, s.readOn(func() error { return d.resume() })) // Ended is told
	}()
}

// resume does what Receive left, and answers what it read last.
func (d *Detached) resume() error {
	if d.err != nil {
		return d.err
	}
	for _, do := range d.later {
		if err := do(); err != nil {
			return err
		}
	}
	s := d.stream.session
	if len(d.unread) > 0 {
		if err := s.feed(d.unread); err != nil {
			return err
		}
	}
	s.out.kick()
	return nil
}
