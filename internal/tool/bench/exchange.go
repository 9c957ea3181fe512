package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/millrace-live/millrace/rtmp"
)

// exchange sends requests to one server, one at a time, and receives the answers.
// What is sent can be left waiting there: a viewer waits for its playlist while
// it loads parts. All ends with ctx.
type exchange interface {
	send(ctx context.Context, path string) error
	// receive returns the answer's status. With into the body is appended there,
	// else it is thrown away.
	receive(ctx context.Context, into *bytes.Buffer) (status int, err error)
}

// longestPlaylist bounds what a server can make a viewer keep.
const longestPlaylist = 4 << 20

var errTooLong = errors.New("the playlist is longer than 4 MiB")

// plainExchange speaks HTTP/1.1 over one connection that is kept, and opens
// another when that is lost between two requests. net/http would cost this
// program more than its server.
type plainExchange struct {
	dial    dialFunc
	host    string // and port
	request string // what stands behind the path

	conn   net.Conn
	reader *bufio.Reader
	unhook func() bool
	path   string // that an answer is awaited to
	fresh  bool   // nothing was received on conn yet
}

func newPlainExchange(dial dialFunc, u *url.URL, session string) *plainExchange {
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "80")
	}
	return &plainExchange{
		dial: dial, host: host,
		request: " HTTP/1.1\r\nHost: " + u.Host + "\r\nUser-Agent: " + userAgent + "\r\n" + sessionField + ": " + session + "\r\n\r\n",
	}
}

const (
	userAgent = "millrace-bench"
	// sessionField is what Apple's players tell their playbacks apart by.
	sessionField = "X-Playback-Session-Id"
)

func (x *plainExchange) send(ctx context.Context, path string) error {
	x.path = path
	if x.conn != nil {
		if err := x.write(); err == nil || x.fresh {
			return err
		}
		x.close()
	}
	return x.connect(ctx)
}

// connect opens a connection and sends the request on it.
func (x *plainExchange) connect(ctx context.Context) error {
	c, err := x.dial(ctx, "tcp", x.host)
	if err != nil {
		return err
	}
	x.conn, x.fresh = c, true
	x.unhook = context.AfterFunc(ctx, func() { c.Close() })
	if x.reader == nil {
		const small = 2 << 10 // more than a header has
		x.reader = bufio.NewReaderSize(c, small)
	} else {
		x.reader.Reset(c)
	}
	return x.write()
}

// requests are the buffers that requests are put together in.
var requests = sync.Pool{New: func() any { return new([]byte) }}

func (x *plainExchange) write() error {
	b := requests.Get().(*[]byte)
	*b = append(append(append((*b)[:0], "GET "...), x.path...), x.request...)
	_, err := x.conn.Write(*b)
	requests.Put(b)
	return err
}

func (x *plainExchange) close() {
	if x.conn != nil {
		x.unhook()
		x.conn.Close()
		x.conn = nil
	}
}

func (x *plainExchange) receive(ctx context.Context, into *bytes.Buffer) (int, error) {
	if _, err := x.reader.Peek(1); err != nil && !x.fresh {
		// The server has closed it meanwhile, as it may between two requests.
		x.close()
		if err := x.connect(ctx); err != nil {
			return 0, err
		}
	}
	h, err := x.header()
	if err == nil {
		x.fresh = false
		err = x.body(&h, into)
	}
	if err != nil || h.close {
		x.close()
	}
	if err != nil {
		return h.status, errors.Join(rtmp.ErrConnectionLost, err)
	}
	return h.status, nil
}

// answerHeader is what matters of an answer's header.
type answerHeader struct {
	status         int
	length         int64 // -1 if it is not said
	chunked, close bool
}

var errHeader = errors.New("the answer is not HTTP/1.1")

func (x *plainExchange) header() (answerHeader, error) {
	h := answerHeader{length: -1}
	line, err := x.reader.ReadSlice('\n')
	if err != nil {
		return h, err
	}
	const status = len("HTTP/1.1 200")
	if len(line) < status || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return h, errHeader
	}
	if h.status, err = strconv.Atoi(string(line[status-3 : status])); err != nil {
		return h, errHeader
	}
	for {
		if line, err = x.reader.ReadSlice('\n'); err != nil {
			return h, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return h, nil
		}
		switch name, value, _ := bytes.Cut(line, []byte(":")); len(name) {
		case len("Connection"):
			h.close = h.close || isField(name, "Connection") && bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		case len("Content-Length"):
			if isField(name, "Content-Length") {
				if h.length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil || h.length < 0 {
					return h, errHeader
				}
			}
		case len("Transfer-Encoding"):
			h.chunked = h.chunked || isField(name, "Transfer-Encoding")
		}
	}
}

func isField(name []byte, field string) bool { return bytes.EqualFold(name, []byte(field)) }

func (x *plainExchange) body(h *answerHeader, into *bytes.Buffer) error {
	switch {
	case h.chunked:
		return x.chunks(into)
	case h.length >= 0:
		return x.take(h.length, into)
	default:
		h.close = true
		if into == nil {
			_, err := io.Copy(io.Discard, x.reader)
			return err
		}
		n, err := io.Copy(into, io.LimitReader(x.reader, longestPlaylist))
		if n == longestPlaylist {
			return errTooLong
		}
		return err
	}
}

// chunks reads a body in chunks (RFC 9112 §7.1).
func (x *plainExchange) chunks(into *bytes.Buffer) error {
	for {
		line, err := x.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		digits, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(";"))
		n, err := strconv.ParseInt(string(digits), 16, 64)
		if err != nil || n < 0 {
			return errHeader
		}
		if err := x.take(n, into); err != nil {
			return err
		}
		// Behind the last chunk there may be fields.
		for {
			if line, err = x.reader.ReadSlice('\n'); err != nil {
				return err
			}
			if n > 0 || len(bytes.TrimSpace(line)) == 0 {
				break
			}
		}
		if n == 0 {
			return nil
		}
	}
}

// take reads n bytes.
func (x *plainExchange) take(n int64, into *bytes.Buffer) error {
	if into != nil {
		if n+int64(into.Len()) > longestPlaylist {
			return errTooLong
		}
		into.Grow(int(n))
		b := into.AvailableBuffer()[:n]
		_, err := io.ReadFull(x.reader, b)
		into.Write(b)
		return err
	}
	m, err := x.reader.Discard(int(min(n, int64(x.reader.Buffered()))))
	if n -= int64(m); n == 0 || err != nil {
		return err
	}
	dropped, err := discardFrom(x.conn, n)
	if n -= dropped; n == 0 || err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, x.reader, n)
	return err
}

// sharedExchange sends its requests through net/http, which shares one connection
// among all of a viewer where the server speaks HTTP/2.
type sharedExchange struct {
	client  *http.Client
	base    *url.URL
	session string
	answers chan answer
}

type answer struct {
	*http.Response
	err error
}

func newSharedExchange(client *http.Client, base *url.URL, session string) *sharedExchange {
	return &sharedExchange{client: client, base: base, session: session, answers: make(chan answer, 1)}
}

func (x *sharedExchange) send(ctx context.Context, path string) error {
	u, err := x.base.Parse(path)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set(sessionField, x.session)
	go func() {
		res, err := x.client.Do(req) //nolint:bodyclose // who receives it does
		x.answers <- answer{res, err}
	}()
	return nil
}

func (x *sharedExchange) receive(_ context.Context, into *bytes.Buffer) (int, error) {
	a := <-x.answers // it comes when the request's context is done, at the latest
	if a.err != nil {
		return 0, a.err
	}
	defer a.Body.Close()
	var err error
	if into == nil {
		_, err = io.Copy(io.Discard, a.Body)
	} else if _, err = io.Copy(into, io.LimitReader(a.Body, longestPlaylist)); into.Len() == longestPlaylist {
		err = errTooLong
	}
	if err != nil {
		return a.StatusCode, errors.Join(rtmp.ErrConnectionLost, err)
	}
	return a.StatusCode, nil
}

// unexpected is an answer that is no file.
func unexpected(status int) error {
	return &rtmp.StatusError{Code: fmt.Sprintf("%d %s", status, http.StatusText(status))}
}
