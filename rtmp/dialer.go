package rtmp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/internal/handshake"
	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
	"github.com/millrace-live/millrace/rtmp/message"
)

// Dialer connects to servers, in the dialect that an address names. The zero value is ready. Of the durations, zero
// means the default and a negative value means no limit.
type Dialer struct {
	// NetDial makes the TCP connection, of which a tunnel may need several; a
	// net.Dialer if nil.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLSConfig is for rtmps and rtmpts. If it is nil, or names no server, the
	// server's certificate must be one for the host of the address.
	TLSConfig *tls.Config
	// EncryptionType is the type of RTMPE that rtmpe and rtmpte ask for: 6 by
	// default, 8 or 9. The server chooses.
	EncryptionType uint8
	// SWF is the file that this client proves to be if the server asks for it.
	SWF *SWF
	// FlashVer is what the client says that it is,
	// "FMLE/3.0 (compatible; Millrace)" by default. Servers of Adobe's kind
	// let only encoders that call themselves FMLE publish.
	FlashVer string
	// Properties are added to connect, or take the place of those of the same
	// name; Args stand behind them.
	Properties amf.Properties
	Args       amf.List
	// Reconnect, if not nil, is called when a server asks to connect anew,
	// elsewhere or to the same address, on the goroutine that reads: it must not
	// wait. Servers ask only clients that have it. [Dialer.Publisher] and
	// [Dialer.Player] have one of their own.
	Reconnect func(*Session, ReconnectRequest)
	// ChunkSize is the size of outgoing chunks in bytes, 65536 by default.
	ChunkSize int
	// Timeout bounds Dial: the connection (10 s), the handshakes of TLS and
	// RTMP, and connect (10 s each).
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

// Dial connects to the application of an address, rtmp://host/app/name or one
// with another scheme (see [URL]), whose name it does not use, and waits until the server has accepted connect. A
// refusal is a *StatusError in the server's words. If the server asks for a user and a password, it gets those of the
// address, on further connections; ErrChallenged is the refusal of an address that has none, ErrCredentials that of
// wrong ones. ctx matters for connecting
// only.
func (d *Dialer) Dial(ctx context.Context, address string) (*Session, error) {
	u, err := ParseURL(address)
	if err != nil {
		return nil, err
	}
	return d.dial(ctx, u)
}

func (d *Dialer) dial(ctx context.Context, u *URL) (s *Session, err error) {
	login := login{url: u}
	for {
		if s, err = d.connect(ctx, u, login.shown); err == nil {
			return s, nil
		}
		if err = login.next(err); err != nil {
			return nil, fmt.Errorf("rtmp: connect to %s: %w", u.Host, err)
		}
	}
}

// connect makes one connection that shows the server the given credentials.
func (d *Dialer) connect(ctx context.Context, u *URL, shown string) (s *Session, err error) {
	const tries = 4 // each is in vain once in 256 times
	for range tries {
		if s, err = d.try(ctx, u, shown); !errors.Is(err, handshake.ErrAmbiguous) {
			break
		}
	}
	return s, err
}

func (d *Dialer) try(ctx context.Context, u *URL, shown string) (*Session, error) {
	set, way := d.settings(), dialects[u.Scheme]
	shake := handshake.Config{}
	if way.encrypted {
		shake = handshake.Config{Type: orDefault(d.EncryptionType, 6), Form: handshake.KeyFirst}
		if !rtmpe.Type(shake.Type) {
			return nil, fmt.Errorf("type %d of RTMPE is not 6, 8 or 9", shake.Type)
		}
	}
	c, err := d.open(ctx, u, way, set.handshake)
	if err != nil {
		return nil, err
	}
	s := newSession(context.WithoutCancel(ctx), c, set)
	r := s.beClient(shake, d.SWF)
	r.reconnect = d.Reconnect
	properties := d.properties(u)
	s.info = message.ParseConnect(&message.Call{Object: properties, Args: d.Args})
	if shown != "" {
		properties = d.properties(u) // what the session shows to its user has no credentials in it
		for _, name := range []string{"app", "tcUrl"} {
			properties.Set(name, properties.String(name)+shown)
		}
	}
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
	if way.encrypted && errors.Is(err, ErrHandshake) && errors.Is(err, ErrConnectionLost) {
		err = fmt.Errorf("%w: the server may not speak RTMPE", err)
	}
	return nil, err
}

// properties makes the command object of connect. It is that of FFmpeg, whose
// numbers every server has met.
func (d *Dialer) properties(u *URL) *amf.Object {
	version := d.FlashVer
	if version == "" {
		version = "FMLE/3.0 (compatible; Millrace)"
	}
	o := amf.NewObject("app", u.App, "type", "nonprivate", "flashVer", version, "tcUrl", u.TCURL,
		"fpad", false, "capabilities", 15.0, "audioCodecs", 4071.0, "videoCodecs", 252.0)
	features := allFeatures
	if d.Reconnect == nil {
		features &^= FeatureReconnect
	}
	o.Properties = append(o.Properties, ours(features)...)
	for _, p := range d.Properties {
		o.Set(p.Name, p.Value)
	}
	return o
}

// Publish connects to an address and publishes its stream. The session ends
// with the stream.
func (d *Dialer) Publish(ctx context.Context, address string) (*Stream, error) {
	return d.stream(ctx, address, func(s *Session, name string) (*Stream, error) { return s.Publish(ctx, name) })
}

// Play connects to an address and plays its stream. The session ends with the
// stream.
func (d *Dialer) Play(ctx context.Context, address string) (*Stream, error) {
	return d.stream(ctx, address, func(s *Session, name string) (*Stream, error) {
		return s.Play(ctx, name, PlayOptions{})
	})
}

func (d *Dialer) stream(
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
