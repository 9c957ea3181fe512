package main

import (
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/internal/tool/probe"
)

type probeCommand struct {
	URL     string  `arg:"" placeholder:"URL" help:"rtmp://HOST/APP/NAME, or with rtmps, rtmpe, rtmpt, rtmpts or rtmpte in front, or http://HOST/APP/NAME.flv."`
	Seconds float64 `name:"seconds" placeholder:"N" help:"How long to measure (5, and up to 10 where key frames are far apart)."`
	JSON    bool    `name:"json" help:"Print the report as JSON."`
	trust
}

// Help is shown below the flags.
func (*probeCommand) Help() string {
	return `The report names the tracks, their codecs, rates and steadiness, and then in plain words what will trouble
viewers and what to set in OBS or FFmpeg:

    millrace probe rtmp://localhost/live/cam1

` + toolStatuses + `
Status 6 says that the report names a problem.`
}

// Run measures a stream and prints the report.
func (c *probeCommand) Run(env *environment) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	ctx, stop := untilStopped()
	defer stop()
	return probe.Run(ctx, probe.Options{
		URL: c.URL, Seconds: c.Seconds, JSON: c.JSON, Terminal: env.live,
		Clients: tool.NewClients(config),
	}, env.stdout, env.stderr)
}
