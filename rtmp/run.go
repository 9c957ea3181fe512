package rtmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

// run reads until the session ends, and says why it ended: nil if the peer
// closed it in order, ErrDetached if it has not ended. head is what was read
// already.
func (s *Session) run(head []byte) error {
	return s.readOn(func() error {
		if len(head) > 0 || s.role.begin() {
			return s.received(head)
		}
		return nil
	})
}

// readOn is run, with what comes before the first read.
func (s *Session) readOn(first func() error) error {
	err := s.read(first)
	if err == ErrDetached { //nolint:errorlint // it is never wrapped here
		return err
	}
	if s.in.shake != nil && err != nil {
		err = fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	s.shut(err)
	s.settleDetach(nil)
	s.tasks.Wait()
	if err = context.Cause(s.ctx); errors.Is(err, io.EOF) && !errors.Is(err, ErrConnectionLost) {
		return nil
	}
	return err
}

func (s *Session) read(first func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = s.panicked(v)
		}
	}()
	if err := first(); err != nil {
		return err
	}
	buf := make([]byte, strangerBuffer)
	for {
		if s.large && len(buf) < publisherBuffer {
			buf = make([]byte, publisherBuffer)
		}
		if s.detach() {
			return ErrDetached
		}
		s.arm()
		n, err := s.conn.Read(buf)
		if n > 0 {
			if err := s.received(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := s.tick(time.Now()); err != nil && !s.refused(err) {
				return err
			}
		default:
			return s.readError(err)
		}
	}
}

// readError tells a peer that closed in order from one that vanished.
func (s *Session) readError(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.leaving:
		return s.err
	case s.phase == streamless && (s.used || errors.Is(err, io.EOF)):
		// Behind the end of its streams it does not matter how it goes: a
		// client that closes with our last answers unread resets.
		return io.EOF
	case s.broken != nil:
		return s.broken
	}
	return fmt.Errorf("%w: %w", ErrConnectionLost, err)
}

// received takes bytes of the peer.
func (s *Session) received(p []byte) error {
	s.last.Store(int64(time.Since(s.start)))
	s.pinged = false
	if s.isLeaving() {
		return nil // what comes now was sent before the peer knew
	}
	due := s.in.count(len(p))
	if err := s.feed(p); err != nil {
		return err
	}
	if due && s.in.shake == nil {
		s.in.acked = s.in.received
		s.out.enqueue(message.NewProtocolControl(message.Acknowledgement, s.in.received))
	}
	if s.out.overflown() {
		return ErrSlowReader
	}
	s.out.kick()
	return nil
}

func (s *Session) feed(p []byte) error {
	if s.in.shake != nil {
		shake := s.in.shake
		out, n, done, err := shake.Feed(p)
		s.out.enqueueRaw(out)
		s.encrypted.Store(uint32(shake.Type()))
		if err != nil {
			return err
		}
		if !done {
			return nil
		}
		s.in.shake, p = nil, p[n:]
		in, to := shake.Ciphers()
		s.in.cipher = in
		s.out.encrypt(to)
		s.mu.Lock()
		s.enter(connecting)
		s.role.opened(shake)
		s.mu.Unlock()
	}
	if s.in.cipher != nil {
		s.in.cipher.XORKeyStream(p, p)
	}
	return s.in.chunks.Feed(p, s.emit)
}

// handle takes one whole message of the peer.
func (s *Session) handle(m *message.Message) error {
	switch m.Type {
	case message.SetChunkSize, message.Abort, message.Acknowledgement,
		message.WindowAckSize, message.SetPeerBandwidth:
		if s.flooded(m) {
			return ErrFlood
		}
		answer, err := s.in.control(m)
		if answer != nil {
			s.out.enqueue(answer)
		}
		return err
	case message.Command, message.CommandAMF3, message.UserControl:
		if s.flooded(m) {
			return ErrFlood
		}
	}
	s.mu.Lock()
	if s.finished || s.leaving {
		s.mu.Unlock()
		return nil
	}
	next, st, err := s.role.handle(m)
	driven := s.driven
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case st != nil && st.sending():
		return nil // nobody reads it
	case st != nil && driven != nil && driven.stream == st:
		return driven.deliver(m)
	case st != nil:
		return st.deliver(m)
	case next.do == nil:
		return nil
	case next.mayWait && driven != nil:
		driven.postpone(next.do)
		return nil
	}
	return next.do()
}

// flooded counts what the peer makes this side work for. Acknowledgements are
// as many as the media that this side sends.
func (s *Session) flooded(m *message.Message) bool {
	return m.Type != message.Acknowledgement &&
		s.in.flooded(s.last.Load()/int64(time.Second), s.set.commandsASec)
}

func (s *Session) isLeaving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaving
}

// deadline is when the phase must have ended; zero if it may last.
func (s *Session) deadline() time.Time {
	after := func(from time.Time, d time.Duration) time.Time {
		if d < 0 {
			return time.Time{}
		}
		return from.Add(d)
	}
	switch {
	case s.leaving && !s.left.IsZero(), s.broken != nil:
		return s.left
	case s.phase == shaking:
		return after(s.since, s.set.handshake)
	case s.phase == connecting:
		return after(s.since, s.set.connect)
	case s.phase == streamless:
		if s.used {
			return after(s.since, s.set.stream)
		}
		// Who was never let in has no more time for trying again, but a moment
		// to read the refusal.
		d, told := after(s.start, s.set.stream), s.since.Add(linger)
		if !d.IsZero() && d.Before(told) {
			d = told
		}
		return d
	}
	return time.Time{}
}

// arm sets the deadline of the next read: the end of the phase, or the time to
// look whether the peer is alive. That one moves only when it has passed, not
// with every read.
func (s *Session) arm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deadline()
	if s.left.IsZero() && (d.IsZero() || s.nextPing.Before(d)) {
		d = s.nextPing
	}
	if d != s.armed {
		s.armed = d
		_ = s.conn.SetReadDeadline(d)
	}
}

// tick is called when a read deadline has passed.
func (s *Session) tick(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.deadline(); !d.IsZero() && !now.Before(d) {
		switch {
		case s.leaving:
			return s.err
		case s.broken != nil:
			return s.broken
		case s.role.unproven():
			return fmt.Errorf("%w in time", ErrUnverified)
		}
		return fmt.Errorf("%w (%v)", ErrTimeout, s.phase)
	}
	if now.Before(s.nextPing) {
		return nil
	}
	sends, receives := s.uses()
	silent := now.Sub(s.LastReceived())
	if s.set.idle >= 0 && !sends && silent >= s.set.idle {
		return ErrSilent
	}
	interval := max(s.set.ping, playerPing)
	if receives && s.set.ping >= 0 {
		interval = s.set.ping
	}
	if silent >= interval && s.phase >= streamless && !s.pinged && s.set.ping >= 0 {
		s.pinged = true
		s.role.ping(uint32(now.Sub(s.start).Milliseconds()))
		s.out.kick()
	}
	wait := interval
	if silent < interval {
		wait -= silent
	}
	if s.set.idle >= 0 && !sends {
		wait = min(wait, s.set.idle-silent)
	}
	s.nextPing = now.Add(wait)
	return nil
}

// uses says which way media goes on this session.
func (s *Session) uses() (sends, receives bool) {
	for _, st := range s.streams {
		if st.sending() {
			sends = true
		} else {
			receives = true
		}
	}
	return sends, receives
}

func (p phase) String() string {
	return [...]string{"handshake", "connect", "publish or play", "streaming"}[p]
}
