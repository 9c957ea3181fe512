package server

import (
	"context"
	"errors"
	"net"

	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/rtmpt"
)

// portKey is where a request's context has the name of the listener.
type portKey struct{}

// openTunnel lets connections through HTTP come in: requests to any listener
// may belong to any of them.
func (s *Server) openTunnel() {
	s.tunnel = rtmpt.NewListener(&net.TCPAddr{})
	s.inTunnel = &netx.Detector{RTMP: s.rtmpDoor(), TLS: s.tls, Origin: throughTunnel, Logger: s.log}
	s.goers.Go(func() {
		if err := s.inTunnel.Serve(s.tunnel); !errors.Is(err, net.ErrClosed) {
			s.log.Error("the HTTP tunnel ended", "error", err)
		}
	})
}

// throughTunnel tells of a connection what its first request tells.
func throughTunnel(c net.Conn, a *netx.Arrival) {
	a.Tunnel = true
	if t, ok := c.(*rtmpt.Conn); ok {
		r := t.Request()
		a.TLS = r.TLS
		a.Port, _ = r.Context().Value(portKey{}).(string)
	}
}

func (s *Server) closeTunnel(ctx context.Context) error {
	return errors.Join(s.tunnel.Close(), s.inTunnel.Shutdown(ctx))
}

// rtmpDoor is the door of RTMP in all its dialects.
func (s *Server) rtmpDoor() netx.Door {
	for _, d := range s.doors {
		if d.conn != nil {
			return d.conn
		}
	}
	return nil
}
