package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/server"
)

// fault is what programs read about one fault in the settings.
type fault struct {
	Setting string `json:"setting,omitempty"`
	From    string `json:"from,omitempty"` // a variable or a flag
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// faultsOf are the faults of an error, one by one.
func faultsOf(err error) []fault {
	faults := []fault{}
	for _, e := range each(err) {
		if f, ok := errors.AsType[*config.Error](e); ok {
			faults = append(faults, fault{f.Path, f.Name, f.File, f.Line, f.Column, f.Msg})
		} else {
			faults = append(faults, fault{Message: e.Error()})
		}
	}
	return faults
}

// each returns the errors that err is made of.
func each(err error) []error {
	if err == nil {
		return nil
	}
	// The outermost only: one within has lost what was said around it.
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()
	}
	return []error{err}
}

// printFaults writes a line for each fault of an error.
func printFaults(w io.Writer, err error) {
	for _, e := range each(err) {
		fmt.Fprintln(w, e)
	}
}

// dryRun shows the settings in force. Status 1 says that the server would not
// start with them.
func (c *serveCommand) dryRun(
	kctx *kong.Context, env *environment, load func() (*server.Settings, config.Origins, []string, error),
) error {
	set, origins, warnings, err := load()
	if err == nil {
		var more []string
		more, err = server.Rehearse(set)
		warnings = append(warnings, more...)
	}
	var values []config.Value
	if set != nil {
		values = config.List(set, origins)
	}
	if c.JSON {
		if err := printJSON(env.stdout, struct {
			Settings []config.Value `json:"settings"`
			Warnings []string       `json:"warnings"`
			Faults   []fault        `json:"faults"`
		}{append([]config.Value{}, values...), append([]string{}, warnings...), faultsOf(err)}); err != nil {
			return err
		}
	} else {
		table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
		for _, v := range values {
			fmt.Fprintf(table, "%s\t%s\t%s\n", v.Path, v.Text, v.From)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		for _, w := range warnings {
			fmt.Fprintf(env.stderr, "warning: %s\n", w)
		}
		if err != nil {
			printFaults(env.stderr, err)
		}
	}
	if err != nil {
		kctx.Exit(1)
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
