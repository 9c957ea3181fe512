package rtmp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
)

// Hub is where streams are published to and played from.
type Hub interface {
	Publish(ctx context.Context, req hub.PublishRequest) (*hub.Publication, error)
	Play(ctx context.Context, req hub.PlayRequest) (*hub.Reader, error)
}

// Door serves RTMP. New makes one.
type Door struct {
	hub    Hub
	logger *slog.Logger
	server *rtmp.Server
}

// New returns a door to h.
func New(h Hub, logger *slog.Logger) *Door {
	d := &Door{hub: h, logger: logger}
	d.server = &rtmp.Server{Handler: d, Logger: logger}
	return d
}

// Serve serves a connection of which head was read already, until it ends. A
// connection that never came to publish or play gets its one log line here.
func (d *Door) Serve(c net.Conn, head []byte) {
	err := d.server.ServeConn(context.Background(), c, head)
	switch {
	case errors.Is(err, rtmp.ErrTimeout), errors.Is(err, rtmp.ErrFlood):
		d.logger.Warn("connection closed", "protocol", "rtmp", "remote", c.RemoteAddr().String(), "reason", err)
	case err != nil:
		d.logger.Debug("connection closed", "protocol", "rtmp", "remote", c.RemoteAddr().String(), "reason", err)
	}
}

// Shutdown ends every session in order, and at once when ctx is done.
func (d *Door) Shutdown(ctx context.Context) error { return d.server.Shutdown(ctx) }

// ServeRTMP implements [rtmp.Handler].
func (d *Door) ServeRTMP(s *rtmp.Stream) error {
	if s.Publishing() {
		return d.publish(s)
	}
	return d.play(s)
}

func remote(s *rtmp.Stream) netip.AddrPort {
	a, ok := s.Session().RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := a.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// log returns the logger of a stream's two lines. The name that the client sent
// may be a key and is never among its words.
func (d *Door) log(s *rtmp.Stream, stream, broadcast string) *slog.Logger {
	return d.logger.With("stream", stream, "broadcast", broadcast, "session", s.Session().ID(), "protocol", "rtmp",
		"remote", remote(s).String())
}

// software is what the client calls itself.
func software(s *rtmp.Stream) string {
	if info := s.Session().ConnectInfo(); info != nil {
		return info.FlashVer
	}
	return ""
}

// rtt asks for the time that the client's last answer to a ping took.
func rtt(s *rtmp.Stream) func() time.Duration {
	session := s.Session()
	return func() time.Duration { return session.Stats().RTT }
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }
