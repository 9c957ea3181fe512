package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/internal/tool/play"
)

type playCommand struct {
	URL      string        `arg:"" placeholder:"URL" help:"rtmp://HOST/APP/NAME, or with rtmps, rtmpe, rtmpt, rtmpts or rtmpte in front, or http://HOST/APP/NAME.flv."`
	Output   string        `name:"output" short:"o" placeholder:"FILE" help:"Write the stream into this file, .flv or .mp4; - is FLV on standard output. Without it nothing is kept."`
	Duration time.Duration `name:"duration" placeholder:"TIME" help:"Stop after so much of the stream (at its end)."`
	JSON     bool          `name:"json" help:"Print progress as JSON, an object a line."`
	trust
}

// Help is shown below the flags.
func (*playCommand) Help() string {
	return `A live line shows rates, gaps and delay:

    millrace play rtmp://localhost/live/cam1
    millrace play -o evening.mp4 --duration 2h http://localhost:8080/live/cam1.flv

` + toolStatuses
}

// Run plays until the stream ends or the user stops it.
func (c *playCommand) Run(env *environment) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	ctx, stop := untilStopped()
	defer stop()
	return play.Run(ctx, play.Options{
		URL: c.URL, Output: c.Output, Duration: c.Duration, JSON: c.JSON, Terminal: env.live,
		Clients: tool.NewClients(config),
	}, env.stdout, env.stderr)
}

// untilStopped returns a context that ends when the user asks for it; asked
// twice, the program ends at once.
func untilStopped() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
