package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/config"
)

// reloader reads the settings anew and puts those in force that a running
// server can take over. Sessions go on by the rules that they began with.
type reloader struct {
	file string // the config file; "" when there is none
	load func() (*Settings, []string, error)
	take func(*Settings) error // all of it, or nothing and an error
	log  *slog.Logger

	mu      sync.Mutex // one reload at a time; also guards what follows
	started *Settings  // what the server was started with
	current *Settings  // what was read last
	warned  []string
	text    [sha256.Size]byte // of the file when it was read last, good or bad
}

// startReloads lets the settings be reloaded until ctx ends.
func (s *Server) startReloads(ctx context.Context, o Options) {
	r := &reloader{
		file: s.set.Config, load: o.Load, take: s.takeOver, log: s.log, started: s.set, current: s.set, warned: o.Warnings,
	}
	if text, err := config.ReadFile(r.file); err == nil {
		r.text = sha256.Sum256(text)
	}
	s.api.HandleReload(func() (api.Reloaded, error) { return r.reload("API") })
	s.goers.Go(func() { r.run(ctx, o.Hangup) })
}

// run reloads at each hangup and when the file has changed, until ctx ends.
func (r *reloader) run(ctx context.Context, hangup <-chan os.Signal) {
	var changes <-chan struct{}
	if r.file != "" {
		changes = watch(ctx, r.file, r.log)
		if r.isNew() { // it changed while the server started
			_, _ = r.reload("file")
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			_, _ = r.reload("signal") // it is logged
		case <-changes:
			if r.isNew() {
				_, _ = r.reload("file")
			}
		}
	}
}

// isNew reports whether the file holds something else than when it was read
// last.
func (r *reloader) isNew() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, err := config.ReadFile(r.file)
	// An empty file is one that its editor is about to write.
	return err == nil && len(text) > 0 && sha256.Sum256(text) != r.text
}

var errNoConfig = errors.New("there is nothing to reload: the server was started without a config file")

// reload reads the settings and takes over what it can. How it went is in the
// log, whoever asked for it.
func (r *reloader) reload(by string) (api.Reloaded, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	done, err := r.try()
	if err != nil {
		r.log.Error("the settings were not reloaded and stay as they were", "by", by, "reason", err)
		return done, err
	}
	r.log.Info("settings reloaded", "by", by, "changed", words(done.Changed))
	if len(done.Restart) > 0 {
		r.log.Warn("some settings take hold at the next start only", "settings", words(done.Restart))
	}
	return done, nil
}

func (r *reloader) try() (api.Reloaded, error) {
	if r.file == "" {
		return api.Reloaded{}, errNoConfig
	}
	// Before it is loaded: if it changes meanwhile, it is new once more.
	if text, err := config.ReadFile(r.file); err == nil {
		r.text = sha256.Sum256(text)
	}
	set, warnings, err := r.load()
	if err != nil {
		return api.Reloaded{}, err
	}
	if err := r.take(set); err != nil {
		return api.Reloaded{}, err
	}
	for _, w := range warnings {
		if !slices.Contains(r.warned, w) {
			r.log.Warn(w)
			r.warned = append(r.warned, w)
		}
	}
	done := api.Reloaded{
		Changed: append([]string{}, config.Changed(r.current, set, true)...),
		Restart: append([]string{}, config.Changed(r.started, set, false)...),
	}
	r.current = set
	return done, nil
}

func words(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// takeOver puts in force what a running server can take over.
func (s *Server) takeOver(set *Settings) error {
	if err := s.declare(set); err != nil {
		return err
	}
	s.obs.SetLadders(set.ladders())
	lengths := set.lengths()
	s.lengths.Store(&lengths)
	shifts := set.shifts()
	s.shifts.Store(&shifts)
	s.refusesPlain.Store(set.Plain == "refuse")
	if s.api != nil {
		s.api.Set(set.api())
	}
	if s.level != nil {
		s.level.Set(set.Level())
	}
	return nil
}
