package rtmp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// play serves a viewer. Every start value plays live.
func (d *Door) play(s *rtmp.Stream) error {
	who := callerOf(s.Session())
	reader, err := d.hub.Play(d.client(s), hub.PlayRequest{
		App: s.App(), Name: s.Name(), Query: s.Query(), Session: s.Session().ID(), Protocol: who.protocol,
		TLS: who.tls, Remote: who.remote, Software: software(s), RTT: rtt(s), Wait: true, Proven: who.proven,
	})
	if err != nil {
		return refusal(err, false)
	}
	p := &player{
		passenger: passenger{stream: s}, door: d, reader: reader, id: s.ID(), audio: true, video: true,
		began: time.Now(), change: make(chan struct{}, 1),
	}
	p.mux.Accept = acceptOf(s.Session(), reader.Strict())
	s.OnControl(p.control)
	if err := s.Accept(); err != nil {
		reader.Close()
		return err
	}
	p.log().Info("play started", "player", software(s))
	if d.ride(p) {
		return rtmp.ErrDetached
	}
	return p.serve()
}

// player carries frames from a reader to one viewer: by itself, on a goroutine,
// or as a rider of the driver.
type player struct {
	// What every batch needs comes first, close together.
	passenger
	reader *hub.Reader
	mux    flv.Muxer
	id     uint32 // of the message stream
	paused atomic.Bool
	sent   int // bytes that the driver has been given, and nobody has been told of

	refused flv.CodecSet // codecs that the log has told of

	door         *Door
	began        time.Time
	mu           sync.Mutex
	audio, video bool
	change       chan struct{} // has a token when paused has changed
}

func (p *player) log() *slog.Logger {
	return p.door.log(p.stream, p.reader.Stream(), p.reader.Broadcast())
}

// serve plays until the viewer goes or the stream ends, and returns what the
// viewer is told.
func (p *player) serve() error {
	defer p.reader.Close()
	err := p.run(p.stream.Context())
	how := endOf(err)
	p.door.meter.PlayEnded(callerOf(p.stream.Session()).protocol, how.word)
	p.log().Info("play ended", "reason", how.text, "after", since(p.began), "skipped", p.reader.Drops())
	return refusal(err, false)
}

// control does what the player asks for. It runs on the goroutine that reads
// the connection.
func (p *player) control(c rtmp.Control) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch c := c.(type) {
	case message.Pause:
		if was := p.paused.Swap(c.On); was && !c.On {
			p.reader.Resync()
		}
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

// run ends with nil at the end of the stream, else with what went wrong; ctx
// ends when the viewer goes.
func (p *player) run(ctx context.Context) error {
	var frames [64]*media.Frame
	var tags []flv.Tag
	batch := p.stream.NewBatch()
	for {
		if p.paused.Load() {
			if err := p.rest(ctx); err != nil {
				return end(err)
			}
			continue
		}
		n, err := p.reader.Next(frames[:])
		if err != nil {
			return end(err)
		}
		if n > 0 {
			before := p.mux
			tags = p.fill(batch, tags, frames[:n])
			p.tellRefused(before, frames[:n])
			clear(frames[:n])
			if err := p.send(batch); err != nil {
				return err
			}
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
// that a short pause leaves nothing out, and looks once a second whether there is
// anything to go on with.
func (p *player) rest(ctx context.Context) error {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for p.paused.Load() {
		select {
		case <-p.change:
		case <-look.C:
			if err := p.over(); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// over says that a player who takes nothing has nothing to wait for.
func (p *player) over() error {
	if p.reader.State() == hub.Ended {
		return io.EOF
	}
	return p.reader.Over()
}

// fill puts frames into an empty batch. tags are scratch.
func (p *player) fill(batch *rtmp.Batch, tags []flv.Tag, frames []*media.Frame) []flv.Tag {
	batch.Reset()
	for _, f := range frames {
		tags = p.mux.Mux(tags[:0], f)
		for i := range tags {
			batch.AppendTag(p.id, &tags[i])
		}
	}
	clear(tags)
	return tags
}

func (p *player) send(batch *rtmp.Batch) error {
	if batch.Len() == 0 {
		return nil
	}
	defer batch.Reset()
	err := p.stream.Send(batch)
	if err == nil {
		p.reader.Sent(batch.Len())
	}
	return err
}
