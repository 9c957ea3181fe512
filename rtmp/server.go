package rtmp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves RTMP. Its fields must not be changed once it serves. The zero
// value with a Handler is ready. Of the durations, zero means the default and a
// negative value means no limit.
type Server struct {
	// Addr is where ListenAndServe listens; ":1935" if empty.
	Addr string
	// Handler is asked about each stream; nil refuses all.
	Handler Handler

	// ChunkSize is the size of outgoing chunks in bytes, 65536 by default.
	ChunkSize int
	// HandshakeTimeout is how long a client may take for the handshake (10 s),
	// ConnectTimeout how long it may take from there to connect (10 s), and
	// StreamTimeout how long a connection may be without a stream: from its
	// beginning, and again from the end of its last stream (20 s). All are
	// absolute: bytes do not extend them.
	HandshakeTimeout time.Duration
	ConnectTimeout   time.Duration
	StreamTimeout    time.Duration
	// WriteTimeout is how long a client may take no byte of what is written to
	// it before it is closed with ErrSlowReader (10 s).
	WriteTimeout time.Duration
	// PingInterval is how long a publisher may be silent before it is pinged
	// (5 s). Players are pinged after 30 s.
	PingInterval time.Duration
	// IdleTimeout is how long nothing at all may come from a client that does
	// not play (60 s). Not every client answers pings.
	IdleTimeout time.Duration
	// RefuseEncrypted refuses RTMPE, which is obfuscation, and kept for old
	// players and encoders that speak nothing else.
	RefuseEncrypted bool
	// EncryptionType is the type that clients of RTMPE are answered with, 6, 8
	// or 9; 0 is the one that they ask for.
	EncryptionType uint8
	// SWF, if not nil, is called with connect, before ServeConnect, and gives
	// the files one of which the client must prove to be: a player of the Flash
	// days. None lets everybody pass. Who proves nothing within ConnectTimeout
	// of the handshake is refused. Encoders cannot prove anything;
	// [Session.ConnectInfo] has what they call themselves.
	SWF func(s *Session) []SWF
	// Challenge, if not nil, asks clients for a user and a password. It comes
	// before SWF and ServeConnect; [Session.User] tells those who was let in.
	Challenge *Challenge
	// Logger gets panics and failing listeners; slog.Default() if nil. Ends of
	// sessions are for Ended.
	Logger *slog.Logger
	// Ended, if not nil, is called when a session has ended, with what
	// ServeConn returns: nil if the client closed it in order.
	Ended func(s *Session, err error)

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	sessions  map[*Session]struct{}
	idle      sync.WaitGroup // running ServeConns
	panics    atomic.Uint64
}

func (srv *Server) settings() settings {
	return settings{
		chunkSize:    orDefault(srv.ChunkSize, defaultChunkSize),
		handshake:    orDefault(srv.HandshakeTimeout, 10*time.Second),
		connect:      orDefault(srv.ConnectTimeout, 10*time.Second),
		stream:       orDefault(srv.StreamTimeout, 20*time.Second),
		write:        orDefault(srv.WriteTimeout, 10*time.Second),
		ping:         orDefault(srv.PingInterval, 5*time.Second),
		idle:         orDefault(srv.IdleTimeout, 60*time.Second),
		maxQueue:     maxAnswers,
		commandsASec: maxCommands,
	}
}

func (srv *Server) logger() *slog.Logger {
	if srv.Logger != nil {
		return srv.Logger
	}
	return slog.Default()
}

// Panics is how many panics ended a session.
func (srv *Server) Panics() uint64 { return srv.panics.Load() }

// ListenAndServe listens on Addr and serves. It never returns nil.
func (srv *Server) ListenAndServe() error {
	addr := srv.Addr
	if addr == "" {
		addr = ":1935"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("rtmp: listen: %w", err)
	}
	return srv.Serve(l)
}

// Serve serves the connections that l accepts, each on a goroutine of its own,
// and closes l in the end. It never returns nil: ErrServerClosed after Close or
// Shutdown, else why l failed.
func (srv *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !srv.addListener(l) {
		return ErrServerClosed
	}
	defer srv.removeListener(l)
	var pause time.Duration
	for {
		c, err := l.Accept()
		if err == nil {
			pause = 0
			go func() { _ = srv.ServeConn(context.Background(), c, nil) }()
			continue
		}
		if srv.isClosed() {
			return ErrServerClosed
		}
		// Out of files, or a connection that broke before it was accepted:
		// there is no portable way to tell those from a listener that is gone.
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("rtmp: accept: %w", err)
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		srv.logger().Warn("rtmp: accept failed", "error", err, "retry", pause)
		time.Sleep(pause)
	}
}

// ServeConn serves one connection until it ends and closes it. head is what was
// read from it already, and may be changed. It returns why the session ended: nil if the client
// closed it in order. A handler that still runs is waited for.
//
// Writing is fastest on a *net.TCPConn, so do not wrap one without need.
func (srv *Server) ServeConn(ctx context.Context, c net.Conn, head []byte) error {
	s := newSession(ctx, c, srv.settings())
	s.beServer(srv)
	if !srv.add(s) {
		c.Close()
		return ErrServerClosed
	}
	return srv.conclude(s, s.run(head))
}

// conclude counts s out when it has ended with err.
func (srv *Server) conclude(s *Session, err error) error {
	if err == ErrDetached { //nolint:errorlint // it is never wrapped here
		return err
	}
	defer srv.remove(s)
	if srv.Ended != nil {
		srv.Ended(s, err)
	}
	return err
}

// Close closes all listeners and sessions at once and waits for the handlers
// to return.
func (srv *Server) Close() error {
	for _, s := range srv.close() {
		s.shut(ErrServerClosed)
	}
	srv.idle.Wait()
	return nil
}

// Shutdown closes all listeners, tells every client that its streams end, and
// waits until the sessions have ended. When ctx is done it closes what is left
// and returns the cause. See [Server.Reconnect] for clients that can go elsewhere
// before.
func (srv *Server) Shutdown(ctx context.Context) error {
	for _, s := range srv.close() {
		go s.leave(ErrServerClosed)
	}
	done := make(chan struct{})
	go func() {
		srv.idle.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		_ = srv.Close()
		return context.Cause(ctx)
	}
}

// close stops accepting and gives the sessions there are.
func (srv *Server) close() []*Session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.closed = true
	for l := range srv.listeners {
		l.Close()
	}
	sessions := make([]*Session, 0, len(srv.sessions))
	for s := range srv.sessions {
		sessions = append(sessions, s)
	}
	return sessions
}

func (srv *Server) isClosed() bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.closed
}

func (srv *Server) addListener(l net.Listener) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.closed {
		return false
	}
	if srv.listeners == nil {
		srv.listeners = make(map[net.Listener]struct{})
	}
	srv.listeners[l] = struct{}{}
	return true
}

func (srv *Server) removeListener(l net.Listener) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.listeners, l)
}

func (srv *Server) add(s *Session) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.closed {
		return false
	}
	if srv.sessions == nil {
		srv.sessions = make(map[*Session]struct{})
	}
	srv.sessions[s] = struct{}{}
	srv.idle.Add(1)
	return true
}

func (srv *Server) remove(s *Session) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.sessions, s)
	close(s.gone)
	srv.idle.Done()
}
