package rtmpt

import (
	"net"
	"os"
	"sync"
	"time"
)

const (
	// maxOut is how much of what was written may wait for a request, and so
	// the longest body that this side sends.
	maxOut = 64 << 10
	// piece is how much of a body is read at a time, and how much may wait for
	// Read.
	piece = 16 << 10
	// maxIn is how much may wait for Read while whoever should read is held up
	// in Write, since what he wrote leaves only with the answer to the request
	// that brings these bytes.
	maxIn = 1 << 20
)

// duplex is a connection without its carrier: Read takes what the carrier fed,
// Write leaves what the carrier will take. On the server the carrier is the
// request that has its turn, on the client one goroutine.
type duplex struct {
	mu       sync.Mutex
	readable sync.Cond
	writable sync.Cond
	carrier  sync.Cond

	in, rest []byte // the buffer, and what of it was not read yet
	out      []byte // one byte of room for the polling byte, then what was written
	spare    []byte // was out, and will be again

	closed   bool  // by this side
	readErr  error // what Read says when it has taken everything
	writeErr error

	readBy, writeBy alarm

	// Writes that do not fit at once must not mingle. Lock order: writing, mu.
	writing sync.Mutex
}

func (d *duplex) init() {
	for _, c := range []*sync.Cond{&d.readable, &d.writable, &d.carrier} {
		c.L = &d.mu
	}
	d.readBy.cond, d.writeBy.cond = &d.readable, &d.writable
}

// Read takes bytes of the peer. Its error is io.EOF once the peer has closed
// the session in order.
func (d *duplex) Read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		switch {
		case d.closed:
			return 0, net.ErrClosed
		case d.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case len(d.rest) > 0 || len(p) == 0:
			n := copy(p, d.rest)
			if d.rest = d.rest[n:]; len(d.rest) == 0 && n > 0 {
				if d.in = d.in[:0]; cap(d.in) > piece {
					d.in = nil
				}
				d.carrier.Broadcast()
			}
			return n, nil
		case d.readErr != nil:
			return 0, d.readErr
		}
		d.readable.Wait()
	}
}

// Write leaves bytes for the peer. It waits while 64 KiB are left for it, and
// does not wait until they have gone.
func (d *duplex) Write(p []byte) (n int, err error) {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		switch {
		case d.closed:
			return n, net.ErrClosed
		case d.writeErr != nil:
			return n, d.writeErr
		case d.writeBy.passed:
			return n, os.ErrDeadlineExceeded
		case len(p) == 0:
			return n, nil
		}
		room := min(maxOut-d.pending(), len(p))
		if room == 0 {
			d.writable.Wait()
			continue
		}
		if len(d.out) == 0 {
			d.out = append(d.out, 0)
		}
		d.out = append(d.out, p[:room]...)
		n, p = n+room, p[room:]
		d.carrier.Broadcast()
	}
}

// SetDeadline is both of the others.
func (d *duplex) SetDeadline(t time.Time) error {
	if err := d.SetReadDeadline(t); err != nil {
		return err
	}
	return d.SetWriteDeadline(t)
}

// SetReadDeadline bounds Read. The zero time is no bound.
func (d *duplex) SetReadDeadline(t time.Time) error { return d.arm(&d.readBy, t) }

// SetWriteDeadline bounds Write. The zero time is no bound.
func (d *duplex) SetWriteDeadline(t time.Time) error { return d.arm(&d.writeBy, t) }

func (d *duplex) arm(a *alarm, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	a.set(t)
	return nil
}

// shut ends this side. The caller holds mu.
func (d *duplex) shut() {
	d.closed = true
	d.in, d.rest = nil, nil
	d.readBy.set(time.Time{})
	d.writeBy.set(time.Time{})
	d.wakeAll()
}

// end ends the other side: Read and Write say why. The caller holds mu.
func (d *duplex) end(read, write error) {
	if d.readErr == nil {
		d.readErr, d.writeErr = read, write
	}
	d.wakeAll()
}

func (d *duplex) wakeAll() {
	d.readable.Broadcast()
	d.writable.Broadcast()
	d.carrier.Broadcast()
}

// pending is how many bytes wait for the carrier.
func (d *duplex) pending() int { return max(len(d.out)-1, 0) }

// take gives the carrier all that waits, behind one byte of its own. The slice
// is good until the next call. The caller holds mu.
func (d *duplex) take() []byte {
	if len(d.out) == 0 {
		d.out = append(d.out, 0)
	}
	taken := d.out
	if cap(d.spare) > piece && cap(d.spare) > 4*len(taken) {
		d.spare = nil // was needed for a burst
	}
	d.out, d.spare = d.spare[:0], taken
	d.writable.Broadcast()
	return taken
}

// feed gives Read bytes of the peer, a piece at most. It waits until there is
// room for them, or stop says that there is no use in waiting: then it reports
// false. The caller holds mu.
func (d *duplex) feed(p []byte, stop func() bool) bool {
	for {
		switch {
		case d.closed || d.readErr != nil:
			return true // nobody will read it
		case len(d.rest)+len(p) <= piece, d.pending() == maxOut && len(d.rest)+len(p) <= maxIn:
			if len(d.rest) == 0 {
				d.in = d.in[:0]
			} else if len(d.in)+len(p) > cap(d.in) {
				d.in = append(d.in[:0], d.rest...) // room in front before more room behind
			}
			d.in = append(d.in, p...)
			d.rest = d.in[len(d.in)-len(d.rest)-len(p):]
			d.readable.Broadcast()
			return true
		case stop():
			return false
		}
		d.carrier.Wait()
	}
}
