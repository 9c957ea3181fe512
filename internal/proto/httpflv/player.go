package httpflv

import (
	"context"
	"errors"
	"io"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// maxBatch is where a batch leaves even if more could go with it: it bounds
// what a viewer holds of its own.
const maxBatch = 1 << 20

// player carries frames from a reader to one viewer.
type player struct {
	reader *hub.Reader
	mux    flv.Muxer
	tags   []flv.Tag
	batch  batch
	// send writes the batch, waiting for the viewer.
	send func(*batch) error
}

// run ends with nil at the end of the stream, else with what went wrong; ctx
// ends when the viewer goes.
func (p *player) run(ctx context.Context) error {
	p.batch.header()
	var frames [64]*media.Frame
	for {
		n, err := p.reader.Next(frames[:])
		for _, f := range frames[:n] {
			p.tags = p.mux.Mux(p.tags[:0], f)
			for i := range p.tags {
				p.batch.tag(&p.tags[i])
			}
			if p.batch.size >= maxBatch {
				if err := p.flush(); err != nil {
					return err
				}
			}
		}
		clear(frames[:n])
		if p.batch.size > 0 {
			if err := p.flush(); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n > 0:
			continue
		}
		select {
		case <-p.reader.Ready():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *player) flush() error {
	err := p.send(&p.batch)
	if err == nil {
		p.reader.Sent(p.batch.size)
	}
	p.batch.reset()
	clear(p.tags)
	return err
}
