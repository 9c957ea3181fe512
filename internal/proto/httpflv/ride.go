package httpflv

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
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
	v, err := r.viewer.shared[lane].next(&r.player, r.out.plain)
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

// shared is the last batch that viewers of one lane were given, with its frame
// of HTTP. Those who stand at the same place of the same stream get it as it is.
type shared struct {
	row hub.Row
	*parcel
	tags          []flv.Tag
	plain         bool
	before, after flv.Muxer
}

// parcel is what must stay as it is while somebody writes it.
type parcel struct {
	batch  batch
	head   []byte
	pieces [][]byte
	vector netx.Vector
}

// next returns the viewer's next batch, nil if there is none yet.
func (s *shared) next(p *player, plain bool) (*netx.Vector, error) {
	frames, same, err := s.row.Next(p.reader)
	if len(frames) == 0 {
		return nil, err
	}
	if !same || s.plain != plain || s.before != p.mux {
		if s.parcel == nil || s.vector.Kept() {
			s.parcel = new(parcel)
		}
		s.plain, s.before = plain, p.mux
		s.batch.reset()
		s.tags = p.fill(&s.batch, s.tags, frames)
		if s.batch.size > 0 {
			s.pieces, s.head = frame(s.pieces[:0], s.head[:0], &s.batch, plain)
		} else {
			s.pieces = s.pieces[:0] // an empty chunk would be the end
		}
		s.vector.Set(s.pieces)
		s.after = p.mux
	}
	p.mux = s.after
	return &s.vector, nil
}
