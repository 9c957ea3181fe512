package main

import (
	"context"
	"fmt"

	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/tool/health"
)

type healthCommand struct {
	URL  string `arg:"" optional:"" placeholder:"URL" help:"Its web side, for instance http://localhost:8080 (that of the data folder)."`
	Data string `name:"data" env:"MILLRACE_DATA" placeholder:"DIR" help:"The data folder of the running server (chosen as serve does)."`
}

// Help is shown below the flags.
func (*healthCommand) Help() string {
	return "Status 0 means that the server takes encoders and viewers, 1 that it does not."
}

// Run asks the server.
func (c *healthCommand) Run(env *environment) error {
	o := health.Options{URL: c.URL, Data: c.Data}
	if o.URL == "" && o.Data == "" {
		var err error
		if o.Data, err = store.Choose(); err != nil {
			return err
		}
	}
	if err := health.Run(context.Background(), o); err != nil {
		return err
	}
	_, err := fmt.Fprintln(env.stdout, "ready")
	return err
}
