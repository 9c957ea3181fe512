//go:build !portable

package netx

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
)

// sealed is a rider in TLS: the driver reads and writes its records.
type sealed struct {
	Rider
	lane    *lane
	conn    *tls.Conn
	records *records
	begun   bool
}

// sealer is what the riders in TLS of one lane share.
type sealer struct {
	plain  [16 << 10]byte // a record's content (RFC 8446, 5.1)
	vector *Vector        // of cipher
	cipher []byte         // the records of the last batch

	// flat is the content of the vector of, as that was filled for the nth
	// time. Many players in turn are given the same one.
	flat []byte
	of   *Vector
	nth  uint64
}

// socket returns the TCP connection below c, and what is between them when c is
// in TLS; nil if there is none that a driver could carry.
func socket(c net.Conn) (*net.TCPConn, *helloConn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		return tcp, nil
	}
	secure, ok := c.(*tls.Conn)
	if !ok {
		return nil, nil
	}
	below, ok := secure.NetConn().(*helloConn)
	if !ok {
		return nil, nil
	}
	tcp, _ := below.Conn.(*net.TCPConn)
	return tcp, below
}

// seal puts TLS between r and the driver.
func (l *lane) seal(c net.Conn, below *helloConn, r Rider) Rider {
	secure, _ := c.(*tls.Conn)
	rec := below.records.Load()
	if rec == nil {
		rec = new(records)
		below.records.Store(rec)
	}
	rec.ride(true, nil)
	return &sealed{Rider: r, lane: l, conn: secure, records: rec}
}

func (l *lane) sealerOf() *sealer {
	if l.sealer == nil {
		l.sealer = &sealer{vector: new(Vector)}
	}
	return l.sealer
}

// ride begins or ends a ride, at whose end rest was not written: it comes before
// the records that follow.
func (r *records) ride(on bool, rest [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.riding = on
	if len(rest) > 0 {
		r.out = append(bytes.Join(rest, nil), r.out...)
	}
}

// Received implements [Rider].
func (s *sealed) Received(p []byte) error {
	if len(s.records.in) > 0 { // of an earlier ride
		p = append(s.records.in, p...)
	}
	s.records.in = p
	err := s.read()
	// The driver wants its buffer back.
	s.records.in = bytes.Clone(s.records.in)
	return err
}

func (s *sealed) read() error {
	buf := s.lane.sealerOf().plain[:]
	for {
		n, err := s.conn.Read(buf)
		if n > 0 {
			if err := s.Rider.Received(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, errNoRecord):
			return nil
		case err != nil:
			return err
		}
	}
}

// Next implements [Rider].
func (s *sealed) Next(lane int) (*Vector, error) {
	if !s.begun {
		s.begun = true
		// What crypto/tls has read and nobody has asked for is told by no event.
		if err := s.Received(nil); err != nil {
			return nil, err
		}
	}
	shared := s.lane.sealerOf()
	if shared.vector.Kept() {
		shared.vector, shared.cipher = new(Vector), nil
	}
	if v := s.written(nil); v != nil { // crypto/tls has something to say itself
		return v, nil
	}
	v, err := s.Rider.Next(lane)
	if v == nil || err != nil || v.size == 0 {
		return v, err
	}
	s.records.lend(shared.cipher)
	if _, err := s.conn.Write(shared.content(v)); err != nil {
		return nil, err
	}
	return s.written(shared), nil
}

// written returns what crypto/tls has written, nil if that is nothing. The
// buffer goes back to lent.
func (s *sealed) written(lent *sealer) *Vector {
	s.records.mu.Lock()
	out := s.records.out
	s.records.out = nil
	s.records.mu.Unlock()
	if len(out) == 0 {
		return nil
	}
	if lent == nil {
		v := new(Vector)
		v.Set([][]byte{out})
		return v
	}
	lent.cipher = out
	lent.vector.Set([][]byte{out})
	return lent.vector
}

// lend gives crypto/tls a buffer to write to.
func (r *records) lend(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out = append(b[:0], r.out...)
}

// content returns the bytes of v in one slice.
func (s *sealer) content(v *Vector) []byte {
	if s.of == v && s.nth == v.filled {
		return s.flat
	}
	s.of, s.nth, s.flat = v, v.filled, s.flat[:0]
	for _, p := range v.from(0, 0) {
		s.flat = append(s.flat, p...)
	}
	return s.flat
}

// Left implements [Rider].
func (s *sealed) Left(rest [][]byte, why error) {
	s.records.ride(false, rest)
	s.Rider.Left(nil, why)
}
