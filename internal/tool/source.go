package tool

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// ErrEnd is the end of a stream in order. It is not io.EOF, which broken
// connections end with as well.
var ErrEnd = errors.New("the stream ended")

// Source is a stream that is played.
type Source struct {
	address *Address
	frames  frameReader
	stop    func() bool
	damaged int
}

// frameReader is one way to play. Next returns ErrEnd when the stream has ended
// in order, and a damage for a message that is lost alone.
type frameReader interface {
	next() (*media.Frame, error)
	bytes() uint64
	close()
}

// damage is a message that cannot be read, and does not end the stream.
type damage struct{ err error }

func (d damage) Error() string { return d.err.Error() }

// Clients are what streams are played with; the zero value is ready.
type Clients struct {
	RTMP rtmp.Dialer
	HTTP *http.Client // one without limits of the whole time, if nil
}

// Open plays the stream of an address until ctx is done.
func (c *Clients) Open(ctx context.Context, a *Address) (*Source, error) {
	s := &Source{address: a}
	var err error
	if a.HTTP() {
		s.frames, err = openHTTP(ctx, c.HTTP, a)
	} else {
		s.frames, err = openRTMP(ctx, &c.RTMP, a)
	}
	if err != nil {
		return nil, a.Fail("play "+a.String(), err)
	}
	s.stop = context.AfterFunc(ctx, s.frames.close)
	return s, nil
}

// Next returns the next frame, with its arrival; ErrEnd when the stream has
// ended in order. Messages that cannot be read are passed over and counted.
func (s *Source) Next() (*media.Frame, error) {
	for {
		f, err := s.frames.next()
		var d damage
		switch {
		case errors.As(err, &d):
			s.damaged++
			continue
		case errors.Is(err, ErrEnd):
			return nil, ErrEnd
		case err != nil:
			return nil, s.address.Fail("play "+s.address.String(), err)
		}
		f.Arrival = time.Now()
		return f, nil
	}
}

// Damaged is how many messages could not be read.
func (s *Source) Damaged() int { return s.damaged }

// Bytes is how much has come from the server.
func (s *Source) Bytes() uint64 { return s.frames.bytes() }

// Close ends the play. It may be called at any time.
func (s *Source) Close() {
	s.stop()
	s.frames.close()
}

// rtmpFrames plays by RTMP, also where the server asks to go on elsewhere.
type rtmpFrames struct{ player *rtmp.Player }

func openRTMP(ctx context.Context, d *rtmp.Dialer, a *Address) (frameReader, error) {
	p, err := d.Player(ctx, a.raw)
	if err != nil {
		return nil, err
	}
	return rtmpFrames{p}, nil
}

func (r rtmpFrames) next() (*media.Frame, error) {
	f, err := r.player.ReadFrame()
	var unread *flv.BodyError
	switch {
	case errors.As(err, &unread):
		return nil, damage{err}
	case errors.Is(err, rtmp.ErrStreamClosed):
		return nil, ErrEnd
	}
	return f, err
}

func (r rtmpFrames) bytes() uint64 { return r.player.Stats().BytesIn }

func (r rtmpFrames) close() { _ = r.player.Close() }
