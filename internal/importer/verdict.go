package importer

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// verdicts are what became of directives.
type verdicts map[*directive]Note

func (v verdicts) say(d *directive, o Outcome, format string, args ...any) {
	v[d] = Note{File: d.file, Line: d.line, Directive: d.name, Outcome: o, Says: fmt.Sprintf(format, args...)}
}

// notes are those of a tree, one for each directive.
func (v verdicts) notes(tree []*directive) (all []Note) {
	for _, d := range tree {
		if _, ok := v[d]; !ok {
			v.say(d, None, "this is not known here")
		}
		note := v[d]
		note.Directive = title(d)
		all = append(all, note)
		if !d.lump {
			all = append(all, v.notes(d.block)...)
		}
	}
	return all
}

// title is the name of a directive and, where it begins a block, what the block
// is called.
func title(d *directive) string {
	if d.isBlock && len(d.args) > 0 && d.name != "if" {
		return d.name + " " + d.args[0]
	}
	return d.name
}

// all gives every directive in blocks the same verdict.
func (v verdicts) all(tree []*directive, o Outcome, says string) {
	for _, d := range tree {
		v.say(d, o, "%s", says)
		v.all(d.block, o, says)
	}
}

// fixed is the verdict on a directive whatever stands behind it, except for one
// that says off.
type fixed struct {
	outcome Outcome
	says    string
	off     string // what is said of "off": the server does not do it either
}

func (v verdicts) fixed(d *directive, f fixed) {
	if f.off != "" && (d.arg(0) == "off" || d.arg(0) == "0") {
		v.say(d, Same, "%s", f.off)
		return
	}
	v.say(d, f.outcome, "%s", f.says)
}

// seconds reads a time as nginx writes it: 500ms, 5s, 1m30s, 1d, or seconds
// without a unit.
func seconds(text string) (time.Duration, bool) {
	var total time.Duration
	for text != "" {
		n := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		number, rest := text, ""
		if n == 0 {
			return 0, false
		}
		if n > 0 {
			number, rest = text[:n], text[n:]
		}
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return 0, false
		}
		unit := time.Second
		n = strings.IndexFunc(rest, func(r rune) bool { return r >= '0' && r <= '9' })
		if n < 0 {
			n = len(rest)
		}
		switch rest[:n] {
		case "ms":
			unit = time.Millisecond
		case "s", "":
		case "m":
			unit = time.Minute
		case "h":
			unit = time.Hour
		case "d":
			unit = 24 * time.Hour
		case "w":
			unit = 7 * 24 * time.Hour
		default:
			return 0, false
		}
		if value *= float64(unit); value > float64(1000*24*time.Hour) {
			return 0, false
		}
		if total += time.Duration(value); total > 10_000*24*time.Hour {
			return 0, false
		}
		text = rest[n:]
	}
	return total, true
}

// span writes a time as the settings read it.
func span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// within is the value that a setting may have which is nearest to the given one.
func within[T cmp.Ordered](v, least, most T) T { return max(least, min(v, most)) }
