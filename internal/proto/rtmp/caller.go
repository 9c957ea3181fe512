package rtmp

import (
	"context"
	"errors"
	"io"
	"net/netip"

	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/rtmp"
)

// caller is what is told of a session beside what the session knows itself. It
// is the session's context, by which it is found again.
type caller struct {
	context.Context
	protocol string // the dialect
	tls      string // the version, "" in plain
	tunnel   bool
	remote   netip.AddrPort
	// proven is the app one of whose SWF files this client has proved to be. It
	// is set when the proof is demanded, as nobody comes further without it.
	proven string
	// release gives back what the connection takes of a limit; refused is why it
	// has no place.
	release func()
	refused error
}

// plainVersion is how connections begin that RTMPE does not encrypt (RTMP 1.0,
// 5.2.2).
const plainVersion = 0x03

func newCaller(a *netx.Arrival) *caller {
	encrypted := len(a.Head) > 0 && a.Head[0] != plainVersion
	return &caller{
		Context: context.Background(), protocol: a.Protocol(encrypted), tls: netx.TLSVersion(a.TLS), remote: a.Remote,
		tunnel: a.Tunnel,
	}
}

// hungUp reports whether the caller has closed the connection in so many words.
// The tunnel has a request for that, which is all the goodbye that FFmpeg says
// in it (5.1 and 7.0: what it has not flushed is lost, deleteStream with it).
func (c *caller) hungUp(err error) bool { return c.tunnel && errors.Is(err, io.EOF) }

type callerKey struct{}

// Value implements [context.Context].
func (c *caller) Value(key any) any {
	if key == (callerKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func callerOf(s *rtmp.Session) *caller {
	c, _ := s.Context().Value(callerKey{}).(*caller)
	return c
}
