package rtmpt

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	defaultIdle     = 30 * time.Second
	defaultSessions = 10000
	backlog         = 128
)

var (
	// ErrIdle is what Read and Write of a session say that ended because no
	// request came for it.
	ErrIdle = errors.New("rtmpt: no request came for too long")
	// ErrBody is what they say when a request's body was longer than 1 MiB, or
	// broke off and was not sent again: what follows it would make no sense.
	ErrBody = errors.New("rtmpt: a request's body broke off or was too long")
)

// Listener is the server's side of the tunnel: an [http.Handler] for the paths
// that [Match] knows, and a [net.Listener] whose connections are the sessions.
// The zero value is ready. Fields must not be changed once it is in use. Of
// them, zero means the default and a negative value means no limit.
type Listener struct {
	// IdleTimeout is how long a session may be without a request, 30 s by
	// default.
	IdleTimeout time.Duration
	// MaxSessions is how many there may be at a time, 10000 by default. Whoever
	// opens one more is answered 503.
	MaxSessions int

	addr net.Addr

	mu       sync.Mutex
	sessions map[string]*Conn
	queue    chan *Conn
	closed   bool
}

// NewListener makes a listener that says it is at addr.
func NewListener(addr net.Addr) *Listener { return &Listener{addr: addr} }

// Addr is what was given to [NewListener].
func (l *Listener) Addr() net.Addr {
	if l.addr == nil {
		return &net.TCPAddr{}
	}
	return l.addr
}

// Accept waits for the next session and gives it, as a [*Conn]. It fails with
// [net.ErrClosed] once the listener is closed.
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	queue := l.accepting()
	l.mu.Unlock()
	c, ok := <-queue
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// accepting makes the zero value ready. The caller holds mu.
func (l *Listener) accepting() chan *Conn {
	if l.queue == nil {
		l.queue = make(chan *Conn, backlog)
		l.sessions = make(map[string]*Conn)
		if l.closed {
			close(l.queue)
		}
	}
	return l.queue
}

// Close opens no more sessions. Those that were accepted go on; those that were
// not are closed.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return net.ErrClosed
	}
	queue := l.accepting()
	l.closed = true
	close(queue)
	l.mu.Unlock()
	for c := range queue {
		c.Close()
	}
	return nil
}

// open makes a session, nil if there is no room for it.
func (l *Listener) open(r *http.Request) *Conn {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	limit := l.MaxSessions
	if limit == 0 {
		limit = defaultSessions
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.accepting()
	if l.closed || len(queue) == cap(queue) || limit > 0 && len(l.sessions) >= limit {
		return nil
	}
	request := r.WithContext(context.WithoutCancel(r.Context()))
	request.Body = http.NoBody
	c := newConn(l, hex.EncodeToString(id[:]), request)
	l.sessions[c.id] = c
	queue <- c // has room: nobody else adds to it
	return c
}

func (l *Listener) session(id string) *Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sessions[id]
}

func (l *Listener) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, id)
}

func (l *Listener) idleTimeout() time.Duration {
	if l.IdleTimeout == 0 {
		return defaultIdle
	}
	return l.IdleTimeout
}
