package bench

import (
	"context"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp"
)

// publisher sends the clip, round after round, until it is stopped.
type publisher struct {
	address *tool.Address
	clip    *clip
	ledger  *ledger // nil if nobody observes it
	// begin is when its clip begins, if it is connected by then; grid is the
	// time that it is late by a multiple of, if not.
	begin time.Time
	grid  time.Duration

	feed  *feed // its connection, if that takes writes without waiting
	sent  atomic.Uint64
	late  *histogram
	on    bool  // it was connected
	err   error // why it ended before it was stopped
	ended chan error

	// Of the pacer's goroutine, once it has it.
	stream *rtmp.Stream
	start  time.Time
	next   int64     // number of the packet that is next
	due    time.Time // when it is to be sent
	retry  time.Time // when the socket is tried again, if it was full
}

// connect is the first half of a publication, run the second.
func (p *publisher) connect(ctx context.Context, d *rtmp.Dialer) (*rtmp.Stream, error) {
	own := *d
	inner := d.NetDial
	if inner == nil {
		inner = new(net.Dialer).DialContext
	}
	own.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := inner(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if p.address.Tunnel() {
			return c, nil // one of several, perhaps
		}
		if p.feed = newFeed(c); p.feed != nil {
			return p.feed, nil
		}
		return c, nil
	}
	st, err := own.Publish(ctx, p.address.Raw())
	if err != nil {
		return nil, p.address.Fail("publish to "+p.address.String(), err)
	}
	return st, nil
}

// run has a pacer send the clip. It returns why the publication ended, nil if
// ctx ended it.
func (p *publisher) run(ctx context.Context, st *rtmp.Stream, pace func(*publisher)) error {
	defer leave(st.Session())
	p.stream, p.ended = st, make(chan error, 1)
	p.start = p.begin
	if late := time.Since(p.begin); late > 0 {
		p.start = p.begin.Add((late + p.grid - 1) / p.grid * p.grid)
	}
	p.due = p.start
	p.feed.eager(true)
	defer p.feed.eager(false)
	pace(p)
	var err error
	select {
	case <-ctx.Done():
		return nil
	case <-st.Context().Done():
	case err = <-p.ended:
		// What was read of the server last says more than the failure to write.
		const patience = time.Second
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-st.Context().Done():
		case <-timer.C:
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if why := st.Err(); why != nil {
		err = why
	}
	return p.address.Fail("publish to "+p.address.String(), err)
}

// step sends the packet that is due. It reports whether there is a next one;
// if not, ended has the reason.
func (p *publisher) step(batch *rtmp.Batch) bool {
	const again = 5 * time.Millisecond
	if full, err := p.feed.full(); err != nil {
		p.ended <- err
		return false
	} else if full {
		p.retry = time.Now().Add(again)
		return true
	}
	p.retry = time.Time{}
	packet, timestamp := p.packet(p.next)
	batch.Reset()
	batch.Append(p.stream.ID(), packet.typ, timestamp, packet.head, packet.body)
	now := time.Now()
	p.late.add(now.Sub(p.due))
	if p.ledger != nil {
		p.ledger.note(p.next, now)
	}
	if err := p.stream.Send(batch); err != nil {
		p.ended <- err
		return false
	}
	p.sent.Add(uint64(len(packet.head) + len(packet.body)))
	p.next++
	_, timestamp = p.packet(p.next)
	// Lost time is made up for: the players' number of messages is to be that
	// of an encoder, also beside a busy server.
	p.due = p.start.Add(time.Duration(timestamp) * time.Millisecond)
	return true
}

// packet is the one of that number, with its timestamp over all rounds.
func (p *publisher) packet(n int64) (*packet, uint32) {
	c := p.clip
	packet := &c.packets[n%int64(len(c.packets))]
	return packet, uint32(n/int64(len(c.packets)))*c.period + packet.timestamp
}

// when is when the publisher wants its turn.
func (p *publisher) when() time.Time {
	if !p.retry.IsZero() {
		return p.retry
	}
	return p.due
}

// phase is how much later than the first of all publishers the one of index i
// begins: their key frames are spread over the distance between two, as those
// of encoders that know nothing of each other are, and within the time of a
// frame the golden ratio keeps any number of them apart.
func phase(i, all int, frame, group time.Duration) time.Duration {
	const golden = math.Phi - 1
	frames := time.Duration(i) * group / time.Duration(all) / frame
	_, part := math.Modf(float64(i) * golden)
	return frames*frame + time.Duration(part*float64(frame))
}
