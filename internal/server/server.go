package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/certs"
	"github.com/millrace-live/millrace/internal/demo"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/metrics"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/obs"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/rtmpt"
)

// Options are what Run needs to know beside its settings.
type Options struct {
	Settings *Settings
	Logger   *slog.Logger
	// Version is what the server calls itself.
	Version string
	// Terminal is where a person reads what to do next; nil when there is
	// none, as in a service or a container.
	Terminal io.Writer
	// Load reads the settings anew for a reload, which a value of Hangup, a
	// change of the config file and the API ask for; nil when they stay.
	Load   func() (*Settings, []string, error)
	Hangup <-chan os.Signal
	// Warnings are those of the settings that were logged already.
	Warnings []string
	// Level is the log's, which a reload may change.
	Level *slog.LevelVar
}

// Server is a running server.
type Server struct {
	ctx     context.Context // of the whole run
	set     *Settings
	log     *slog.Logger
	folder  *store.Folder
	hub     *hub.Registry
	window  *window.Store
	lengths atomic.Pointer[func(stream string) window.Lengths]
	shifts  atomic.Pointer[func(stream string) window.Shift]
	metrics *metrics.Metrics
	api     *api.API
	site    api.Site
	doors   []door
	ports   ports
	ready   atomic.Bool
	panics  atomic.Uint64 // of HTTP requests
	goers   sync.WaitGroup

	certs   *certs.Source
	tls     *netx.TLS
	trusted netx.Trust
	crowd   crowd
	tunnel  *rtmpt.Listener
	// refusesPlain sends browsers away that come in plain to a port for TLS.
	// Those who speak RTMP are told in its own words where to go.
	refusesPlain atomic.Bool
	inTunnel     *netx.Detector // of what comes out of it

	players  *netx.Driver
	encoders *netx.Driver
	control
	obs   obs.Service
	level *slog.LevelVar
}

const (
	addressesName = "addresses.json"
	firstKeyName  = "first-key.txt"
	shiftName     = "time-shift"
	// drain is how long the end of a server may take.
	drain = 10 * time.Second
	// writeTimeout is how long a player may take no byte of what is sent to it.
	writeTimeout = 10 * time.Second
	// maxStack ends the process where a session's recursion runs away, before
	// it has taken the machine's memory. It is the last line: the parsers
	// count their depth.
	maxStack = 64 << 20
)

// Run runs a server until ctx ends, then ends it in order within 10 s. Its
// errors are one sentence with the mend.
func Run(ctx context.Context, o Options) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	debug.SetMaxStack(maxStack)
	limitMemory(o.Logger)
	s := &Server{ctx: context.WithoutCancel(ctx), set: o.Settings, log: o.Logger, level: o.Level}
	dir := s.set.Data
	if dir == "" {
		var err error
		if dir, err = store.Choose(); err != nil {
			return err
		}
	}
	folder, err := store.Open(dir)
	if err != nil {
		return err
	}
	s.folder = folder
	defer folder.Close()
	// What is likely to fail comes first: a fault after the first key was made
	// would keep it from the one who is to be told it.
	if s.ports, err = openPorts(ctx, s.set); err != nil {
		return err
	}
	defer s.ports.close()
	if len(s.set.Domain) > 0 {
		for _, fault := range s.ports.openDomain(ctx) {
			s.log.Warn("a certificate for --domain can be had only if port 443 or 80 of that name leads here", "reason", fault)
		}
	}
	if s.trusted, err = netx.ParseTrust(s.set.TrustedProxy); err != nil {
		return err
	}
	s.crowd.log, s.crowd.trusted = s.log, s.trusted
	if err := s.openCerts(); err != nil {
		return err
	}
	token, err := access.LoadToken(folder)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeControl(ctx))
		}
	}()
	if err := s.openControl(ctx); err != nil {
		return err
	}
	firstKey := s.catalog.FirstKey()
	if firstKey != "" && o.Terminal == nil {
		if err := folder.Write(firstKeyName, []byte(firstKey+"\n"), 0o600); err != nil {
			return err
		}
	}
	s.openLadders()
	if err := s.takeOver(s.set); err != nil {
		return err
	}
	for _, fault := range checkMachine(folder, time.Now()) {
		s.log.Warn(fault)
	}
	s.metrics = metrics.New(o.Version)
	s.hub = hub.New(hub.Options{Access: s.guarded, Events: s.event, Sessions: s.session, Joined: s.metrics.Joined})
	s.window = window.New(s.hub, window.Options{
		Lengths: func(stream string) window.Lengths { return (*s.lengths.Load())(stream) },
		Shift:   func(stream string) window.Shift { return (*s.shifts.Load())(stream) },
		Folder:  folder.Path(shiftName), Admit: s.guarded.viewer, Logger: s.log,
	})
	for _, driver := range []**netx.Driver{&s.players, &s.encoders} {
		if *driver, err = netx.NewDriver(0, writeTimeout); err != nil {
			return err
		}
		defer (*driver).Close()
	}
	s.site = api.Site{
		RTMPPort: port(s.ports.first("rtmp", "http", "rtmps").socket), RTMPSPort: port(s.ports.first("https", "rtmps", "rtmp", "http").socket),
	}
	if s.set.PublicURL != "" {
		// It was checked with the settings.
		s.site.Public, _ = url.Parse(s.set.PublicURL)
	}
	s.api = api.New(s.hub, s.site, token)
	s.api.Outputs = outputs
	s.api.Viewers, s.api.Shift = s.window, s.timeShift
	s.api.Catalog, s.api.Kicker, s.api.Events, s.api.Webhooks, s.api.Guard = s.catalog, s.hub, s.feed, s.hooks, s.guard
	s.api.Backup, s.api.Log = s.backup, s.log
	s.api.Viewer = s.access.Viewer
	s.api.Set(s.set.api())
	s.startControl(ctx)
	if o.Load != nil {
		s.startReloads(ctx, o)
	}
	for _, open := range modules {
		s.doors = append(s.doors, open(s))
	}
	s.watch()
	s.openTunnel()
	s.ports.each(s.serve)
	s.goers.Go(func() {
		http, https := s.ports.acmePorts()
		s.certs.Run(ctx, http, https)
	})
	err = s.announce(o, firstKey)
	if err != nil {
		cancel() // what runs already waits for that
		_ = s.shutdown(ctx)
		return err
	}
	if s.set.Demo {
		s.startDemo(ctx)
	}
	s.ready.Store(true)
	m := thisManager(s.log)
	m.ready()
	// A registry that never answers again is the hang that a restart mends.
	s.goers.Go(func() { m.watch(ctx, func() { s.hub.Streams() }) })
	<-ctx.Done()
	m.stopping()
	s.log.Info("stopping")
	err = s.shutdown(ctx)
	s.log.Info("stopped")
	return err
}

// event is told what happens in the hub.
func (s *Server) event(e hub.Event) {
	s.metrics.Event(e)
	s.logEvent(e)
	s.feed.Hub(e)
	s.observer.Event(e)
	s.stage.Event(e)
	s.guarded.event(e)
	if e.Kind == hub.PublishStarted {
		s.window.OnAir(e.Stream)
	}
}

// session is told of the beginning and the end of each session.
func (s *Server) session(c hub.SessionChange) {
	s.feed.Session(c)
	s.observer.Session(c)
	s.guarded.session(c)
}

// watch has everything read that counts by itself.
func (s *Server) watch() {
	s.metrics.WatchHub(s.hub)
	s.metrics.WatchPackaging(s.window)
	s.metrics.WatchControl(metrics.Control{
		Catalog: s.catalog, Guard: s.guard, Events: s.feed, Hooks: s.hooks, Gate: s.gate, Observer: s.observer,
	})
	panics := map[string]func() uint64{
		"http":      s.panics.Load,
		"packaging": func() uint64 { return s.window.Stats().Panics },
		"driver":    func() uint64 { return s.players.Stats().Panics + s.encoders.Stats().Panics },
	}
	for _, d := range s.doors {
		if d.panics != nil {
			panics[d.name] = d.panics
		}
	}
	s.metrics.WatchPanics(panics)
	if l, ok := s.log.Handler().(*limiter); ok {
		s.metrics.WatchLog(l.suppressed)
	}
}

// startDemo publishes the demo with a key that nobody else learns, so that
// nobody else can publish in its place.
func (s *Server) startDemo(ctx context.Context) {
	s.goers.Go(func() {
		if err := demo.Run(ctx, s.hub, s.demoKey.Reveal()); err != nil {
			s.log.Error("the demo stream ended", "error", err)
		}
	})
}

// announce tells programs and people where the server is.
func (s *Server) announce(o Options, firstKey string) error {
	addresses, err := s.ports.addresses()
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", addressesName, err)
	}
	if err := s.folder.Write(addressesName, append(addresses, '\n'), 0o644); err != nil {
		return err
	}
	b := s.banner(o.Version, firstKey)
	if o.Terminal != nil {
		b.print(o.Terminal)
		return nil
	}
	b.log(s.log, s.folder.Path(firstKeyName))
	return nil
}

// leaveTime is how long clients that can go elsewhere have for it: an encoder waits
// for its next key frame.
const leaveTime = 5 * time.Second

// leave asks the clients that can to connect to whoever comes after this server.
func (s *Server) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	var all sync.WaitGroup
	for _, d := range s.doors {
		if d.leave != nil {
			// Who stays is told of the end like everybody else.
			all.Go(func() { _ = d.leave(ctx) })
		}
	}
	all.Wait()
}

// shutdown ends the server in order: no new connections, no clients that can go
// elsewhere, no streams, no doors, no HTTP.
func (s *Server) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), drain, errDrain)
	defer cancel()
	s.ready.Store(false)
	s.ports.close()
	s.feed.HangUp()
	s.leave(ctx)
	err := s.hub.Shutdown(ctx)
	for _, d := range s.doors {
		if d.close != nil {
			err = errors.Join(err, d.close(ctx))
		}
	}
	s.window.Close()
	err = errors.Join(err, s.closeTunnel(ctx))
	var all sync.WaitGroup
	var mu sync.Mutex
	s.ports.each(func(l *listener) {
		all.Go(func() {
			e := l.shutdown(ctx)
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, e)
		})
	})
	all.Wait()
	s.goers.Wait()
	err = errors.Join(err, s.closeControl(ctx))
	// What is no longer true would lead programs astray.
	if e := s.folder.Remove(addressesName); e != nil {
		err = errors.Join(err, e)
	}
	if errors.Is(err, errDrain) {
		s.log.Warn("some sessions were cut off", "reason", err)
		return nil
	}
	return err
}

var errDrain = errors.New("they did not end within 10 s")
