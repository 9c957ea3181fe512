package rtmpt

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	maxBody = 1 << 20
	// bodyTimeout is how long a body may take to come and to be read,
	// replyTimeout how long a client may take to accept a reply.
	bodyTimeout  = 30 * time.Second
	replyTimeout = 10 * time.Second
	// holdTime is how long an answer to /idle waits for something to say. A
	// client that has something to send can do so only after that.
	holdTime = 250 * time.Millisecond
	// An answer to /send waits a moment for what its bytes bring about, since a
	// client that gets nothing sleeps before it asks again (FFmpeg for 50 ms).
	// For one that only ever sends, librtmp with a request for each message,
	// the moment halves down to nothing.
	maxGrace = 20 * time.Millisecond
	minGrace = time.Millisecond
)

var pieces = sync.Pool{New: func() any { return new([piece]byte) }}

// ServeHTTP carries out a request of the tunnel.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t, ok := parseTarget(r.URL.Path)
	switch {
	case !ok:
		http.Error(w, "rtmpt: no such request", http.StatusNotFound)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "rtmpt: use POST", http.StatusMethodNotAllowed)
	case t.verb == ident:
		http.Error(w, "rtmpt: go on with /open", http.StatusNotFound)
	case t.verb == open:
		c := l.open(r)
		if c == nil {
			http.Error(w, "rtmpt: too many sessions", http.StatusServiceUnavailable)
			return
		}
		answer(w, []byte(c.id+"\n"), false)
	default:
		c := l.session(t.id)
		if c == nil {
			refuse(w, lost)
			return
		}
		c.serve(w, r, t)
	}
}

func refuse(w http.ResponseWriter, v verdict) {
	switch v {
	case lost:
		http.Error(w, "rtmpt: no such session", http.StatusNotFound)
	case crowded, abandoned:
		http.Error(w, "rtmpt: too many requests wait", http.StatusServiceUnavailable)
	}
}

func (c *Conn) serve(w http.ResponseWriter, r *http.Request, t target) {
	v := c.enter(r.Context(), t.n)
	if v > nothing {
		refuse(w, v)
		return
	}
	defer c.leave()
	switch {
	case t.verb == closeVerb:
		c.closedByPeer()
		answer(w, []byte{pollEnd}, false)
	case v == again:
		answer(w, c.reply, false)
	case v == nothing:
		answer(w, []byte{pollSoon}, false)
	default:
		if err := c.takeBody(w, r, t); err != nil {
			status := http.StatusBadRequest
			if errors.Is(err, ErrBody) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "rtmpt: "+err.Error(), status)
			return
		}
		reply, last := c.answer(r.Context(), t)
		answer(w, reply, last)
	}
}

// takeBody feeds the body of a /send to Read as it comes. If it breaks off, the
// client or a proxy may send the request once more; what was fed already is
// left out then.
func (c *Conn) takeBody(w http.ResponseWriter, r *http.Request, t target) error {
	if r.ContentLength > maxBody {
		return c.spoil()
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
	buf := pieces.Get().(*[piece]byte)
	defer pieces.Put(buf)

	var got int64
	for {
		n, err := r.Body.Read(buf[:])
		if got += int64(n); got > maxBody {
			return c.spoil()
		}
		if t.verb == send && n > 0 && !c.takePiece(r.Context(), buf[:n], got, t.n) {
			return context.Cause(r.Context())
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	// The client may take its time now, while the answer is waited for.
	_ = control.SetReadDeadline(time.Time{})
	return nil
}

// takePiece feeds what ends at offset got of the body of request n.
func (c *Conn) takePiece(ctx context.Context, p []byte, got int64, n uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := got - c.fed
	if fresh <= 0 {
		return true
	}
	if fresh < int64(len(p)) {
		p = p[int64(len(p))-fresh:]
	}
	stop := context.AfterFunc(ctx, func() { c.wake(&c.carrier) })
	defer stop()
	if !c.feed(p, func() bool { return ctx.Err() != nil }) {
		return false
	}
	c.fed, c.part = got, n
	return true
}

// spoil ends a session whose client sent what cannot be taken.
func (c *Conn) spoil() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.gone {
		c.finish(ErrBody, ErrBody)
	}
	return ErrBody
}

// answer makes the reply to a request whose body was taken, and keeps it for
// the case that the request comes again.
func (c *Conn) answer(ctx context.Context, t target) (reply []byte, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq.done(t.n)
	c.fed = 0
	c.await(ctx, t.verb)
	if c.pending() == 0 && (c.closed || c.gone) {
		if !c.gone {
			c.leaveTable()
		}
		return []byte{pollEnd}, true
	}
	if ctx.Err() != nil {
		c.reply = []byte{pollSoon} // what waits is for the next
		return c.reply, false
	}
	data := c.pending() > 0
	switch {
	case data:
		c.grace = maxGrace
	case t.verb == send:
		if c.grace /= 2; c.grace < minGrace {
			c.grace = 0
		}
	}
	c.reply = c.take()
	c.reply[0] = c.polls.next(data)
	return c.reply, false
}

// await holds an answer back until there is something to say, but not for long.
func (c *Conn) await(ctx context.Context, v verb) {
	wait := holdTime
	if v == send {
		wait = c.grace
	}
	ready := func() bool {
		if c.pending() > 0 {
			// What came is being dealt with, and there may be more to say.
			return len(c.rest) == 0 || c.pending() == maxOut
		}
		return c.waiting > 0 || wait == 0
	}
	if ready() {
		return
	}
	c.hold.after(wait)
	stop := context.AfterFunc(ctx, func() { c.wake(&c.carrier) })
	defer stop()
	for !ready() && !c.closed && !c.gone && !c.hold.passed && ctx.Err() == nil {
		c.carrier.Wait()
	}
	if !c.gone {
		c.hold.set(time.Time{})
	}
}

var (
	tunnelType = []string{"application/x-fcs"}
	noCache    = []string{"no-cache"}
	keepAlive  = []string{"Keep-Alive"}
	closing    = []string{"close"}
)

// answer writes a whole reply. Clients want its length in the header: librtmp
// takes no other form, and no empty body.
func answer(w http.ResponseWriter, body []byte, last bool) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"], h["Connection"] = tunnelType, noCache, keepAlive
	if last {
		h["Connection"] = closing
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(replyTimeout))
	if _, err := w.Write(body); err == nil {
		_ = control.Flush()
	}
	// The connection may belong to a proxy, which has more to fetch from it.
	_ = control.SetWriteDeadline(time.Time{})
}
