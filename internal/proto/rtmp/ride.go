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

// passenger is a stream in a driver's hands. What is not the plain course is left
// to the goroutines of its session, by getting off.
type passenger struct {
	// called is set when the session has answers, or has ended: to look for
	// them each time would touch memory of every player with every frame.
	called   atomic.Bool
	stream   *rtmp.Stream
	detached *rtmp.Detached
	seat     atomic.Pointer[netx.Seat]
}

// detach takes the stream off its goroutines if the driver can have it.
func (p *passenger) detach(d *netx.Driver) bool {
	if _, ok := p.stream.Session().Conn().(*net.TCPConn); !ok || d == nil {
		return false
	}
	p.detached = p.stream.Detach(p.call)
	return p.detached != nil
}

// board begins the ride of r, whose passenger p is.
func (p *passenger) board(d *netx.Driver, r netx.Rider) *netx.Seat {
	seat, ok := d.Add(p.stream.Session().Conn(), r)
	if !ok { // it has just been closed
		r.Left(nil, net.ErrClosed)
		return nil
	}
	p.seat.Store(seat)
	p.call() // for calls that found no seat
	return seat
}

// call is the session's way of asking for the driver.
func (p *passenger) call() {
	p.called.Store(true)
	if seat := p.seat.Load(); seat != nil {
		seat.Wake()
	}
}

// answers returns what the session has to say, nil if that is nothing.
func (p *passenger) answers() (*netx.Vector, error) {
	if !p.called.Load() || !p.called.Swap(false) {
		return nil, nil
	}
	if err := p.stream.Err(); err != nil {
		return nil, err
	}
	answers := p.detached.Answers()
	if answers == nil {
		return nil, nil
	}
	p.detached.Sent(len(answers))
	v := new(netx.Vector)
	v.Set([][]byte{answers})
	return v, nil
}

// Received implements [netx.Rider].
func (p *passenger) Received(b []byte) error { return p.detached.Receive(b) }

// attach puts the stream back on goroutines, the first of which calls serve.
func (p *passenger) attach(rest [][]byte, why error, serve func() error) {
	var failed error
	if errors.Is(why, netx.ErrStuck) {
		failed = rtmp.ErrSlowReader
	}
	p.detached.Attach(rest, failed, serve)
}

// ride takes the player off its goroutines, if there is a driver and nothing
// speaks against it.
func (d *Door) ride(p *player) bool {
	if !p.detach(d.players) {
		return false
	}
	if seat := p.board(d.players, p); seat != nil {
		p.reader.OnReady(seat)
	}
	return true
}

// Next implements [netx.Rider].
func (p *player) Next(lane int) (*netx.Vector, error) {
	if v, err := p.answers(); v != nil || err != nil {
		return v, err
	}
	if p.paused.Load() {
		return nil, nil
	}
	v, err := p.door.shared[lane].next(p)
	if v != nil {
		p.sent += v.Len()
	}
	return v, err
}

// Tick implements [netx.Rider]. A player that pauses takes nothing from its
// reader, and so does not see there that the stream has ended.
func (p *player) Tick(now time.Time) error {
	p.count()
	if p.paused.Load() && p.reader.State() == hub.Ended {
		return io.EOF
	}
	return p.detached.Tick(now)
}

// count tells what was sent. Counters that others read are not touched with
// every batch.
func (p *player) count() {
	if p.sent > 0 {
		p.reader.Sent(p.sent)
		p.detached.Sent(p.sent)
		p.sent = 0
	}
}

// Left implements [netx.Rider].
func (p *player) Left(rest [][]byte, why error) {
	p.count()
	p.reader.OnReady(nil)
	p.attach(rest, why, p.serve)
}

// ingest takes the encoder off its goroutines as ride does with a player.
func (d *Door) ingest(p *publisher) bool {
	if !p.detach(d.encoders) {
		return false
	}
	if err := p.detached.Each(p.take); err != nil {
		p.Left(nil, err)
		return true
	}
	p.board(d.encoders, p)
	return true
}

// Next implements [netx.Rider].
func (p *publisher) Next(int) (*netx.Vector, error) { return p.answers() }

// Tick implements [netx.Rider].
func (p *publisher) Tick(now time.Time) error { return p.detached.Tick(now) }

// Left implements [netx.Rider]. Should the publication be over, serve finds it
// out.
func (p *publisher) Left(rest [][]byte, why error) { p.attach(rest, why, p.serve) }

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
	if !same || s.streamID != p.id || s.before != p.mux {
		s.streamID, s.before = p.id, p.mux
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
