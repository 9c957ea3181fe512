package config

import (
	"fmt"
	"strings"
)

// Origins tells where settings got their values, by path ("grace",
// "apps.live.grace", "keys[0].key"): "millrace.yaml:3:8", "MILLRACE_GRACE" or
// "--grace". A setting that nobody gave is not in it.
type Origins map[string]string

// Given reports whether anybody gave the setting or one within it.
func (o Origins) Given(path string) bool {
	for p := range o {
		if rest, ok := strings.CutPrefix(p, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// Errorf returns an error about the value of the setting at path that begins
// with where it came from.
func (o Origins) Errorf(path, format string, args ...any) error {
	return &Error{Where: o.where(path), Msg: fmt.Sprintf(format, args...)}
}

func (o Origins) where(path string) string {
	if w, ok := o[path]; ok {
		return w
	}
	return path
}

// Error is one fault in the settings.
type Error struct {
	Where string // "FILE:LINE:COLUMN", "MILLRACE_NAME" or "--name"
	Msg   string
}

func (e *Error) Error() string { return e.Where + ": " + e.Msg }
