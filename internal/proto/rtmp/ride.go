package rtmp

import (
	"time"

	"github.com/millrace-live/millrace/internal/netx"
)

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
// reader, and so does not see there that it is over.
func (p *player) Tick(now time.Time) error {
	p.count()
	if p.paused.Load() {
		if err := p.over(); err != nil {
			return err
		}
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
	p.attach(p.door, rest, why, p.serve)
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
func (p *publisher) Left(rest [][]byte, why error) { p.attach(p.door, rest, why, p.serve) }
