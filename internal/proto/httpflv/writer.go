package httpflv

import (
	"errors"
	"net"
	"os"
	"time"
)

// writer sends batches over a connection of its own.
type writer struct {
	conn    net.Conn
	timeout time.Duration
	rest    net.Buffers
	buffer  []byte // for connections that are not TCP
}

// send waits until the viewer has taken the whole batch. It fails when the
// viewer takes no byte at all for the timeout; one that takes some is only
// slow, and the hub makes it skip.
func (w *writer) send(b *batch) error {
	w.rest = b.slices()
	if _, tcp := w.conn.(*net.TCPConn); !tcp {
		// Only TCP has writev: elsewhere each slice would be a write (over TLS,
		// a record) of its own.
		w.buffer = b.appendTo(w.buffer[:0])
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
