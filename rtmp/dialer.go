package rtmp

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

// Dialer connects to servers. The zero value is ready. Of the durations, zero
// means the default and a negative value means no limit.
type Dialer struct {
	// NetDial makes the connection; a net.Dialer if nil.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
	// FlashVer is what the client says that it is,
	// "FMLE/3.0 (compatible; Millrace)" by default. Servers of Adobe's kind
	// let only encoders that call themselves FMLE publish.
	FlashVer string
	// Properties are added to connect, or take the place of those of the same
	// name; Args stand behind them.
	Properties amf.Properties
	Args       amf.List
	// ChunkSize is the size of outgoing chunks in bytes, 65536 by default.
	ChunkSize int
	// Timeout bounds Dial: the connection (10 s), the handshake and connect
	// (10 s each).
	Timeout time.Duration
	// WriteTimeout is how long the server may take no byte of what is written
	// to it (10 s), IdleTimeout how long nothing at all may come from it while
	// nothing is published (60 s).
	WriteTimeout time.Duration
	IdleTimeout  time.Duration
}

func (d *Dialer) settings() settings {
	timeout := orDefault(d.Timeout, 10*time.Second)
	return settings{
		chunkSize:    orDefault(d.ChunkSize, defaultChunkSize),
		handshake:    timeout,
		connect:      timeout,
		stream:       -1,
		write:        orDefault(d.WriteTimeout, 10*time.Second),
		ping:         10 * time.Second,
		idle:         orDefault(d.IdleTimeout, 60*time.Second),
		maxQueue:     maxAnswers,
		commandsASec: maxCommands,
	}
}

// Dial connects to the application of an address, rtmp://host/app/name, whose
// name it does not use, and waits until the server has accepted connect. A
// refusal is a *StatusError in the server's words. ctx matters for connecting
// only.
func (d *Dialer) Dial(ctx context.Context, address string) (*Session, error) {
	u, err := ParseURL(address)
	if err != nil {
		return nil, err
	}
	return d.dial(ctx, u)
}

func (d *Dialer) dial(ctx context.Context, u *URL) (*Session, error) {
	set := d.settings()
	dial := d.NetDial
	if dial == nil {
		dial = (&net.Dialer{Timeout: max(set.handshake, 0)}).DialContext
	}
	c, err := dial(ctx, "tcp", u.Host)
	if err != nil {
		return nil, fmt.Errorf("rtmp: connect to %s: %w", u.Host, err)
	}
	s := newSession(context.WithoutCancel(ctx), c, set)
	r := s.beClient()
	properties := d.properties(u)
	s.info = message.ParseConnect(&message.Call{Object: properties, Args: d.Args})
	r.hello = func() error { return r.engine.Connect(properties, d.Args...) }
	go func() { _ = s.run(nil) }()
	select {
	case <-r.connected:
		return s, nil
	case <-s.ctx.Done():
		err = context.Cause(s.ctx)
	case <-ctx.Done():
		err = context.Cause(ctx)
		s.shut(err)
	}
	return nil, fmt.Errorf("rtmp: connect to %s: %w", u.Host, err)
}

// properties makes the command object of connect. It is that of FFmpeg, whose
// numbers every server has met.
func (d *Dialer) properties(u *URL) *amf.Object {
	version := d.FlashVer
	if version == "" {
		version = "FMLE/3.0 (compatible; Millrace)"
	}
	o := amf.NewObject("app", u.App, "type", "nonprivate", "flashVer", version, "tcUrl", u.TCURL,
		"fpad", false, "capabilities", 15.0, "audioCodecs", 4071.0, "videoCodecs", 252.0, "videoFunction", 1.0)
	for _, p := range d.Properties {
		o.Set(p.Name, p.Value)
	}
	return o
}

// Publish connects to an address and publishes its stream. The session ends
// with the stream.
func (d *Dialer) Publish(ctx context.Context, address string) (*Stream, error) {
	return d.open(ctx, address, func(s *Session, name string) (*Stream, error) { return s.Publish(ctx, name) })
}

// Play connects to an address and plays its stream. The session ends with the
// stream.
func (d *Dialer) Play(ctx context.Context, address string) (*Stream, error) {
	return d.open(ctx, address, func(s *Session, name string) (*Stream, error) {
		return s.Play(ctx, name, PlayOptions{})
	})
}

func (d *Dialer) open(
	ctx context.Context, address string, ask func(*Session, string) (*Stream, error),
) (*Stream, error) {
	u, err := ParseURL(address)
	if err != nil {
		return nil, err
	}
	s, err := d.dial(ctx, u)
	if err != nil {
		return nil, err
	}
	st, err := ask(s, u.Name)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("rtmp: open the stream: %w", err)
	}
	st.owned = true
	return st, nil
}

// Publish publishes the stream of an address, with a zero [Dialer].
func Publish(ctx context.Context, address string) (*Stream, error) {
	return new(Dialer).Publish(ctx, address)
}

// Play plays the stream of an address, with a zero [Dialer].
func Play(ctx context.Context, address string) (*Stream, error) {
	return new(Dialer).Play(ctx, address)
}
