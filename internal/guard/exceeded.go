package guard

import (
	"fmt"
	"time"
)

// Exceeded is a refusal. Its text is a sentence for whoever is refused.
type Exceeded struct {
	// Limit is what is exhausted in words, for logs: "connections from one address".
	Limit string
	// Setting is how the limit is set, "" if it is not.
	Setting string
	// Most is the limit: a number, or bit/s.
	Most int64
	// Retry is when it makes sense to come again, 0 if nobody knows.
	Retry time.Duration
	text  string
}

// Error is the sentence.
func (e *Exceeded) Error() string { return e.text }

var useNames = [uses]string{"connections", "publishers", "viewers"}

func limitName(u use, k scopeKind) string {
	switch k {
	case byApp:
		return useNames[u] + " of one app"
	case byAddress:
		return useNames[u] + " from one address"
	case byKey:
		return useNames[u] + " with one key"
	}
	return useNames[u] + " of the server"
}

func settingName(u use, s scope) string {
	name := "max-" + useNames[u]
	switch s.kind {
	case byApp:
		return "apps." + s.name + "." + name
	case byAddress:
		return name + "-per-address"
	case byKey:
		return name + "-per-key"
	}
	return name
}

// crowd says that too many are there.
func crowd(u use, s scope, most int) string {
	what := useNames[u]
	if most == 1 {
		what = what[:len(what)-1]
	}
	switch s.kind {
	case byApp:
		return fmt.Sprintf("The app %s has all the %s that it may have: at most %d %s (%s).",
			s.name, useNames[u], most, what, settingName(u, s))
	case byAddress:
		return fmt.Sprintf("There are too many %s from your address: at most %d %s (%s).",
			useNames[u], most, what, settingName(u, s))
	case byKey:
		return fmt.Sprintf("There are too many %s with this key: at most %d %s (%s).", useNames[u], most, what, settingName(u, s))
	}
	return fmt.Sprintf("The server has all the %s that it may have: at most %d %s (%s).",
		useNames[u], most, what, settingName(u, s))
}
