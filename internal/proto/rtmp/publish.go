package rtmp

import (
	"errors"
	"log/slog"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// publish serves an encoder. The hub tells of its beginning and end.
func (d *Door) publish(s *rtmp.Stream) error {
	pub, err := d.hub.Publish(s.Context(), hub.PublishRequest{
		App: s.App(), Name: s.Name(), Query: s.Query(), Session: s.Session().ID(), Protocol: "rtmp",
		Remote: remote(s), Software: software(s), RTT: rtt(s),
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
	p := publisher{publication: pub, log: d.log(s, pub.Stream(), pub.Broadcast()), meter: d.meter}
	err = s.Each(p.take)
	if errors.Is(err, rtmp.ErrStreamClosed) {
		pub.End(nil)
		return nil
	}
	pub.End(err)
	return refusal(err, true)
}

// publisher turns the messages of an encoder into frames. Its methods run on
// the goroutine that reads the connection.
type publisher struct {
	publication *hub.Publication
	log         *slog.Logger
	meter       Meter
	reader      rtmp.FrameReader
	unreadable  int
}

// take gives a message to the stream. Its error ends the publication.
func (p *publisher) take(m *message.Message) error {
	f, err := p.reader.Demux(m)
	if err == nil && f != nil {
		err = mend(f)
	}
	if err != nil {
		p.meter.Unreadable("rtmp")
		if p.unreadable++; p.unreadable == 1 {
			p.log.Warn("a message could not be read and was dropped", "error", err)
		}
		return nil
	}
	if f == nil {
		return nil
	}
	return p.publication.Write(f)
}
