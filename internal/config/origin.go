package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Origin is where a value came from.
type Origin struct {
	// Name is the variable of the environment ("MILLRACE_GRACE") or the flag
	// ("--grace") that gave it; without one, it stands in a file.
	Name string
	// File, Line and Column are its place; both count from 1. Line is 0 for
	// the file as a whole.
	File         string
	Line, Column int
}

// String returns "millrace.yaml:3:8", "MILLRACE_GRACE" or "--grace"; "" for the
// zero Origin.
func (o Origin) String() string {
	switch {
	case o.File == "":
		return o.Name
	case o.Line == 0:
		return o.File
	}
	return fmt.Sprintf("%s:%d:%d", o.File, o.Line, o.Column)
}

// Origins tells where settings got their values, by path ("grace",
// "apps.live.grace", "keys[0].key"). A setting that nobody gave is not in it.
type Origins map[string]Origin

// Given reports whether anybody gave the setting or one within it.
func (o Origins) Given(path string) bool {
	for p := range o {
		if within(p, path) {
			return true
		}
	}
	return false
}

// within reports whether p is the path or leads to something in it.
func within(p, path string) bool {
	rest, ok := strings.CutPrefix(p, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Of returns where the value at path came from: the place of what it is in, when
// nobody gave it itself.
func (o Origins) Of(path string) Origin {
	for {
		if from, ok := o[path]; ok {
			return from
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return Origin{}
		}
		path = path[:i]
	}
}

// Error is one fault in the settings.
type Error struct {
	Origin
	Path string // of the setting, where there is one
	Msg  string
}

// Error returns the fault as a sentence that begins with its place.
func (e *Error) Error() string {
	where := e.Origin.String()
	if where == "" {
		where = e.Path
	}
	if where == "" {
		return e.Msg
	}
	return where + ": " + e.Msg
}

// Faults are all that is wrong with the settings; as an error, they are the
// first one's sentence.
type Faults []*Error

// Error implements error.
func (f Faults) Error() string {
	text := f[0].Error()
	if more := len(f) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more; `millrace check FILE` names them all)", more)
	}
	return text
}

// Unwrap returns the faults one by one.
func (f Faults) Unwrap() []error {
	errs := make([]error, len(f))
	for i, e := range f {
		errs[i] = e
	}
	return errs
}

// Err returns f as an error in the order of their places, or nil when there are
// none.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	sorted := slices.Clone(f)
	slices.SortStableFunc(sorted, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return sorted
}

// Add adds a fault of the value at path. Of a value that could not even be read
// nothing more is said.
func (f *Faults) Add(o Origins, path, format string, args ...any) {
	for _, e := range *f {
		if e.Path != "" && within(path, e.Path) {
			return
		}
	}
	msg, from := fmt.Sprintf(format, args...), o.Of(path)
	if _, itself := o[path]; !itself && from != (Origin{}) {
		msg = path + ": " + msg
	}
	*f = append(*f, &Error{Origin: from, Path: path, Msg: msg})
}
