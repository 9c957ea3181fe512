package netx

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Express is the HTTP/1.1 side of clients that ask for small files by the
// thousand: players of HLS, ten times a second each. It answers plain requests for
// those, and gives any connection that asks for something else, or in words that
// leave any doubt, to the next door, with all that came and was not answered.
//
// What net/http does for a request costs several times what the answer does: a
// goroutine that watches for the client's end, three deadlines, headers parsed,
// cloned and sorted anew though each is the same as the last. Here a connection is
// one goroutine, headers that are those of the request before are not looked at
// again, and head and body of an answer leave in one writev.
//
// The context of a request ends with its connection's time here, not when the
// client goes: a handler must not wait for long.
type Express struct {
	// Handler answers, in the same words as it does for net/http.
	Handler http.Handler
	// Takes reports whether a path is one of such a file.
	Takes func(path string) bool
	// Next gets every other connection.
	Next Door
	// Context is what those of requests are made of; nil is the background.
	Context context.Context
	// HeaderTimeout is how long a request may take to come whole, IdleTimeout how
	// long none may come; no limits if 0.
	HeaderTimeout, IdleTimeout time.Duration

	mu      sync.Mutex
	conns   map[*expressConn]struct{}
	closing bool
	serving sync.WaitGroup
}

// Door is the [Door] of connections that speak HTTP. It returns when the
// connection has ended or was given away.
func (e *Express) Door(a *Arrival) {
	tcp, ok := a.Conn.(*net.TCPConn)
	if !ok || a.TLS != nil {
		e.Next(a)
		return
	}
	c := &expressConn{TCPConn: tcp, express: e, remote: (&headConn{Conn: tcp, arrival: a}).RemoteAddr().String()}
	if !e.enter(c) {
		tcp.Close()
		return
	}
	rest := c.serve(a.Head)
	e.leave(c)
	if rest == nil {
		tcp.Close()
		return
	}
	a.Head = rest
	e.Next(a)
}

func (e *Express) enter(c *expressConn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return false
	}
	if e.conns == nil {
		e.conns = make(map[*expressConn]struct{})
	}
	e.conns[c] = struct{}{}
	e.serving.Add(1)
	return true
}

func (e *Express) leave(c *expressConn) {
	e.mu.Lock()
	delete(e.conns, c)
	e.mu.Unlock()
	e.serving.Done()
}

// Shutdown ends connections that wait for a request at once, others with their
// answer, and all when ctx is done.
func (e *Express) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.closing = true
	for c := range e.conns {
		c.finish()
	}
	e.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		e.serving.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	e.mu.Lock()
	for c := range e.conns {
		c.Close()
	}
	e.mu.Unlock()
	return ctx.Err()
}

const (
	// expressHead bounds the head of a request here; net/http takes longer ones.
	expressHead = 4 << 10
	// deadlineSlack is how much sooner than it should an idle connection may end,
	// as a part of the time: that saves a timer a request.
	deadlineSlack = 4
)

// expressConn is a connection, and the answer that is made on it.
type expressConn struct {
	*net.TCPConn
	express *Express
	remote  string
	last    atomic.Bool // the answer that is made is the last
	idling  atomic.Bool // it waits for a request
	idleSet time.Time   // when the deadline for that was set, if it still runs
	heading bool        // the deadline for a head runs

	template *http.Request
	block    []byte // the header that was parsed last,
	parsed   http.Header
	host     string      // and what it says
	fields   http.Header // of the request, which handlers may change

	header  http.Header // of the answer
	status  int         // 0 until it is known
	method  string
	length  int64 // of its body, -1 if that is not said
	written int64
	sent    bool // the head was
	failed  bool
	limited bool      // writes have a deadline,
	writeBy time.Time // and this one is set
	head    []byte
	vector  [3][]byte
	buffers net.Buffers
}

// finish is called by others: it ends the wait for a request.
func (c *expressConn) finish() {
	c.last.Store(true)
	if c.idling.Load() {
		c.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // one that is closed needs none
	}
}

// serve answers until the connection ends, for which it returns nil, or what came
// last and is for somebody else.
func (c *expressConn) serve(first []byte) (rest []byte) {
	ctx := c.express.Context
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.template = (&http.Request{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RemoteAddr: c.remote,
	}).WithContext(ctx)
	c.fields, c.header = make(http.Header), make(http.Header)
	buffer := make([]byte, expressHead)
	if len(first) > len(buffer) {
		return first
	}
	n := copy(buffer, first)
	for {
		end, err := c.await(buffer, &n)
		if err != nil {
			return nil
		}
		var r *http.Request
		if end > 0 {
			r = c.parse(buffer[:end])
		}
		if r == nil {
			c.SetReadDeadline(time.Time{}) //nolint:errcheck // the next reader finds out
			return buffer[:n:n]
		}
		if !c.answer(r) || c.last.Load() {
			return nil
		}
		n = copy(buffer, buffer[end:n])
	}
}

// await reads until a head is whole, and returns its end; 0 if it is none that is
// for here.
func (c *expressConn) await(buffer []byte, n *int) (end int, err error) {
	searched := 0
	for {
		if i := bytes.Index(buffer[searched:*n], []byte("\r\n\r\n")); i >= 0 {
			c.heading = false
			return searched + i + len("\r\n\r\n"), nil
		}
		if *n == len(buffer) || bytes.Contains(buffer[:*n], []byte("\n\n")) {
			return 0, nil
		}
		searched = max(0, *n-len("\r\n\r"))
		if err := c.hurry(*n > 0); err != nil {
			return 0, err
		}
		m, err := c.TCPConn.Read(buffer[*n:])
		c.idling.Store(false)
		if *n += m; m == 0 && err != nil {
			return 0, err
		}
	}
}

var errClosing = errors.New("the server is going down")

// hurry sets the deadline of the read that follows.
func (c *expressConn) hurry(begun bool) error {
	limit := c.express.IdleTimeout
	if begun {
		limit = c.express.HeaderTimeout
	}
	switch now := time.Now(); {
	case limit == 0:
	case begun:
		if c.heading {
			break
		}
		c.heading, c.idleSet = true, time.Time{}
		if err := c.SetReadDeadline(now.Add(limit)); err != nil {
			return err
		}
	case now.Sub(c.idleSet) > limit/deadlineSlack:
		c.idleSet = now
		if err := c.SetReadDeadline(now.Add(limit)); err != nil {
			return err
		}
	}
	c.idling.Store(!begun)
	if !begun && c.last.Load() { // finish may not have seen that it waits
		return errClosing
	}
	return nil
}
