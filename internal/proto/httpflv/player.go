package httpflv

import (
	"context"
	"errors"
	"io"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// player carries frames from a reader to one viewer.
type player struct {
	reader *hub.Reader
	mux    flv.Muxer
	// refused are the codecs that the log has told of; met tells it.
	refused flv.CodecSet
	met     func(before flv.Muxer, frames []*media.Frame)
	// send writes a batch, waiting for the viewer.
	send func(*batch) error
}

// run ends with nil at the end of the stream, else with what went wrong; ctx
// ends when the viewer goes.
func (p *player) run(ctx context.Context) error {
	var frames [64]*media.Frame
	var tags []flv.Tag
	var b batch
	b.header()
	for {
		n, err := p.reader.Next(frames[:])
		before := p.mux
		tags = p.fill(&b, tags, frames[:n])
		p.met(before, frames[:n])
		clear(frames[:n])
		if b.size > 0 {
			if err := p.send(&b); err != nil {
				return err
			}
			p.reader.Sent(b.size)
			b.reset()
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

// fill adds frames to a batch. tags are scratch.
func (p *player) fill(b *batch, tags []flv.Tag, frames []*media.Frame) []flv.Tag {
	for _, f := range frames {
		tags = p.mux.Mux(tags[:0], f)
		for i := range tags {
			b.tag(&tags[i])
		}
	}
	clear(tags)
	return tags
}
