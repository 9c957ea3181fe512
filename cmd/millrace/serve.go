package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/millrace-live/millrace/internal/server"
)

type serveCommand struct {
	server.Settings
}

// Help is shown below the flags.
func (*serveCommand) Help() string {
	return `Each flag is also a variable of the environment (--log-level is MILLRACE_LOG_LEVEL) and a line of the config
file (log-level: debug). Flags win over the environment, the environment over the file.

An address is HOST:PORT, :PORT for every interface, or off; port 0 takes a free one. DATA/addresses.json
names the addresses in use.

The config file also has apps and stream keys:

    apps:
      event: {second-publisher: refuse, grace: 5m}
    keys:
      - {stream: live/cam1, key: a-long-secret-word, label: camera in the hall}`
}

// Run runs the server until SIGINT or SIGTERM; a second one ends it at once.
func (c *serveCommand) Run(kctx *kong.Context, env *environment) error {
	set, _, warnings, err := server.Load(&c.Settings, given(kctx), env.environ)
	if err != nil {
		return err
	}
	format := set.LogFormat
	if format == "" && !env.colors {
		format = "json"
	}
	log := server.NewLogger(env.stderr, server.LogOptions{Level: set.LogLevel, Format: format, Color: env.colors})
	for _, w := range warnings {
		log.Warn(w)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	o := server.Options{Settings: set, Logger: log, Version: buildInfo().version}
	if env.terminal {
		o.Terminal = env.stdout
	}
	return server.Run(ctx, o)
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
