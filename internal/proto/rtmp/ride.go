package rtmp

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// rider is a player in the driver's hands. What is not the plain course it
// leaves to the player's own goroutines, by getting off.
type rider struct {
	*player
	detached *rtmp.Detached
	seat     atomic.Pointer[netx.Seat]
}

// ride takes the player off its goroutines, if there is a driver and nothing
// speaks against it.
func (d *Door) ride(p *player) bool {
	conn, ok := p.stream.Session().Conn().(*net.TCPConn)
	if !ok || d.driver == nil {
		return false
	}
	r := &rider{player: p}
	if r.detached = p.stream.Detach(r.wake); r.detached == nil {
		return false
	}
	seat, ok := d.driver.Add(conn, r)
	if !ok { // it has just been closed
		r.Left(nil, net.ErrClosed)
		return true
	}
	r.seat.Store(seat)
	r.reader.OnReady(r.wake) // which makes up for calls that found no seat
	return true
}

func (r *rider) wake() {
	if seat := r.seat.Load(); seat != nil {
		seat.Wake()
	}
}

// Next implements [netx.Rider].
func (r *rider) Next(lane int) (*netx.Vector, error) {
	if answers := r.detached.Answers(); answers != nil {
		r.detached.Sent(len(answers))
		v := new(netx.Vector)
		v.Set([][]byte{answers})
		return v, nil
	}
	if err := r.stream.Err(); err != nil {
		return nil, err
	}
	if r.paused.Load() {
		return nil, nil
	}
	v, err := r.door.shared[lane].next(r.player)
	if v != nil {
		r.reader.Sent(v.Len())
		r.detached.Sent(v.Len())
	}
	return v, err
}

// Received implements [netx.Rider].
func (r *rider) Received(p []byte) error { return r.detached.Receive(p) }

// Tick implements [netx.Rider]. A player that pauses takes nothing from its
// reader, and so does not see there that the stream has ended.
func (r *rider) Tick(now time.Time) error {
	if r.paused.Load() && r.reader.State() == hub.Ended {
		return io.EOF
	}
	return r.detached.Tick(now)
}

// Left implements [netx.Rider].
func (r *rider) Left(rest [][]byte, why error) {
	r.reader.OnReady(nil)
	var failed error
	if errors.Is(why, netx.ErrStuck) {
		failed = rtmp.ErrSlowReader
	}
	r.detached.Attach(rest, failed, r.serve)
}

// shared is the last batch that players of one lane were given. Those who stand
// at the same place of the same stream get it as it is: headers are rendered
// once for all of them, and the list of slices is made once.
type shared struct {
	row    hub.Row
	tags   []flv.Tag
	batch  *rtmp.Batch
	vector *netx.Vector

	streamID      uint32
	before, after flv.Muxer
}

// next returns the player's next batch, nil if there is none yet.
func (s *shared) next(p *player) (*netx.Vector, error) {
	frames, same, err := s.row.Next(p.reader)
	if len(frames) == 0 {
		return nil, err
	}
	if id := p.stream.ID(); !same || s.streamID != id || s.before != p.mux {
		s.streamID, s.before = id, p.mux
		s.render(p, frames)
		s.after = p.mux
	}
	p.mux = s.after
	return s.vector, nil
}

func (s *shared) render(p *player, frames []*media.Frame) {
	if s.vector == nil || s.vector.Kept() {
		s.batch, s.vector = p.stream.NewBatch(), new(netx.Vector)
	}
	s.tags = p.fill(s.batch, s.tags, frames)
	s.vector.Set(s.batch.Slices())
}
