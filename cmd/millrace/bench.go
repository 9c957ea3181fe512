package main

import (
	"time"

	"github.com/millrace-live/millrace/internal/tool/bench"
	"github.com/millrace-live/millrace/rtmp"
)

type benchCommand struct {
	URL        string        `arg:"" placeholder:"URL" help:"rtmp://HOST/APP/NAME, or with rtmps, rtmpe, rtmpt, rtmpts or rtmpte in front, http://HOST/APP/NAME.flv, or http://HOST/APP/NAME/index.m3u8."`
	Players    int           `name:"players" placeholder:"N" default:"100" help:"How many play it (100)."`
	Observers  int           `name:"observers" placeholder:"N" default:"0" help:"How many of them measure delay and losses; the others only count what comes (all of up to 20, else 2 % and at least 20)."`
	Stall      int           `name:"stall" placeholder:"N" default:"0" help:"How many of them stop reading with their first frame, to see whether others suffer (0)."`
	Hinted     bool          `name:"hinted" help:"Have players of HLS ask for the part that a playlist hints at, as Apple's do (when it is listed, as hls.js does)."`
	Churn      int           `name:"churn" placeholder:"N" default:"0" help:"How many more come each second, and leave soon after their first frame (0)."`
	Publishers int           `name:"publishers" placeholder:"N" default:"0" help:"How many publish: one to URL, more to URL with 1, 2 and so on appended (0: somebody else does)."`
	PublishTo  string        `name:"publish-to" placeholder:"URL" help:"Where they publish, if not to URL."`
	File       string        `name:"file" placeholder:"FILE" help:"What they publish, FLV or MP4 (noise in the shape of H.264 and AAC)."`
	Bitrate    int           `name:"bitrate" placeholder:"N" default:"2000000" help:"Bits a second of the noise (2000000)."`
	FPS        int           `name:"fps" placeholder:"N" default:"30" help:"Pictures a second of the noise; 0 is sound alone (30)."`
	Keys       time.Duration `name:"keys" placeholder:"TIME" default:"2s" help:"From one key frame of the noise to the next (2s)."`
	Time       time.Duration `name:"time" placeholder:"TIME" default:"30s" help:"How long to go on when all players have come (30s)."`
	Ramp       time.Duration `name:"ramp" placeholder:"TIME" default:"1s" help:"Over which time players come (1s)."`
	PID        int           `name:"pid" placeholder:"PID" help:"The server's process on this machine: measure its processor time and memory (Linux)."`
	JSON       bool          `name:"json" help:"Print progress and the report as JSON, an object a line."`
	trust
}

// Help is shown below the flags.
func (*benchCommand) Help() string {
	return `Any server of RTMP, HTTP-FLV or HLS can be measured. Use it on servers of your own only:

    millrace bench --players 500 rtmp://localhost/live/cam1
    millrace bench --publishers 1 --players 1000 --pid $(pidof -s millrace) rtmp://localhost/live/bench
    millrace bench --players 500 --publishers 1 --publish-to rtmp://localhost/live/bench http://localhost:8080/live/bench/index.m3u8

Players of HLS load the first variant and its sound, each with a playlist whose reload is held and its parts (segments
where there are none). What is measured is how long after a part was complete it was there, and how often a buffer of
PART-HOLD-BACK ran dry.

Delays and losses are known when the publishers are its own. The first connection that fails or ends too early
decides the exit status; stalls and losses do not.

` + toolStatuses
}

// Run loads the server until the time is over or the user stops it.
func (c *benchCommand) Run(env *environment) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	ctx, stop := untilStopped()
	defer stop()
	return bench.Run(ctx, bench.Options{
		URL: c.URL, PublishTo: c.PublishTo, Players: c.Players, Publishers: c.Publishers,
		Observers: c.Observers, Stuck: c.Stall, Churn: c.Churn, Hinted: c.Hinted,
		File: c.File, Bitrate: c.Bitrate, FPS: c.FPS, Keys: c.Keys, Time: c.Time, Ramp: c.Ramp,
		PID: c.PID, JSON: c.JSON, Terminal: env.live,
		Dialer: rtmp.Dialer{TLSConfig: config},
	}, env.stdout, env.stderr)
}
