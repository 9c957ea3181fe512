package netx

import "sync"

// records stands between crypto/tls and a driver that reads and writes the
// socket: crypto/tls then works on memory. When the ride is over, what is left
// comes before what the connection itself reads and writes.
type records struct {
	mu     sync.Mutex
	riding bool
	in     []byte // what came and was not read; of who reads
	out    []byte // what is to be written
}

// errNoRecord is what crypto/tls reads when all that came is read. It takes it
// for a timeout, behind which reading may go on.
var errNoRecord error = noRecord{}

type noRecord struct{}

func (noRecord) Error() string   { return "no TLS record has come" }
func (noRecord) Timeout() bool   { return true }
func (noRecord) Temporary() bool { return true }

// Read implements [net.Conn]. Whoever reads waits for the client, and computes
// no more.
func (c *helloConn) Read(p []byte) (int, error) {
	c.release()
	r := c.records.Load()
	if r == nil {
		return c.headConn.Read(p)
	}
	if len(r.in) > 0 {
		n := copy(p, r.in)
		r.in = r.in[n:]
		return n, nil
	}
	r.mu.Lock()
	riding := r.riding
	r.mu.Unlock()
	if riding {
		return 0, errNoRecord
	}
	return c.headConn.Read(p)
}

// Write implements [net.Conn].
func (c *helloConn) Write(p []byte) (int, error) {
	r := c.records.Load()
	if r == nil {
		return c.Conn.Write(p)
	}
	r.mu.Lock()
	if r.riding {
		r.out = append(r.out, p...)
		r.mu.Unlock()
		return len(p), nil
	}
	late := r.out
	r.out = nil
	r.mu.Unlock()
	if len(late) > 0 {
		if _, err := c.Conn.Write(late); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}
