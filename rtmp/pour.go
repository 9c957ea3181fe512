package rtmp

import (
	"crypto/cipher"
	"sync"
)

// pourer is a buffer that a writer fills and empties as long as it writes. It is
// nobody's between: one a session would be most of what a session holds.
type pourer struct {
	w       *writer
	encrypt cipher.Stream // nil without RTMPE
	bare    int           // what is still to be left as it is, of the handshake
	n       int
	buf     [32 << 10]byte
}

var pourers = sync.Pool{New: func() any { return new(pourer) }}

// pour writes by way of a buffer, for connections that take one slice at a time
// (TLS, tunnels), and for RTMPE: the slices are other players', too, and must
// stay as they are.
func (w *writer) pour(queue []byte, slices [][]byte, bare int, encrypt cipher.Stream) error {
	p, _ := pourers.Get().(*pourer)
	p.w, p.encrypt, p.bare, p.n = w, encrypt, bare, 0
	defer func() {
		p.w, p.encrypt = nil, nil
		pourers.Put(p)
	}()
	if err := p.add(queue); err != nil {
		return err
	}
	for _, s := range slices {
		if err := p.add(s); err != nil {
			return err
		}
	}
	return p.empty()
}

func (p *pourer) add(b []byte) error {
	for len(b) > 0 {
		n := copy(p.buf[p.n:], b)
		p.n += n
		b = b[n:]
		if p.n == len(p.buf) {
			if err := p.empty(); err != nil {
				return err
			}
		}
	}
	return nil
}

// empty writes what is in the buffer.
func (p *pourer) empty() error {
	b := p.buf[:p.n]
	p.n = 0
	if p.encrypt != nil {
		bare := min(p.bare, len(b))
		p.bare -= bare
		p.encrypt.XORKeyStream(b[bare:], b[bare:])
	}
	for len(b) > 0 {
		p.w.arm()
		n, err := p.w.conn.Write(b)
		if err := p.w.judge(int64(n), err); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
