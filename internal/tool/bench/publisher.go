package bench

import (
	"context"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp"
)

// publisher sends the clip, round after round, until it is stopped.
type publisher struct {
	address *tool.Address
	clip    *clip
	ledger  *ledger // nil if nobody plays it
	late    time.Duration
	on      bool  // it was connected
	err     error // why it ended before it was stopped
}

// connect is the first half of a publication, run the second.
func (p *publisher) connect(ctx context.Context, d *rtmp.Dialer) (*rtmp.Stream, error) {
	st, err := d.Publish(ctx, p.address.Raw())
	if err != nil {
		return nil, p.address.Fail("publish to "+p.address.String(), err)
	}
	return st, nil
}

// run returns why it ended, nil if ctx ended it.
func (p *publisher) run(ctx context.Context, st *rtmp.Stream) error {
	defer leave(st.Session())
	batch := st.NewBatch()
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := int64(0); ; {
		round := uint32(n / int64(len(p.clip.packets)))
		for i := range p.clip.packets {
			packet := &p.clip.packets[i]
			timestamp := round*p.clip.period + packet.timestamp
			// Lost time is made up for: the players' number of messages is to
			// be that of an encoder, also beside a busy server.
			due := start.Add(time.Duration(timestamp) * time.Millisecond)
			if wait := time.Until(due); wait > 0 {
				timer.Reset(wait)
				select {
				case <-timer.C:
				case <-ctx.Done():
					return nil
				case <-st.Context().Done():
					return p.address.Fail("publish to "+p.address.String(), context.Cause(st.Context()))
				}
			}
			batch.Reset()
			batch.Append(st.ID(), packet.typ, timestamp, packet.head, packet.body)
			now := time.Now()
			p.late = max(p.late, now.Sub(due))
			if p.ledger != nil {
				p.ledger.note(n, now)
			}
			if err := st.Send(batch); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				if why := st.Err(); why != nil {
					err = why
				}
				return p.address.Fail("publish to "+p.address.String(), err)
			}
			n++
		}
	}
}
