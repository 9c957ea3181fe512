package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/millrace-live/millrace/internal/netx"
)

// listener is one open port: RTMP and viewers' HTTP come in on each.
type listener struct {
	name     string // of its setting
	socket   net.Listener
	admin    bool // the admin side is served here, too
	detector *netx.Detector
	handoff  *netx.Handoff
	http     *http.Server
}

// ports are the open listeners by the setting that asked for them: "rtmp",
// "http", "admin". Settings with the same address share one.
type ports map[string]*listener

// openPorts opens what the settings name.
func openPorts(ctx context.Context, set *Settings) (ports, error) {
	open, byAddr := ports{}, map[string]*listener{}
	for _, want := range []struct{ name, addr string }{{"rtmp", set.RTMP}, {"http", set.HTTP}, {"admin", set.Admin}} {
		if want.addr == "" || want.addr == netx.Off {
			continue
		}
		if l := byAddr[want.addr]; l != nil && port(l.socket) == givenPort(want.addr) {
			open[want.name] = l
			continue
		}
		socket, err := netx.Listen(ctx, "--"+want.name, want.addr)
		if err != nil {
			open.close()
			return nil, err
		}
		l := &listener{name: want.name, socket: socket}
		open[want.name], byAddr[want.addr] = l, l
	}
	if set.Admin == "" && open["http"] != nil {
		open["admin"] = open["http"]
	}
	if l := open["admin"]; l != nil {
		l.admin = true
	}
	return open, nil
}

// each calls f once for each listener.
func (p ports) each(f func(*listener)) {
	seen := make(map[*listener]bool)
	for _, name := range sortedKeys(p) {
		if l := p[name]; !seen[l] {
			seen[l] = true
			f(l)
		}
	}
}

func (p ports) close() { p.each(func(l *listener) { l.socket.Close() }) }

// first returns the listener of the first of these settings that has one.
func (p ports) first(names ...string) *listener {
	for _, name := range names {
		if l := p[name]; l != nil {
			return l
		}
	}
	return nil
}

// addresses are where clients on this machine reach each listener.
func (p ports) addresses() ([]byte, error) {
	a := make(map[string]string)
	for name, l := range p {
		a[name] = dialable(l.socket)
	}
	return json.MarshalIndent(a, "", "  ")
}

// dialable is an address that leads to l from this machine.
func dialable(l net.Listener) string {
	a, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil || !a.Addr().IsUnspecified() {
		return l.Addr().String()
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port()).String()
}

func port(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// givenPort is the number of the port in addr, or -1.
func givenPort(addr string) int {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return -1
	}
	return a.Port
}

// The limits of HTTP requests. There is none for how long an answer takes:
// streams have no end, and the doors watch over their viewers themselves.
const (
	headerTimeout  = 10 * time.Second
	maxHeaderBytes = 32 << 10
	idleTimeout    = 75 * time.Second // longer than players wait between two playlists
)

// serve accepts on l until the detector is shut down.
func (s *Server) serve(l *listener) {
	l.handoff = netx.NewHandoff(l.socket.Addr())
	l.http = &http.Server{
		Handler:           s.newMux(l.admin),
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	l.detector = &netx.Detector{HTTP: l.handoff.Door, Port: l.name, Logger: s.log}
	for _, d := range s.doors {
		if d.conn != nil {
			l.detector.RTMP = d.conn
		}
	}
	s.goers.Go(func() {
		if err := l.http.Serve(l.handoff); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("HTTP ended", "error", err)
		}
	})
	s.goers.Go(func() {
		if err := l.detector.Serve(l.socket); !errors.Is(err, net.ErrClosed) {
			s.log.Error("listening ended", "error", err)
		}
	})
}

// shutdown ends l once the doors have ended what they do.
func (l *listener) shutdown(ctx context.Context) error {
	err := l.http.Shutdown(ctx)
	if err != nil {
		l.http.Close()
	}
	l.handoff.Close()
	return errors.Join(err, l.detector.Shutdown(ctx))
}
