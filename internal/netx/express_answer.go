package netx

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// answer has the handler answer a request. It reports whether the connection can
// be kept.
func (c *expressConn) answer(r *http.Request) (kept bool) {
	clear(c.header)
	c.method, c.status, c.length, c.written, c.sent, c.failed = r.Method, 0, -1, 0, false, false
	// As with net/http a panic costs the connection; the handler has told of it.
	defer func() { _ = recover() }()
	w := expressWriter{c}
	c.express.Handler.ServeHTTP(w, r)
	if c.status == 0 {
		c.header.Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
	}
	if !c.sent {
		if c.length < 0 && c.bodied() {
			c.length = 0
		}
		_ = c.send(nil) // failed has it
	}
	if c.chunked() {
		_ = c.push([]byte("0\r\n\r\n"))
	}
	short := c.length >= 0 && c.written != c.length && c.bodied()
	return !c.failed && !short && c.header.Get("Connection") != "close"
}

// bodied reports whether the answer has a body (RFC 9110 §6.4.1).
func (c *expressConn) bodied() bool {
	return c.method != http.MethodHead && c.status != http.StatusNoContent && c.status != http.StatusNotModified
}

func (c *expressConn) chunked() bool { return c.length < 0 && c.bodied() }

// expressWriter is what a handler sees of a connection.
type expressWriter struct{ c *expressConn }

// Header implements [http.ResponseWriter].
func (w expressWriter) Header() http.Header { return w.c.header }

// WriteHeader implements [http.ResponseWriter].
func (w expressWriter) WriteHeader(status int) {
	c := w.c
	if c.status != 0 || status < http.StatusOK {
		return
	}
	c.status = status
	if n, err := strconv.ParseInt(c.header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		c.length = n
	} else {
		delete(c.header, "Content-Length")
	}
}

// Write implements [http.ResponseWriter].
func (w expressWriter) Write(p []byte) (int, error) {
	c := w.c
	if c.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case !c.bodied():
		if c.method != http.MethodHead {
			return 0, http.ErrBodyNotAllowed
		}
		return len(p), nil
	case c.length >= 0 && c.written+int64(len(p)) > c.length:
		return 0, http.ErrContentLength
	case len(p) == 0:
		return 0, nil
	}
	before := c.written
	err := c.send(p)
	return int(c.written - before), err
}

// ReadFrom implements [io.ReaderFrom]: the system copies a file by itself.
func (w expressWriter) ReadFrom(from io.Reader) (int64, error) {
	c := w.c
	if c.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if c.length < 0 || !c.bodied() {
		return io.Copy(struct{ io.Writer }{w}, from)
	}
	if !c.sent {
		if err := c.send(nil); err != nil {
			return 0, err
		}
	}
	n, err := c.TCPConn.ReadFrom(from)
	c.written += n
	c.failed = c.failed || err != nil
	return n, err
}

// FlushError is for [http.ResponseController].
func (w expressWriter) FlushError() error {
	if w.c.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.c.sent {
		return nil
	}
	return w.c.send(nil)
}

// writeSlack is how much sooner than asked for a write may end: that saves two
// timers an answer, since each wants one some seconds ahead, and none afterwards.
const writeSlack = time.Second

// SetWriteDeadline is for [http.ResponseController].
func (w expressWriter) SetWriteDeadline(t time.Time) error {
	c := w.c
	c.limited = !t.IsZero()
	if early := t.Sub(c.writeBy); !c.limited || !c.writeBy.IsZero() && early >= 0 && early < writeSlack {
		return nil // push lifts it, if there is still something to write
	}
	c.writeBy = t
	return c.TCPConn.SetWriteDeadline(t)
}

// send writes the head, if that is still to be sent, and a piece of the body.
func (c *expressConn) send(p []byte) error {
	c.head = c.head[:0]
	if !c.sent {
		c.sent = true
		c.head = c.appendHead(c.head)
	}
	n := int64(len(p))
	if len(p) > 0 && c.chunked() {
		c.head = append(strconv.AppendInt(c.head, n, 16), "\r\n"...)
		if err := c.push(c.head, p, []byte("\r\n")); err != nil {
			return err
		}
		c.written += n
		return nil
	}
	head := int64(len(c.head))
	sent, err := c.pushed(c.head, p)
	c.written += max(0, sent-head)
	return err
}

// appendHead writes the status and the fields.
func (c *expressConn) appendHead(b []byte) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(c.status), 10)
	b = append(append(b, ' '), http.StatusText(c.status)...)
	b = append(append(b, "\r\nDate: "...), date()...)
	switch {
	case c.chunked():
		b = append(b, "\r\nTransfer-Encoding: chunked"...)
	case c.length == 0 && c.header.Get("Content-Length") == "" && c.bodied():
		b = append(b, "\r\nContent-Length: 0"...)
	}
	if c.last.Load() && c.header.Get("Connection") == "" {
		b = append(b, "\r\nConnection: close"...)
	}
	for key, values := range c.header {
		for _, v := range values {
			if strings.IndexByte(v, '\r') >= 0 || strings.IndexByte(v, '\n') >= 0 {
				v = oneLine.Replace(v)
			}
			b = append(append(append(append(b, "\r\n"...), key...), ": "...), v...)
		}
	}
	return append(b, "\r\n\r\n"...)
}

// oneLine keeps a value from being more than one field.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

func (c *expressConn) push(pieces ...[]byte) error {
	_, err := c.pushed(pieces...)
	return err
}

// pushed writes pieces in one call of the system.
func (c *expressConn) pushed(pieces ...[]byte) (int64, error) {
	if !c.limited && !c.writeBy.IsZero() {
		c.writeBy = time.Time{}
		if err := c.TCPConn.SetWriteDeadline(time.Time{}); err != nil {
			return 0, err
		}
	}
	c.buffers = append(c.vector[:0], pieces...)
	n, err := c.buffers.WriteTo(c.TCPConn)
	clear(c.vector[:])
	c.failed = c.failed || err != nil
	return n, err
}

// stamp is a Date, which all answers of a second share.
type stamp struct {
	second int64
	text   string
}

var lastStamp atomic.Pointer[stamp]

func date() string {
	now := time.Now()
	s := lastStamp.Load()
	if s == nil || s.second != now.Unix() {
		s = &stamp{now.Unix(), now.UTC().Format(http.TimeFormat)}
		lastStamp.Store(s)
	}
	return s.text
}
