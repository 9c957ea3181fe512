package httpts

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/millrace-live/millrace/internal/netx"
)

// errOver ends the ride of a viewer whose stream has ended.
var errOver = errors.New("httpts: the stream ended")

// rider is a viewer in the driver's hands. What it writes are pieces that all
// viewers of the run share; the list of them is its own.
type rider struct {
	*viewer
	out    *writer
	pieces [][]byte
	vector netx.Vector
}

// ride gives the viewer to the driver, if there is one and it takes the
// connection.
func (v *viewer) ride(out *writer, software string) bool {
	if v.Driver == nil {
		return false
	}
	r := &rider{viewer: v, out: out}
	v.riding = true // it may have left when Add returns
	v.began = time.Now()
	seat, ok := v.Driver.Add(out.conn, r)
	if !ok {
		v.riding = false
		return false
	}
	v.log().Info("play started", "player", software)
	v.seat.Store(seat)
	v.attend()
	seat.Wake() // for what came in between
	return true
}

// Next implements [netx.Rider].
func (r *rider) Next(int) (*netx.Vector, error) {
	r.pieces = r.pieces[:0]
	if r.head != nil {
		r.pieces = append(r.pieces, r.head)
		r.head = nil
		r.vector.Set(r.pieces)
		return &r.vector, nil
	}
	var size int
	var err error
	r.pieces, size, err = r.run.take(r.viewer, r.pieces)
	if size == 0 {
		if errors.Is(err, io.EOF) {
			err = errOver
		}
		return nil, err
	}
	r.vector.Set(r.pieces)
	clear(r.pieces)
	r.sent(size)
	return &r.vector, nil
}

// Received implements [netx.Rider]. A viewer has no reason to say anything.
func (r *rider) Received([]byte) error { return nil }

// Tick implements [netx.Rider].
func (r *rider) Tick(time.Time) error { return nil }

// Left implements [netx.Rider].
func (r *rider) Left(_ [][]byte, why error) {
	go func() {
		defer r.out.conn.Close()
		defer r.leave()
		var panicked *netx.PanicError
		switch {
		case errors.As(why, &panicked):
			r.log().Error("panic in a viewer", "panic", panicked.Value, "stack", string(panicked.Stack))
		case errors.Is(why, errOver), errors.Is(why, netx.ErrDriverClosed):
			_ = r.out.end(r.framed) // the log has its end already
			why = nil
		case errors.Is(why, io.EOF), errors.Is(why, net.ErrClosed):
			why = errGone
		}
		r.ended(why)
	}()
}
