package bench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

var (
	// errEnded is a stream that its server ended in order.
	errEnded = errors.New("the stream ended")
	// errTaken ends the reading of a connection that was taken.
	errTaken = errors.New("the connection was taken")
)

// duty is what a player does with what comes after its first frame.
type duty uint8

const (
	observe duty = iota // read it and measure
	drain               // count it, if the system can do so without reading
	stick               // leave it unread
)

// player plays one address and keeps nothing.
type player struct {
	address *tool.Address
	duty    duty
	hinted  bool // it asks for parts before they are made
	drainer *drainer
	meter   meter
	line    line
	before  atomic.Uint64 // bytes that came before the play command
	on      atomic.Bool   // it was connected, and may play
	waited  bool          // in vain, for a first frame, until its visit was over
	err     error         // why it ended before it was stopped
}

// bytes is how many came from the play command on.
func (p *player) bytes() uint64 { return p.line.received.Load() - p.before.Load() }

// run returns why it ended, nil if ctx ended it.
func (p *player) run(ctx context.Context, d *rtmp.Dialer) error {
	own := *d
	own.NetDial = p.line.dial(d.NetDial)
	hls := isHLS(p.address.Raw())
	if p.address.Tunnel() || hls {
		own.NetDial = p.line.several(d.NetDial)
	}
	var err error
	switch {
	case hls:
		err = p.playHLS(ctx, &own)
	case p.address.HTTP():
		err = p.playHTTP(ctx, &own)
	default:
		err = p.playRTMP(ctx, &own)
	}
	switch {
	case ctx.Err() != nil:
		return nil //nolint:nilerr // the end that was asked for
	case errors.Is(err, errEnded), errors.Is(err, rtmp.ErrStreamClosed):
		return &tool.Error{Status: tool.Lost, Text: "play " + p.address.String() + ": the stream ended", Err: err}
	}
	return p.address.Fail("play "+p.address.String(), err)
}

// began marks the play command.
func (p *player) began(now time.Time) {
	p.before.Store(p.line.received.Load())
	p.meter.begin(now)
}

// add takes a message. It returns errTaken if the connection is to be read no
// more on this goroutine.
func (p *player) add(ctx context.Context, m *message.Message) error {
	if ctx.Err() != nil {
		return ctx.Err() // what comes while connections are closed does not count
	}
	p.meter.add(m, time.Now())
	if !p.meter.joined {
		return nil
	}
	switch p.duty {
	case drain:
		// Inside of TLS and RTMPE nobody can acknowledge but the session.
		if p.drainer.take(&p.line, &p.meter, p.address.Scheme() == "rtmp") {
			return errTaken
		}
	case stick:
		if p.drainer.stick(&p.line) {
			return errTaken
		}
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// stop ends the accounts when the player has stopped, or its connection has
// ended.
func (p *player) stop() {
	if s := p.line.seat.Load(); s != nil {
		s.halt()
	}
	if p.duty != stick {
		p.meter.pause(time.Now())
	}
}

func (p *player) playRTMP(ctx context.Context, d *rtmp.Dialer) error {
	u, err := rtmp.ParseURL(p.address.Raw())
	if err != nil {
		return err
	}
	start := time.Now()
	session, err := d.Dial(ctx, p.address.Raw())
	if err != nil {
		return err
	}
	defer leave(session)
	asked := time.Now()
	p.meter.totals.connect.add(asked.Sub(start))
	p.began(asked)
	defer p.stop()
	st, err := session.Play(ctx, u.Name, rtmp.PlayOptions{})
	if err != nil {
		return err
	}
	p.meter.totals.start.add(time.Since(asked))
	p.on.Store(true)
	stop := context.AfterFunc(ctx, func() { session.CloseWith(rtmp.ErrSessionClosed) })
	defer stop()
	err = st.Each(func(m *message.Message) error { return p.add(ctx, m) })
	if errors.Is(err, errTaken) {
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-session.Context().Done():
			err = context.Cause(session.Context())
		}
	}
	return err
}

// leave ends a session in order: a server that finds its connections reset may
// take longer over it, and its log would be full of it.
func leave(s *rtmp.Session) {
	const patience = 3 * time.Second
	s.CloseWith(rtmp.ErrSessionClosed)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.Context().Done():
	case <-timer.C:
		_ = s.Close()
	}
}

func (p *player) playHTTP(ctx context.Context, d *rtmp.Dialer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address.Raw(), nil)
	if err != nil {
		return err
	}
	// One connection a player, also where the server would share one.
	client := &http.Client{Transport: &http.Transport{
		DialContext: d.NetDial, TLSClientConfig: d.TLSConfig.Clone(), DisableCompression: true, DisableKeepAlives: true,
	}}
	start := time.Now()
	// The request is the play command, too.
	p.began(start)
	defer p.stop()
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return &rtmp.StatusError{Code: res.Status}
	}
	p.meter.totals.connect.add(time.Since(start))
	p.on.Store(true)
	r := flv.NewReader(res.Body)
	for {
		kind, timestamp, body, err := r.Next()
		if errors.Is(err, io.EOF) {
			return errEnded
		} else if err != nil {
			return errors.Join(rtmp.ErrConnectionLost, err)
		}
		m := message.Message{Type: message.Type(kind), Timestamp: timestamp, Payload: body}
		if err := p.add(ctx, &m); errors.Is(err, errTaken) {
			return p.line.ended(ctx)
		} else if err != nil {
			return err
		}
	}
}

// ended waits until a connection that was taken has ended, or ctx is done.
func (l *line) ended(ctx context.Context) error {
	s := l.seat.Load()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.left():
	}
	if err := s.wait(); !errors.Is(err, io.EOF) {
		return errors.Join(rtmp.ErrConnectionLost, err)
	}
	return errEnded
}
