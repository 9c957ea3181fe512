package httpts

import (
	"errors"
	"net"
	"os"
	"time"
)

// writer sends to a connection of its own.
type writer struct {
	conn    net.Conn
	timeout time.Duration
	buffer  []byte // for connections that are not TCP
}

// lastChunk tells the viewer that the stream has ended and was not cut off.
var lastChunk = []byte("0\r\n\r\n")

// end says that nothing follows. A body without chunks ends with the connection.
func (w *writer) end(framed bool) error {
	if !framed {
		return nil
	}
	return w.write([][]byte{lastChunk})
}

// write waits until the viewer has taken all pieces. It fails when he takes no
// byte at all for the timeout; one who takes some is only slow, and is made to skip.
func (w *writer) write(pieces [][]byte) error {
	if _, tcp := w.conn.(*net.TCPConn); !tcp {
		// Only TCP has writev: elsewhere each slice would be a write (over TLS, a
		// record) of its own.
		w.buffer = w.buffer[:0]
		for _, p := range pieces {
			w.buffer = append(w.buffer, p...)
		}
		pieces = [][]byte{w.buffer}
	}
	rest := net.Buffers(pieces) // consumed, and nobody else's
	for {
		if err := w.conn.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
			return err
		}
		n, err := rest.WriteTo(w.conn)
		if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		return err
	}
}
