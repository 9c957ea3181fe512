package importer

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

var groups = []struct {
	outcome Outcome
	title   string
}{
	{Taken, "Taken over"},
	{Same, "As it was, without a setting"},
	{Changed, "Became something else"},
	{None, "No counterpart"},
}

// Report writes the notes for people, a line each, by what became of the
// directives.
func (r *Result) Report(w io.Writer) error {
	places, words := 0, 0
	for _, n := range r.Notes {
		places = max(places, utf8.RuneCountInString(place{n.File, n.Line}.String()))
		words = max(words, utf8.RuneCountInString(n.Directive))
	}
	words = min(words, 32)
	var b strings.Builder
	for _, g := range groups {
		first := true
		for _, n := range r.Notes {
			if n.Outcome != g.outcome {
				continue
			}
			if first {
				fmt.Fprintf(&b, "%s:\n", g.title)
				first = false
			}
			fmt.Fprintf(&b, "  %-*s  %-*s  %s\n", places, printable(place{n.File, n.Line}.String()), words, n.Directive, n.Says)
		}
		if !first {
			b.WriteString("\n")
		}
	}
	n, all := r.Carried()
	percent := 100
	if all > 0 {
		percent = 100 * n / all
	}
	fmt.Fprintf(&b, "%d of %d directives of %s carried (%d %%).\n", n, all, r.From, percent)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write what was imported: %w", err)
	}
	return nil
}
