package rtmp

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// maxBatch is where a batch leaves even if more could go with it: it bounds
// what a player holds of its own.
const maxBatch = 1 << 20

// play serves a viewer. Every start value plays live.
func (d *Door) play(s *rtmp.Stream) error {
	reader, err := d.hub.Play(s.Context(), hub.PlayRequest{
		App: s.App(), Name: s.Name(), Query: s.Query(), Session: s.Session().ID(), Protocol: "rtmp",
		Remote: remote(s), Software: software(s), RTT: rtt(s), Wait: true,
	})
	if err != nil {
		return refusal(err, false)
	}
	defer reader.Close()
	p := &player{stream: s, reader: reader, batch: rtmp.NewBatch(s.Session().ChunkSize()), change: make(chan struct{}, 1)}
	p.audio, p.video = true, true
	s.OnControl(p.control)
	if err := s.Accept(); err != nil {
		return err
	}
	log := d.log(s, reader.Stream(), reader.Broadcast())
	log.Info("play started", "player", software(s))
	began := time.Now()
	err = p.run(s.Context())
	how := endOf(err)
	d.meter.PlayEnded("rtmp", how.word)
	log.Info("play ended", "reason", how.text, "after", since(began), "skipped", reader.Drops())
	return refusal(err, false)
}

// player carries frames from a reader to one viewer.
type player struct {
	stream *rtmp.Stream
	reader *hub.Reader
	mux    flv.Muxer
	tags   []flv.Tag
	batch  *rtmp.Batch

	mu           sync.Mutex
	paused       bool
	audio, video bool
	change       chan struct{} // has a token when paused has changed
}

// control does what the player asks for. It runs on the goroutine that reads
// the connection.
func (p *player) control(c rtmp.Control) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch c := c.(type) {
	case message.Pause:
		if p.paused && !c.On {
			p.reader.Resync()
		}
		p.paused = c.On
		select {
		case p.change <- struct{}{}:
		default:
		}
	case message.ReceiveAudio:
		p.audio = c.On
		p.reader.SetTracks(p.video, p.audio)
	case message.ReceiveVideo:
		p.video = c.On
		p.reader.SetTracks(p.video, p.audio)
	case message.BufferLength:
	default:
		return &rtmp.StatusError{Code: message.CodeSeekFailed, Description: "a live stream plays live only"}
	}
	return nil
}

func (p *player) isPaused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

// run ends with nil at the end of the stream, else with what went wrong; ctx
// ends when the viewer goes.
func (p *player) run(ctx context.Context) error {
	var frames [64]*media.Frame
	for {
		if p.isPaused() {
			if err := p.rest(ctx); err != nil {
				return end(err)
			}
			continue
		}
		n, err := p.reader.Next(frames[:])
		if err := p.send(frames[:n]); err != nil {
			return err
		}
		switch {
		case err != nil:
			return end(err)
		case n > 0:
			continue
		}
		select {
		case <-p.reader.Ready():
		case <-p.change:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func end(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// rest waits while the player is paused. It takes nothing from the reader, so
// that a short pause leaves nothing out, and looks once a second whether the
// stream has ended.
func (p *player) rest(ctx context.Context) error {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for p.isPaused() {
		select {
		case <-p.change:
		case <-look.C:
			if p.reader.State() == hub.Ended {
				return io.EOF
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (p *player) send(frames []*media.Frame) error {
	for _, f := range frames {
		p.tags = p.mux.Mux(p.tags[:0], f)
		for i := range p.tags {
			p.batch.AppendTag(p.stream.ID(), &p.tags[i])
		}
		if p.batch.Len() >= maxBatch {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	clear(frames)
	if p.batch.Len() == 0 {
		return nil
	}
	return p.flush()
}

func (p *player) flush() error {
	err := p.stream.Send(p.batch)
	if err == nil {
		p.reader.Sent(p.batch.Len())
	}
	p.batch.Reset()
	clear(p.tags)
	return err
}
