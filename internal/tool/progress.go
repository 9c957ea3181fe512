package tool

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Mode is how progress is shown.
type Mode int

// The modes of progress.
const (
	Plain Mode = iota // a line each 10 s, for logs
	Live              // one line that is written over and over, for terminals
	JSON              // an object a second, for programs
)

// interval is how often each mode shows something.
func (m Mode) interval() time.Duration {
	switch m {
	case Live:
		return 250 * time.Millisecond
	case JSON:
		return time.Second
	}
	return 10 * time.Second
}

// ModeOf chooses the mode of a command: JSON if it was asked for, else by where
// the lines go.
func ModeOf(asJSON, terminal bool) Mode {
	switch {
	case asJSON:
		return JSON
	case terminal:
		return Live
	}
	return Plain
}

// Progress shows how something goes on. Nothing is shown before the first
// interval has passed.
type Progress struct {
	w    io.Writer
	mode Mode
	next time.Time
	open bool // the cursor stands behind a live line
}

// NewProgress returns a Progress that begins at now.
func NewProgress(w io.Writer, m Mode, now time.Time) *Progress {
	return &Progress{w: w, mode: m, next: now.Add(m.interval())}
}

// Due reports whether it is time to show something, and counts on that being
// done.
func (p *Progress) Due(now time.Time) bool {
	if now.Before(p.next) {
		return false
	}
	p.next = p.next.Add(p.mode.interval())
	if p.next.Before(now) {
		p.next = now.Add(p.mode.interval())
	}
	return true
}

// Interval is how long it is from one show to the next at most.
func (p *Progress) Interval() time.Duration { return p.mode.interval() }

// Show shows a state: its text on lines, its fields as JSON. For programs the
// state should have a field "event".
func (p *Progress) Show(state fmt.Stringer) {
	switch p.mode {
	case JSON:
		p.object(state)
	case Live:
		// Beyond the right edge a line would wrap, and the next could not be
		// written over it; the terminal is told not to.
		fmt.Fprintf(p.w, "\r\x1b[?7l%s\x1b[K\x1b[?7h", state)
		p.open = true
	default:
		fmt.Fprintln(p.w, state)
	}
}

// Say writes a sentence on a line of its own. Programs get it as
// {"event": "note", "text": …}.
func (p *Progress) Say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.mode == JSON {
		p.object(map[string]string{"event": "note", "text": text})
		return
	}
	p.Done()
	fmt.Fprintln(p.w, text)
}

// Done ends a live line, which stays.
func (p *Progress) Done() {
	if p.open {
		fmt.Fprintln(p.w)
		p.open = false
	}
}

func (p *Progress) object(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		return // the states of this program can be marshalled
	}
	_, _ = p.w.Write(append(b, '\n'))
}
