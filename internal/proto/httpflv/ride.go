package httpflv

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/netx"
)

// errOver ends the ride of a viewer whose stream has ended.
var errOver = errors.New("httpflv: the stream ended")

// rider is a viewer in the driver's hands.
type rider struct {
	*viewer
	out   *writer
	begun bool
	seat  atomic.Pointer[netx.Seat]
}

// ride gives the viewer to the driver, if there is one and it takes the
// connection.
func (v *viewer) ride(out *writer, software string) bool {
	if v.Driver == nil {
		return false
	}
	v.once.Do(func() { v.shared = make([]shared, v.Driver.Lanes()) })
	r := &rider{viewer: v, out: out}
	v.riding = true // it may have left when Add returns
	v.began = time.Now()
	seat, ok := v.Driver.Add(out.conn, r)
	if !ok {
		v.riding = false
		return false
	}
	v.log().Info("play started", "player", software)
	r.seat.Store(seat)
	v.player.reader.OnReady(seat)
	return true
}

// Next implements [netx.Rider].
func (r *rider) Next(lane int) (*netx.Vector, error) {
	if !r.begun {
		r.begun = true
		var b batch
		b.header()
		pieces, _ := frame(nil, r.out.head, &b, r.out.plain)
		r.out.head = nil
		v := new(netx.Vector)
		v.Set(pieces)
		return v, nil
	}
	v, err := r.viewer.shared[lane].next(r)
	if v != nil {
		r.player.reader.Sent(v.Len())
	}
	if errors.Is(err, io.EOF) {
		err = errOver
	}
	return v, err
}

// Received implements [netx.Rider]. A viewer has no reason to say anything.
func (r *rider) Received([]byte) error { return nil }

// Tick implements [netx.Rider].
func (r *rider) Tick(time.Time) error { return nil }

// Left implements [netx.Rider].
func (r *rider) Left(_ [][]byte, why error) {
	r.player.reader.OnReady(nil)
	go func() {
		defer r.out.conn.Close()
		defer r.player.reader.Close()
		var panicked *netx.PanicError
		switch {
		case errors.As(why, &panicked):
			r.log().Error("panic in a viewer", "panic", panicked.Value, "stack", string(panicked.Stack))
		case errors.Is(why, errOver), errors.Is(why, netx.ErrDriverClosed):
			_ = r.out.end() // the log has its end already
			why = nil
		case errors.Is(why, io.EOF), errors.Is(why, net.ErrClosed):
			why = errGone
		}
		r.ended(why)
	}()
}
