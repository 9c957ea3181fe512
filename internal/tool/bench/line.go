package bench

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// line is a player's connection. It counts what comes, and can be taken from
// the session or the HTTP client that reads it: from then on what comes is
// discarded where it is cheapest, and whoever reads waits for the end.
type line struct {
	net.Conn // until it is taken
	received atomic.Uint64
	seat     atomic.Pointer[seat] // set when it is taken

	writing sync.Mutex // held while bytes are written
	mu      sync.Mutex
	closed  bool
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// dial returns a dial function that makes l the connection that inner makes.
func (l *line) dial(inner dialFunc) dialFunc {
	if inner == nil {
		inner = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := inner(ctx, network, address)
		if err != nil {
			return nil, err
		}
		l.Conn = c
		return l, nil
	}
}

// several returns a dial function for players with more than one connection, those
// of a tunnel and of HLS: they are counted, and never taken.
func (l *line) several(inner dialFunc) dialFunc {
	if inner == nil {
		inner = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := inner(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &counted{c, &l.received}, nil
	}
}

// counted is a connection that counts what comes.
type counted struct {
	net.Conn
	received *atomic.Uint64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.received.Add(uint64(n))
	return n, err
}

func (l *line) Read(p []byte) (int, error) {
	if l.seat.Load() == nil {
		n, err := l.Conn.Read(p)
		l.received.Add(uint64(n))
		if err == nil || l.seat.Load() == nil {
			return n, err
		}
	}
	return 0, l.seat.Load().wait()
}

func (l *line) Write(p []byte) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	if s := l.seat.Load(); s != nil {
		return s.write(p)
	}
	return l.Conn.Write(p)
}

// CloseWrite ends this side's half.
func (l *line) CloseWrite() error {
	if s := l.seat.Load(); s != nil {
		return s.closeWrite()
	}
	return closeWrite(l.Conn)
}

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close may be called while others read and write.
func (l *line) Close() error {
	l.mu.Lock()
	l.closed = true
	s := l.seat.Load()
	l.mu.Unlock()
	err := l.Conn.Close()
	if s != nil {
		s.close()
		return nil
	}
	return err
}
