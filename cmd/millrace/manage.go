package main

import (
	"github.com/millrace-live/millrace/internal/tool/admin"
)

// managed is how the commands that manage a running server find it.
type managed struct {
	API   string `name:"api" env:"MILLRACE_API" placeholder:"URL" help:"Its admin side, for instance http://localhost:8080 (the server that runs with the data folder)."`
	Token string `name:"token" env:"MILLRACE_TOKEN" placeholder:"TOKEN" help:"Its admin token (that of the data folder)."`
	Data  string `name:"data" env:"MILLRACE_DATA" placeholder:"DIR" help:"Its data folder (chosen as serve does)."`
	JSON  bool   `name:"json" help:"Print what the API answers."`
}

func (m *managed) server() admin.Server {
	return admin.Server{API: m.API, Token: m.Token, Data: m.Data}
}

type streamsCommand struct {
	List streamsListCommand `cmd:"" default:"withargs" help:"List what is on air (the default)."`
}

type streamsListCommand struct{ managed }

// Run lists the streams of a running server.
func (c *streamsListCommand) Run(env *environment) error {
	ctx, stop := untilStopped()
	defer stop()
	return admin.ListStreams(ctx, c.server(), c.JSON, env.stdout)
}

type sessionsCommand struct {
	List sessionsListCommand `cmd:"" default:"withargs" help:"List who is connected (the default)."`
}

type sessionsListCommand struct {
	managed
	Stream   string `name:"stream" placeholder:"NAME" help:"Only those of this stream."`
	Role     string `name:"role" placeholder:"ROLE" help:"Only those of this role: publisher or player."`
	Protocol string `name:"protocol" placeholder:"PROTOCOL" help:"Only those of this protocol, for instance rtmp."`
	Limit    int    `name:"limit" placeholder:"N" help:"At most so many (all)."`
}

// Run lists the sessions of a running server.
func (c *sessionsListCommand) Run(env *environment) error {
	ctx, stop := untilStopped()
	defer stop()
	return admin.ListSessions(ctx, c.server(), admin.Filter{
		Stream: c.Stream, Role: c.Role, Protocol: c.Protocol, Limit: c.Limit,
	}, c.JSON, env.stdout)
}
