package rtmp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

// Session is one connection: the NetConnection of Adobe's documents, with the
// streams on it. Its methods may be called from any goroutine.
type Session struct {
	id        string
	conn      net.Conn
	set       settings
	start     time.Time
	ctx       context.Context
	cancel    context.CancelCauseFunc
	out       *writer
	in        inbound
	last      atomic.Int64 // when the last byte came, as duration since start
	rtt       atomic.Int64
	encrypted atomic.Uint32
	tasks     sync.WaitGroup // handlers

	// Of the goroutine that reads.
	emit     func(*message.Message) error
	large    bool // the peer sends media
	nextPing time.Time
	pinged   bool

	mu       sync.Mutex
	role     role
	info     *message.Connect
	user     string // who it is, of a client that was challenged
	peer     Capabilities
	streams  map[uint32]*Stream
	phase    phase
	used     bool        // a stream was accepted
	since    time.Time   // when the phase began
	armed    time.Time   // the read deadline that is set
	leaving  bool        // this side ends the session in order
	asked    *detachment // a handler waits to be detached
	driven   *Detached   // a driver has the session
	broken   error       // of a write
	left     time.Time   // when reading ends, if leaving or broken
	err      error       // why the session ended
	finished bool

	// gone is closed when a server has done with the session, handlers and all.
	gone chan struct{}
}

// role is what differs between the two sides.
type role interface {
	// handle takes a message of the peer that is not the transport's. It is
	// called with the session locked, and returns what is to be done when it
	// is not.
	handle(m *message.Message) (task, *Stream, error)
	// begin reports whether this side speaks first.
	begin() bool
	// opened is called when the handshake is done.
	opened(shaker)
	// endStream tells the peer that this side ends a stream.
	endStream(st *Stream, err error)
	ping(value uint32)
	// unproven reports whether the peer has yet to prove what it was asked.
	unproven() bool
}

// task is what is left to do for a message; the zero value is nothing.
type task struct {
	do func() error
	// mayWait is set if do may wait for a handler.
	mayWait bool
}

// phase is how far a session has come.
type phase uint8

const (
	shaking    phase = iota // handshake
	connecting              // connect is awaited or not answered yet
	streamless              // connected, no stream in use
	streaming               // at least one stream in use
)

func newSession(ctx context.Context, c net.Conn, set settings) *Session {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	s := &Session{
		id: hex.EncodeToString(id[:]), conn: c, set: set, start: time.Now(),
		out: newWriter(c, set), streams: make(map[uint32]*Stream), gone: make(chan struct{}),
		in: inbound{chunks: chunk.NewReader(), window: window},
	}
	s.since = s.start
	s.emit, s.out.failed = s.handle, s.lost
	s.nextPing = s.start.Add(s.checkEvery())
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	return s
}

// ID is a random name for the session, for logs.
func (s *Session) ID() string { return s.id }

// RemoteAddr is the address of the peer.
func (s *Session) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// LocalAddr is the address that the peer connected to, or this side from.
func (s *Session) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// Conn is the connection, for looking at it (TLS state, socket options).
// Reading from it or writing to it breaks the session.
func (s *Session) Conn() net.Conn { return s.conn }

// Encrypted is the type of RTMPE that is spoken, 6, 8 or 9, and 0 if there is no
// RTMPE. It is known with the peer's first byte, also of a handshake that fails.
func (s *Session) Encrypted() int { return int(s.encrypted.Load()) }

// Context is done when the session has ended; its cause tells why.
func (s *Session) Context() context.Context { return s.ctx }

// ConnectInfo is what the client said in connect; nil before connect.
func (s *Session) ConnectInfo() *message.Connect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// ChunkSize is the size of outgoing chunks, for [NewBatch].
func (s *Session) ChunkSize() int { return s.set.chunkSize }

// Stats are the counters of a session.
type Stats struct {
	// BytesIn and BytesOut are counted on the connection, headers and all.
	BytesIn, BytesOut uint64
	// Acknowledged is the last sequence number that the peer acknowledged, in
	// bytes modulo 2^32; many peers send none.
	Acknowledged uint32
	// RTT is the time that the last ping took, 0 before the first.
	RTT time.Duration
	// Start is when the session began, LastReceived when the last byte came.
	Start, LastReceived time.Time
}

// Stats gives the counters as they are now.
func (s *Session) Stats() Stats {
	return Stats{
		BytesIn: s.in.total.Load(), BytesOut: s.out.bytes.Load(), Acknowledged: s.in.peerAck.Load(),
		RTT: time.Duration(s.rtt.Load()), Start: s.start, LastReceived: s.LastReceived(),
	}
}

// LastReceived is when the last byte came from the peer.
func (s *Session) LastReceived() time.Time {
	return s.start.Add(time.Duration(s.last.Load()))
}

// Ping asks the peer for an answer, which shows in [Session.LastReceived] and
// in Stats. It does not wait; a session pings a silent peer by itself.
func (s *Session) Ping() error {
	s.mu.Lock()
	if s.finished {
		s.mu.Unlock()
		return context.Cause(s.ctx)
	}
	s.role.ping(uint32(time.Since(s.start).Milliseconds()))
	s.mu.Unlock()
	if err := s.flush(); err != nil {
		return lostError(err)
	}
	return nil
}

// Close closes the connection at once. Its streams end with ErrSessionClosed.
func (s *Session) Close() error {
	s.shut(ErrSessionClosed)
	return nil
}

// CloseWith tells the peer why, on each stream, and closes the connection in
// order. It does not wait for the peer.
func (s *Session) CloseWith(reason error) { s.leave(reason) }

// flush writes what waits, on the caller's goroutine.
func (s *Session) flush() error {
	err := s.out.flush()
	if err != nil {
		s.lost(err)
	}
	return err
}

// lost takes note of a failed write. Reading goes on for a moment: an encoder
// that has closed the connection, with our answers unread, leaves its last
// messages behind, and a server its reason.
func (s *Session) lost(err error) {
	err = lostError(err)
	if errors.Is(err, ErrSlowReader) {
		s.shut(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.finished && s.broken == nil {
		s.broken = err
		s.giveTime()
	}
}

// giveTime lets the peer go on for a moment; the session is locked.
func (s *Session) giveTime() {
	s.left = time.Now().Add(linger)
	s.armed = s.left
	_ = s.conn.SetReadDeadline(s.left)
}

// checkEvery is how often a silent peer is looked at.
func (s *Session) checkEvery() time.Duration {
	if s.set.ping >= 0 {
		return s.set.ping
	}
	return playerPing
}

func lostError(err error) error {
	if errors.Is(err, ErrSlowReader) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrConnectionLost, err)
}

// shut ends the session at once; the first reason counts.
func (s *Session) shut(err error) {
	s.mu.Lock()
	if s.finished {
		s.mu.Unlock()
		return
	}
	if err == nil {
		err = ErrSessionClosed
	}
	s.finished, s.err = true, err
	streams := s.takeStreams()
	s.mu.Unlock()
	s.cancel(err)
	s.conn.Close()
	for _, st := range streams {
		st.end(err)
	}
	s.mu.Lock()
	driven := s.driven
	s.mu.Unlock()
	if driven != nil {
		driven.wake()
	}
}

// leave ends all streams in order, with reason for their handlers and their
// peer, and lets the peer close the connection.
func (s *Session) leave(reason error) {
	s.mu.Lock()
	streams := s.takeStreams()
	for _, st := range streams {
		s.role.endStream(st, reason)
	}
	s.mu.Unlock()
	for _, st := range streams {
		st.end(reason)
	}
	s.closePolitely(reason)
}

// closePolitely writes what waits, closes this side of the connection and gives
// the peer some time to close the other. Closing at once, with unread bytes in
// the socket, would reset the connection, and the peer might never see why.
func (s *Session) closePolitely(reason error) {
	s.mu.Lock()
	if s.finished || s.leaving {
		s.mu.Unlock()
		return
	}
	s.leaving, s.err = true, reason
	driven := s.driven
	s.mu.Unlock()
	if driven != nil {
		driven.wake()
		return
	}
	s.part(reason)
}

// part is the end of closePolitely.
func (s *Session) part(reason error) {
	_ = s.flush()
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		s.shut(reason)
		return
	}
	s.mu.Lock()
	s.giveTime()
	s.mu.Unlock()
}

func (s *Session) takeStreams() []*Stream {
	streams := make([]*Stream, 0, len(s.streams))
	for _, st := range s.streams {
		streams = append(streams, st)
	}
	clear(s.streams)
	return streams
}

// enter changes the phase; the session is locked.
func (s *Session) enter(p phase) {
	if s.phase != p {
		s.phase, s.since = p, time.Now()
	}
}

// addStream and dropStream keep the phase; the session is locked.
func (s *Session) addStream(st *Stream) {
	s.streams[st.id] = st
	s.enter(streaming)
}

func (s *Session) dropStream(st *Stream) {
	if s.streams[st.id] == st {
		delete(s.streams, st.id)
		if len(s.streams) == 0 {
			s.enter(streamless)
		}
	}
}
