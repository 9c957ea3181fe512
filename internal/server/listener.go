package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/window"
)

// listener is one open port: every dialect of RTMP and viewers' HTTP come in on
// each, in plain and inside TLS.
type listener struct {
	name     string // of its setting
	socket   net.Listener
	admin    bool // the admin side is served here, too
	detector *netx.Detector
	handoff  *netx.Handoff
	express  *netx.Express
	http     *http.Server
}

// ports are the open listeners by the setting that asked for them: "rtmp",
// "rtmps", "http", "admin". Settings with the same address share one.
type ports map[string]*listener

// wanted is a listener that the settings ask for.
type wanted struct{ name, addr string }

func (s *Settings) listeners() []wanted {
	var all []wanted
	for _, l := range []wanted{{"rtmp", s.RTMP}, {"rtmps", s.RTMPS}, {"http", s.HTTP}, {"admin", s.Admin}} {
		if l.addr != "" && l.addr != netx.Off {
			all = append(all, l)
		}
	}
	return all
}

// openPorts opens what the settings name.
func openPorts(ctx context.Context, set *Settings) (ports, error) {
	open, byAddr := ports{}, map[string]*listener{}
	for _, want := range set.listeners() {
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

// openDomain opens the ports at which the world looks for a domain, if nothing
// is there yet. A server can do without: another program may pass on what comes
// to them, or a router. It returns why one is not open.
func (p ports) openDomain(ctx context.Context) (faults []error) {
	for _, want := range []wanted{{"https", ":443"}, {"port-80", ":80"}} {
		if p.has(givenPort(want.addr)) {
			continue
		}
		socket, err := netx.Listen(ctx, "--domain", want.addr)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		p[want.name] = &listener{name: want.name, socket: socket}
	}
	return faults
}

func (p ports) has(number int) bool {
	for _, l := range p {
		if port(l.socket) == number {
			return true
		}
	}
	return false
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
	handler := s.certs.HTTPChallenge(window.CMCDInHeaders(s.newMux(l)))
	base := context.WithValue(context.Background(), portKey{}, l.name)
	l.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext:       s.visits.context,
		ConnState:         s.visits.state,
	}
	l.express = &netx.Express{
		Handler: handler, Takes: isPiece, Context: base, HeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
	}
	l.detector = &netx.Detector{
		RTMP: s.crowd.door(s.rtmpDoor()), HTTP: s.visits.door(l.express, l.handoff.Door), TLS: s.tls, Port: l.name, Trusted: s.trusted, Logger: s.log,
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

// isPiece reports whether a path is one of the files that players of HLS ask for
// all the time.
func isPiece(path string) bool {
	return strings.HasSuffix(path, ".m3u8") || strings.HasSuffix(path, ".m4s")
}

// shutdown ends l once the doors have ended what they do.
func (l *listener) shutdown(ctx context.Context) error {
	err := l.express.Shutdown(ctx)
	if e := l.http.Shutdown(ctx); err == nil {
		err = e
	}
	if err != nil {
		l.http.Close()
	}
	l.handoff.Close()
	return errors.Join(err, l.detector.Shutdown(ctx))
}
