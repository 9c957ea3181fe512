package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/server"
)

type serveCommand struct {
	server.Settings

	DryRun bool `name:"dry-run" group:"Files" help:"Show the settings in force and where each came from, check what can be checked, and do not run."`
	JSON   bool `name:"json" group:"Files" help:"With --dry-run: as JSON."`
}

// Help is shown below the flags.
func (*serveCommand) Help() string {
	return `Each flag is also a variable of the environment (--log-level is MILLRACE_LOG_LEVEL) and a line of the config
file (log-level: debug). Flags win over the environment, the environment over the file.

An address is HOST:PORT, :PORT for every interface, or off; port 0 takes a free one. DATA/addresses.json
names the addresses in use.

The config file also has apps, streams and stream keys:

    apps:
      event: {second-publisher: refuse, grace: 5m}
    streams:
      event/stage: {delivery: realtime}
    keys:
      - {stream: live/cam1, key: a-long-secret-word, label: camera in the hall}

A change of the file is taken over while the server runs, without a session being closed; SIGHUP and
millrace reload do the same. "millrace check FILE" names what is wrong with a file.`
}

// Run runs the server until SIGINT or SIGTERM; a second one ends it at once.
// SIGHUP reloads the config file.
func (c *serveCommand) Run(kctx *kong.Context, env *environment) error {
	load := func() (*server.Settings, config.Origins, []string, error) {
		return server.Load(&c.Settings, given(kctx), env.environ)
	}
	if c.DryRun {
		return c.dryRun(kctx, env, load)
	}
	if c.JSON {
		return errors.New("--json is for --dry-run: give both, or --log-format json for a log as JSON")
	}
	set, _, warnings, err := load()
	if err != nil {
		return err
	}
	format := set.LogFormat
	if format == "" && !env.colors {
		format = "json"
	}
	level := &slog.LevelVar{}
	level.Set(set.Level())
	log := server.NewLogger(env.stderr, server.LogOptions{Level: level, Format: format, Color: env.colors})
	for _, w := range warnings {
		log.Warn(w)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	o := server.Options{
		Settings: set, Logger: log, Level: level, Warnings: warnings, Version: buildInfo().version, Hangup: hangups(env, stop),
		Load: func() (*server.Settings, []string, error) {
			set, _, warnings, err := load()
			return set, warnings, err
		},
	}
	if env.terminal {
		o.Terminal = env.stdout
	}
	return server.Run(ctx, o)
}

// hangups returns the SIGHUPs that ask for a reload. The one of a terminal that
// was closed calls stop.
func hangups(env *environment, stop func()) <-chan os.Signal {
	all, reloads := make(chan os.Signal, 1), make(chan os.Signal)
	signal.Notify(all, syscall.SIGHUP)
	go func() {
		for sig := range all {
			if env.terminal && !isTerminal(os.Stdout) {
				stop() // a terminal that is gone is none any more
				return
			}
			reloads <- sig
		}
	}()
	return reloads
}

// given lists the flags that stand on the command line.
func given(kctx *kong.Context) []string {
	var names []string
	for _, p := range kctx.Path {
		if p.Flag != nil && !p.Resolved {
			names = append(names, p.Flag.Name)
		}
	}
	return names
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
