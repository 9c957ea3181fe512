package rtmp

import (
	"errors"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/metadata"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// publish serves an encoder. The hub tells of its beginning and end.
func (d *Door) publish(s *rtmp.Stream) error {
	who := callerOf(s.Session())
	pub, err := d.hub.Publish(d.client(s), hub.PublishRequest{
		App: s.App(), Name: s.Name(), Query: s.Query(), Session: s.Session().ID(), Protocol: who.protocol,
		TLS: who.tls, Remote: who.remote, Software: software(s), User: s.Session().User(), RTT: rtt(s),
		// Telling the encoder why may wait for it, and Kick must not.
		Kick: func(err error) { go s.Session().CloseWith(refusal(err, true)) },
	})
	if err != nil {
		return refusal(err, true)
	}
	if err := s.Accept(); err != nil {
		pub.End(err)
		return err
	}
	p := &publisher{passenger: passenger{stream: s}, door: d, publication: pub}
	if d.ingest(p) {
		return rtmp.ErrDetached
	}
	return p.serve()
}

// publisher turns the messages of an encoder into frames.
type publisher struct {
	passenger
	door        *Door
	publication *hub.Publication
	reader      rtmp.FrameReader
	metadata    metadata.Keeper
	unreadable  int
}

// serve takes what the encoder sends until either side ends the publication, and
// returns what the encoder is told.
func (p *publisher) serve() error {
	err := p.stream.Each(p.take)
	if errors.Is(err, rtmp.ErrStreamClosed) || callerOf(p.stream.Session()).hungUp(err) {
		p.publication.End(nil)
		return nil
	}
	p.publication.End(err)
	return refusal(err, true)
}

// take gives a message to the stream. Its error ends the publication. It runs
// where the connection is read.
func (p *publisher) take(m *message.Message) error {
	frames, err := p.reader.Demux(m)
	if err != nil {
		p.drop(err)
	}
	for _, f := range frames {
		if err := p.write(f); err != nil {
			return err
		}
	}
	return nil
}

// write gives a frame to the stream, and in front of it what its metadata should
// say.
func (p *publisher) write(f *media.Frame) error {
	withoutAMF3(f)
	correction, err := p.metadata.Take(f)
	if err != nil {
		p.drop(err)
		return nil
	}
	if correction != nil {
		if err := p.publication.Write(correction); err != nil {
			return err
		}
	}
	if err := p.publication.Write(f); err != nil {
		return err
	}
	if clock, ok := metadata.ReadClock(f); ok {
		p.publication.Clocked(hub.EncoderClock(clock))
	}
	return nil
}

// drop tells of a message, or of a part of it, that nobody gets.
func (p *publisher) drop(err error) {
	p.door.meter.Unreadable(callerOf(p.stream.Session()).protocol)
	if p.unreadable++; p.unreadable == 1 {
		p.door.log(p.stream, p.publication.Stream(), p.publication.Broadcast()).Warn("a message could not be read and was dropped", "error", err)
	}
}
