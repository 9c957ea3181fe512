package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/millrace-live/millrace/internal/config"
)

// explain adds the nearest right word to an error of the command line.
func explain(app *kong.Application, err error) error {
	var what, word string
	var words []string
	if flag, ok := strings.CutPrefix(err.Error(), "unknown flag "); ok {
		what = "flag"
		word, _, _ = strings.Cut(flag, ",") // Kong's own guess stands behind it
		for _, node := range append([]*kong.Node{app.Node}, app.Children...) {
			for _, f := range node.Flags {
				words = append(words, "--"+f.Name)
			}
		}
	} else if argument, ok := strings.CutPrefix(err.Error(), "unexpected argument "); ok {
		what = "command"
		word, _, _ = strings.Cut(argument, ",")
		for _, node := range app.Children {
			words = append(words, node.Name)
		}
	} else if flag, rest, ok := strings.Cut(err.Error(), ": expected "); ok && strings.HasSuffix(rest, `"EOL" (<EOL>)`) {
		return fmt.Errorf("%s has no value; write one behind it, millrace --help shows which", flag)
	} else {
		return err
	}
	if near := config.Nearest(word, words); near != "" {
		return fmt.Errorf("there is no %s %s; did you mean %s?", what, word, near)
	}
	return fmt.Errorf("there is no %s %s; millrace --help shows those that there are", what, word)
}

// decodeDuration reads a flag as the config file and the environment are read.
func decodeDuration(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("time", &text); err != nil {
		return err
	}
	d, err := config.ParseDuration(text)
	if err != nil {
		return err
	}
	target.SetInt(int64(d))
	return nil
}
