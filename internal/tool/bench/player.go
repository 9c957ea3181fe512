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

// errEnded is a stream that its server ended in order.
var errEnded = errors.New("the stream ended")

// player plays one address and keeps nothing.
type player struct {
	address *tool.Address
	meter   meter
	on      atomic.Bool // it was connected, and may play
	err     error       // why it ended before it was stopped
}

// run returns why it ended, nil if ctx ended it.
func (p *player) run(ctx context.Context, o *Options) error {
	var err error
	if p.address.HTTP() {
		err = p.playHTTP(ctx, o.HTTP)
	} else {
		err = p.playRTMP(ctx, &o.Dialer)
	}
	p.meter.pause(time.Now())
	switch {
	case ctx.Err() != nil:
		return nil //nolint:nilerr // the end that was asked for
	case errors.Is(err, errEnded), errors.Is(err, rtmp.ErrStreamClosed):
		return &tool.Error{Status: tool.Lost, Text: "play " + p.address.String() + ": the stream ended", Err: err}
	}
	return p.address.Fail("play "+p.address.String(), err)
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
	p.meter.begin(asked)
	st, err := session.Play(ctx, u.Name, rtmp.PlayOptions{})
	if err != nil {
		return err
	}
	p.on.Store(true)
	stop := context.AfterFunc(ctx, func() { session.CloseWith(rtmp.ErrSessionClosed) })
	defer stop()
	return st.Each(func(m *message.Message) error {
		if ctx.Err() != nil {
			return ctx.Err() // what comes while connections are closed does not count
		}
		p.meter.add(m, time.Now())
		return nil
	})
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

func (p *player) playHTTP(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address.Raw(), nil)
	if err != nil {
		return err
	}
	start := time.Now()
	// The request is the play command, too.
	p.meter.begin(start)
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
		p.meter.add(&m, time.Now())
	}
}
