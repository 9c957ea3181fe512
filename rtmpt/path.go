package rtmpt

import (
	"strconv"
	"strings"
)

// verb is what a request asks for: the first part of its path.
type verb string

const (
	ident     verb = "fcs"   // which server is to be used; nobody needs the answer
	open      verb = "open"  // begin a session
	send      verb = "send"  // carry bytes to the server
	idle      verb = "idle"  // carry none
	closeVerb verb = "close" // end the session
)

// Match reports whether a path of HTTP belongs to the tunnel: /fcs/, /open/,
// /send/, /idle/ or /close/ and anything behind it.
func Match(path string) bool {
	v, _, ok := cutVerb(path)
	if !ok {
		return false
	}
	switch v {
	case ident, open, send, idle, closeVerb:
		return true
	}
	return false
}

func cutVerb(path string) (v verb, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, "/")
	if !ok {
		return "", "", false
	}
	first, rest, ok := strings.Cut(path, "/")
	return verb(first), rest, ok
}

// target is what a path says.
type target struct {
	verb verb
	id   string // of the session
	n    uint64 // the request's number in it
}

func parseTarget(path string) (t target, ok bool) {
	v, rest, ok := cutVerb(path)
	if !ok {
		return t, false
	}
	t.verb = v
	switch v {
	case ident, open:
		return t, true
	case send, idle, closeVerb:
		id, number, ok := strings.Cut(rest, "/")
		n, err := strconv.ParseUint(strings.TrimSuffix(number, "/"), 10, 63)
		t.id, t.n = id, n
		return t, ok && id != "" && err == nil
	}
	return t, false
}
