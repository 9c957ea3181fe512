package httpflv

import (
	"errors"
	"net"
	"os"
	"strconv"
	"time"
)

// writer sends an HTTP response with a batch a chunk (RFC 9112 §7.1) over a
// connection of its own. The last chunk tells the viewer that the stream has
// ended and was not cut off.
type writer struct {
	conn    net.Conn
	timeout time.Duration
	// head is what goes before the first chunk.
	head []byte
	// plain is set for HTTP/1.0, which has no chunks: the body ends with the
	// connection.
	plain bool

	rest   net.Buffers
	buffer []byte // for connections that are not TCP
}

var (
	chunkEnd  = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)

// send waits until the viewer has taken the whole batch. It fails when the
// viewer takes no byte at all for the timeout; one that takes some is only
// slow, and the hub makes it skip.
func (w *writer) send(b *batch) error {
	w.rest, w.head = frame(w.rest[:0], w.head, b, w.plain)
	all := w.rest
	err := w.write()
	clear(all) // or they would keep the payloads from the collector
	w.rest, w.head = all, w.head[:0]
	return err
}

// frame appends to dst the pieces of b as they go over the connection, with head
// in front; head is returned as it has grown.
func frame(dst [][]byte, head []byte, b *batch, plain bool) (pieces [][]byte, grown []byte) {
	if !plain {
		head = append(strconv.AppendInt(head, int64(b.size), 16), chunkEnd...)
	}
	dst = append(append(dst, head), b.slices()...)
	if !plain {
		dst = append(dst, chunkEnd)
	}
	return dst, head
}

// end says that nothing follows.
func (w *writer) end() error {
	if w.plain {
		return nil
	}
	w.rest = append(w.rest[:0], w.head, lastChunk)
	return w.write()
}

// write sends and consumes rest.
func (w *writer) write() error {
	if _, tcp := w.conn.(*net.TCPConn); !tcp {
		// Only TCP has writev: elsewhere each slice would be a write (over TLS,
		// a record) of its own.
		w.buffer = w.buffer[:0]
		for _, p := range w.rest {
			w.buffer = append(w.buffer, p...)
		}
		w.rest = append(w.rest[:0], w.buffer)
	}
	for {
		if err := w.conn.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
			return err
		}
		n, err := w.rest.WriteTo(w.conn)
		if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		return err
	}
}
