package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/millrace-live/millrace/internal/server"
)

type checkCommand struct {
	File string `arg:"" placeholder:"FILE" help:"The config file."`
	JSON bool   `name:"json" help:"Print what was found as JSON."`
}

// Help is shown below the flags.
func (*checkCommand) Help() string {
	return `Every fault is a line with its place, for instance

    millrace.yaml:4:5: there is no setting "gracee" in apps.event; did you mean "grace"?

and the exit status is 1 when there is one. The file is read alone, without flags and environment;
"millrace serve --dry-run" shows all of them together.`
}

// Run names every fault of a config file.
func (c *checkCommand) Run(kctx *kong.Context, env *environment) error {
	_, _, warnings, found := server.LoadFile(c.File)
	if c.JSON {
		if err := printJSON(env.stdout, struct {
			File     string   `json:"file"`
			Faults   []fault  `json:"faults"`
			Warnings []string `json:"warnings"`
		}{c.File, faultsOf(found), append([]string{}, warnings...)}); err != nil {
			return err
		}
	} else {
		for _, w := range warnings {
			fmt.Fprintf(env.stderr, "warning: %s\n", w)
		}
		if found != nil {
			printFaults(env.stdout, found)
		} else {
			fmt.Fprintf(env.stdout, "%s: no faults\n", c.File)
		}
	}
	if found != nil {
		kctx.Exit(1)
	}
	return nil
}
