package main

import (
	"github.com/millrace-live/millrace/internal/tool/publish"
	"github.com/millrace-live/millrace/rtmp"
)

type publishCommand struct {
	File string `arg:"" placeholder:"FILE" help:"An FLV or MP4 file."`
	URL  string `arg:"" placeholder:"URL" help:"Where to: rtmp://HOST/APP/NAME, with a key if one is needed, or with rtmps, rtmpe, rtmpt, rtmpts or rtmpte in front."`
	Loop bool   `name:"loop" help:"Begin again at the end of the file, for ever."`
	JSON bool   `name:"json" help:"Print progress as JSON, an object a line."`
	trust
}

// Help is shown below the flags.
func (*publishCommand) Help() string {
	return `The file is sent in real time, every packet as it is:

    millrace publish film.mp4 rtmp://localhost/live/cam1
    millrace publish --loop film.flv 'rtmp://localhost/live/main?key=KEY'

` + toolStatuses
}

// toolStatuses explains the exit statuses of the commands that deal with any server.
const toolStatuses = `Exit status: 0 for a good end (Ctrl-C is one), 2 for a file or an address that cannot be used, 3 when the
server refuses, 4 when none answers, 5 when the connection breaks, 1 for anything else.`

// Run publishes until the file ends or the user stops it.
func (c *publishCommand) Run(env *environment) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	ctx, stop := untilStopped()
	defer stop()
	return publish.Run(ctx, publish.Options{
		File: c.File, URL: c.URL, Loop: c.Loop, JSON: c.JSON, Terminal: env.live,
		Dialer: rtmp.Dialer{TLSConfig: config},
	}, env.stdout, env.stderr)
}
