package rtmpt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// firstPoll is how long the client waits before it asks again, once nothing
	// came. It doubles up to Dialer.PollInterval.
	firstPoll = 10 * time.Millisecond
	// A server that takes this long to say nothing waits for something to say.
	// It is asked again at once.
	longPoll = 100 * time.Millisecond
	// closeTimeout is how long Close waits for the last bytes to leave.
	closeTimeout = time.Second
)

// clientConn is a session from the client's side. One goroutine carries its
// bytes, with one request at a time, since not every server puts requests in
// order.
type clientConn struct {
	duplex
	base      *url.URL
	id        string
	transport *http.Transport
	header    http.Header
	maxPoll   time.Duration
	ctx       context.Context
	cancel    context.CancelFunc
	done      chan struct{} // run has returned

	// Of run.
	n     uint64
	quiet time.Duration // how long to wait for a reason to /send
	wait  time.Duration // the same before this request

	// Guarded by mu.
	due           alarm
	idling        context.CancelFunc // of the /idle that is under way
	local, remote net.Addr
}

func newClientConn(d *Dialer, base *url.URL, timeout time.Duration) *clientConn {
	c := &clientConn{
		base: base, done: make(chan struct{}), maxPoll: d.PollInterval,
		header: http.Header{
			"Accept": {"*/*"}, "Cache-Control": noCache, "Content-Type": tunnelType,
			// What servers of this age expect to hear.
			"User-Agent": {"Shockwave Flash"},
			// Not sent: it lets the transport repeat a request whose connection
			// the server had closed meanwhile. Its number keeps that harmless.
			"Idempotency-Key": {},
		},
	}
	if c.maxPoll <= 0 {
		c.maxPoll = defaultPoll
	}
	dial := d.NetDial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	c.transport = &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err == nil {
				c.connected(conn)
			}
			return conn, err
		},
		DisableCompression:    true,
		ResponseHeaderTimeout: timeout,
		TLSHandshakeTimeout:   timeout,
		WriteBufferSize:       8 << 10,
		ReadBufferSize:        16 << 10,
	}
	if d.TLSConfig != nil {
		c.transport.TLSClientConfig = d.TLSConfig.Clone()
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.init()
	c.due.cond = &c.carrier
	return c
}

func (c *clientConn) connected(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.local == nil {
		c.local, c.remote = conn.LocalAddr(), conn.RemoteAddr()
	}
}

// LocalAddr is the address that the session was opened from.
func (c *clientConn) LocalAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local
}

// RemoteAddr is the address of the server.
func (c *clientConn) RemoteAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote
}

// Close sends what waits, ends the session, and waits for that for a second at
// most.
func (c *clientConn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return net.ErrClosed
	}
	c.shut()
	if c.idling != nil {
		c.idling()
	}
	c.mu.Unlock()
	enough := time.AfterFunc(closeTimeout, c.cancel)
	defer enough.Stop()
	<-c.done
	return nil
}

// run carries bytes until the session has ended.
func (c *clientConn) run() {
	defer close(c.done)
	defer c.transport.CloseIdleConnections()
	defer c.cancel()
	for {
		v, body, ctx := c.nextRequest()
		err := c.carry(ctx, v, body)
		c.mu.Lock()
		if c.idling != nil {
			c.idling()
			c.idling = nil
		}
		over := v == closeVerb || err != nil && !(c.closed && v == idle)
		if over {
			c.end(err, writeError(err))
		}
		c.mu.Unlock()
		if over {
			return
		}
	}
}

func writeError(err error) error {
	if err == io.EOF { //nolint:errorlint // carry gives it bare
		return io.ErrClosedPipe
	}
	return err
}

// nextRequest waits until there is a reason for a request.
func (c *clientConn) nextRequest() (v verb, body []byte, ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due.after(c.wait)
	for {
		switch {
		case c.pending() > 0:
			return send, c.take()[1:], c.ctx
		case c.closed:
			return closeVerb, []byte{0}, c.ctx
		case c.due.passed:
			ctx, c.idling = context.WithCancel(c.ctx)
			return idle, []byte{0}, ctx
		}
		c.carrier.Wait()
	}
}

// carry makes one request and feeds its reply to Read. Its error is io.EOF when
// the server has ended the session.
func (c *clientConn) carry(ctx context.Context, v verb, body []byte) error {
	begun := time.Now()
	resp, err := c.post(ctx, "/"+string(v)+"/"+c.id+"/"+strconv.FormatUint(c.n, 10), body)
	c.n++
	if err != nil {
		return fmt.Errorf("rtmpt: /%s: %w", v, err)
	}
	defer resp.Body.Close()
	switch {
	case v == closeVerb:
		return nil
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		return io.EOF
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("rtmpt: /%s: the server answered %s", v, resp.Status)
	}
	var poll [1]byte
	if _, err := io.ReadFull(resp.Body, poll[:]); err != nil {
		return fmt.Errorf("rtmpt: /%s: the reply has no polling byte: %w", v, err)
	}
	data, err := c.takeReply(ctx, resp.Body)
	if err != nil {
		return fmt.Errorf("rtmpt: /%s: read the reply: %w", v, err)
	}
	c.pause(v, data, time.Since(begun))
	return nil
}

// pause says how long to wait before the next /idle. A server may hold that one
// back for long, and a publisher's next message with it: so whoever has sent
// waits whether there is more to send, the longer the less is answered.
func (c *clientConn) pause(v verb, data bool, took time.Duration) {
	if data {
		c.quiet /= 2
	} else {
		c.quiet = min(max(2*c.quiet, firstPoll), c.maxPoll)
	}
	switch {
	case v == send:
		c.wait = max(c.quiet, firstPoll)
	case data || took >= longPoll:
		c.wait = 0
	default:
		c.wait = c.quiet
	}
}

func (c *clientConn) takeReply(ctx context.Context, body io.Reader) (data bool, err error) {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.carrier.Broadcast()
	})
	defer stop()
	buf := pieces.Get().(*[piece]byte)
	defer pieces.Put(buf)
	for {
		n, err := body.Read(buf[:])
		if n > 0 {
			data = true
			c.mu.Lock()
			fed := c.feed(buf[:n], func() bool { return ctx.Err() != nil })
			c.mu.Unlock()
			if !fed {
				return data, context.Cause(ctx)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return data, err
		}
	}
}

func (c *clientConn) post(ctx context.Context, path string, body []byte) (*http.Response, error) {
	u := c.base.Scheme + "://" + c.base.Host + path
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = c.header
	return c.transport.RoundTrip(r)
}
