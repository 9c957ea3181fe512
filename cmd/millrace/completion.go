package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" placeholder:"SHELL" help:"bash, zsh or fish."`
}

// Help is shown below the flags.
func (*completionCommand) Help() string {
	return `Load it into the shell that is running, or put the line into the file that it reads at its start:

    source <(millrace completion bash)
    source <(millrace completion zsh)
    millrace completion fish | source`
}

// Run prints a script that completes commands, flags and files.
func (c *completionCommand) Run(kctx *kong.Context, env *environment) error {
	words := completions(kctx.Model.Node, nil)
	switch c.Shell {
	case "bash":
		return bashCompletion(env.stdout, words)
	case "zsh":
		if _, err := fmt.Fprintln(env.stdout, "autoload -U +X bashcompinit && bashcompinit"); err != nil {
			return err
		}
		return bashCompletion(env.stdout, words)
	}
	return fishCompletion(env.stdout, words)
}

// completion is what may follow a row of commands.
type completion struct {
	path  []string
	words []word
}

type word struct{ text, help string }

// completions lists what may follow node and every command below it.
func completions(node *kong.Node, path []string) []completion {
	c := completion{path: path}
	var below []completion
	for _, child := range node.Children {
		if child.Hidden || child.Type != kong.CommandNode {
			continue
		}
		c.words = append(c.words, word{child.Name, child.Help})
		below = append(below, completions(child, append(slices.Clip(path), child.Name))...)
	}
	for _, f := range node.Flags {
		if !f.Hidden {
			c.words = append(c.words, word{"--" + f.Name, f.Help})
		}
	}
	if node.DefaultCmd != nil {
		for _, f := range node.DefaultCmd.Flags {
			c.words = append(c.words, word{"--" + f.Name, f.Help})
		}
	}
	return append([]completion{c}, below...)
}

func bashCompletion(w io.Writer, all []completion) error {
	var known []string
	var cases strings.Builder
	for _, c := range all {
		known = append(known, fmt.Sprintf("%q", strings.Join(c.path, " ")))
		texts := make([]string, len(c.words))
		for i, word := range c.words {
			texts[i] = word.text
		}
		fmt.Fprintf(&cases, "\t\t%q) words=%q ;;\n", strings.Join(c.path, " "), strings.Join(texts, " "))
	}
	_, err := fmt.Fprintf(w, `_millrace() {
	local words= path= word
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case "${path:+$path }$word" in %s) path="${path:+$path }$word" ;; esac
	done
	case $path in
%s	esac
	COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _millrace millrace
`, strings.Join(known, "|"), cases.String())
	return err
}

func fishCompletion(w io.Writer, all []completion) error {
	for _, c := range all {
		condition := "__fish_use_subcommand"
		// streams and keys both have create.
		for i, command := range c.path {
			if condition += "; and "; i == 0 {
				condition = ""
			}
			condition += "__fish_seen_subcommand_from " + command
		}
		for _, word := range c.words {
			what := "-a " + word.text
			if flag, ok := strings.CutPrefix(word.text, "--"); ok {
				what = "-l " + flag
			}
			if _, err := fmt.Fprintf(w, "complete -c millrace -n '%s' %s -d %s\n", condition, what, fishQuote(word.help)); err != nil {
				return err
			}
		}
	}
	return nil
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
