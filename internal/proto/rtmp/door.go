package rtmp

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// Hub is where streams are published to and played from.
type Hub interface {
	Publish(ctx context.Context, req hub.PublishRequest) (*hub.Publication, error)
	Play(ctx context.Context, req hub.PlayRequest) (*hub.Reader, error)
}

// Meter is told what happens seldom. Reasons are one of a few words.
type Meter interface {
	// ConnectionEnded is told of every connection.
	ConnectionEnded(protocol, reason string)
	// PlayEnded is told of every play that was let in.
	PlayEnded(protocol, reason string)
	// Unreadable is told of a message of an encoder that was dropped.
	Unreadable(protocol string)
}

type noMeter struct{}

func (noMeter) ConnectionEnded(_, _ string) {}
func (noMeter) PlayEnded(_, _ string)       {}
func (noMeter) Unreadable(string)           {}

// Options are the settings of a [Door].
type Options struct {
	Logger *slog.Logger // required
	Meter  Meter        // may be nil
	// Players and Encoders carry those; each of them has goroutines of its own
	// if the driver is nil. They are two, so that no encoder waits for a
	// thousand players.
	Players, Encoders *netx.Driver
	// RefuseEncrypted refuses RTMPE.
	RefuseEncrypted bool
	// DemandedSWF returns the app that a client means by what it connects to,
	// and the files one of which it must prove to be before it plays there. May
	// be nil.
	DemandedSWF func(connect string) (app string, files []rtmp.SWF)
	// Asked says that back ends are asked who may publish and play: they are told
	// what clients say of themselves.
	Asked bool
	// Users are those who publish with a password; nil if there are none.
	Users Users
	// Admit lets a connection in from an address, until release is called, or says
	// in a sentence why not, which the client is told when it connects. Those that
	// come through a tunnel were let in with that. Nil lets everybody in.
	Admit func(from netip.Addr) (release func(), err error)
}

// Door serves RTMP. New makes one.
type Door struct {
	hub    Hub
	logger *slog.Logger
	meter  Meter
	server *rtmp.Server
	shared []shared // one for each lane of players

	players, encoders *netx.Driver
	users             Users
	asked             bool
	admit             func(netip.Addr) (func(), error)
}

// New returns a door to h.
func New(h Hub, o Options) *Door {
	d := &Door{
		hub: h, logger: o.Logger, meter: o.Meter, players: o.Players, encoders: o.Encoders, users: o.Users, asked: o.Asked,
		admit: o.Admit,
	}
	d.shared = make([]shared, d.players.Lanes())
	if d.meter == nil {
		d.meter = noMeter{}
	}
	d.server = &rtmp.Server{Handler: d, Logger: o.Logger, Ended: d.ended, RefuseEncrypted: o.RefuseEncrypted}
	if d.users != nil {
		d.server.Challenge = d.challenge()
	}
	if o.DemandedSWF != nil {
		d.server.SWF = func(s *rtmp.Session) []rtmp.SWF { return demandSWF(s, o.DemandedSWF) }
	}
	return d
}

// Panics is how many sessions ended by a panic.
func (d *Door) Panics() uint64 { return d.server.Panics() }

// Serve serves a connection until it ends.
func (d *Door) Serve(a *netx.Arrival) {
	c := newCaller(a)
	if d.admit != nil && !a.Tunnel {
		c.release, c.refused = d.admit(a.Remote.Addr())
	}
	_ = d.server.ServeConn(c, a.Conn, a.Head) // ended is told
}

// ServeConnect implements [rtmp.ConnectHandler]: whoever is not to come in is told
// so in the protocol's own words.
func (d *Door) ServeConnect(s *rtmp.Session) error {
	if err := callerOf(s).refused; err != nil {
		return &rtmp.StatusError{Code: message.CodeConnectRejected, Description: err.Error()}
	}
	return nil
}

// ended counts a connection. One that never came to publish or play gets its one
// log line here.
func (d *Door) ended(s *rtmp.Session, err error) {
	how, who := endOf(err), callerOf(s)
	if who.release != nil {
		who.release()
	}
	d.meter.ConnectionEnded(who.protocol, how.word)
	if err == nil {
		return
	}
	level := slog.LevelDebug
	var refused *rtmp.StatusError
	broke := how.word == "other" && !errors.As(err, &refused) || // what the protocol demands
		how.word == "handshake" && !errors.Is(err, rtmp.ErrConnectionLost)
	if broke || errors.Is(err, rtmp.ErrTimeout) || errors.Is(err, rtmp.ErrFlood) || errors.Is(err, rtmp.ErrUnverified) {
		level = slog.LevelWarn
	}
	if errors.Is(err, rtmp.ErrCredentials) {
		level = slog.LevelWarn
		d.users.Failed(who.remote.Addr())
	}
	d.logger.Log(context.Background(), level, "connection closed", "session", s.ID(), "protocol", who.protocol,
		"remote", who.remote.String(),
		"reason", strings.ReplaceAll(err.Error(), "rtmp: ", ""))
}

// Reconnect asks all clients that can to connect anew, to whoever serves this
// address then, and waits until they have left or ctx is done.
func (d *Door) Reconnect(ctx context.Context) error {
	return d.server.Reconnect(ctx, "", "the server is going down")
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

// log returns the logger of a stream's two lines. The name that the client sent
// may be a key and is never among its words.
func (d *Door) log(s *rtmp.Stream, stream, broadcast string) *slog.Logger {
	who := callerOf(s.Session())
	return d.logger.With("stream", stream, "broadcast", broadcast, "session", s.Session().ID(), "protocol", who.protocol,
		"remote", who.remote.String())
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
