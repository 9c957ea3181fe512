package database

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Waiting for a database that is away at the start.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

func newStore(kind dialect) *store { return &store{kind: kind, now: time.Now} }

// ready brings the tables up to date, as soon as the database answers: waits
// tells the errors that are worth waiting.
func (s *store) ready(ctx context.Context, what string, o Options, waits func(error) bool) error {
	said := false
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := s.migrate(ctx, migrations(s.kind.name))
		if err == nil {
			if said {
				o.Log.Info("the database is there")
			}
			return nil
		}
		if ctx.Err() == nil && waits(err) {
			if !said {
				o.Log.Warn("the database does not answer, and Millrace waits for it: start it, or correct --database", "reason", oneLine(err))
				said = true
			}
			select {
			case <-time.After(wait):
				continue
			case <-ctx.Done():
				err = &faultError{what, ErrAway, err}
			}
		} else {
			err = &readyError{what, err}
		}
		return errors.Join(err, s.Close())
	}
}

// readyError is why a database can't be used.
type readyError struct {
	what string
	err  error
}

func (e *readyError) Error() string { return e.what + ": " + oneLine(e.err) }
func (e *readyError) Unwrap() error { return e.err }

// oneLine is what an error says, without the repetitions of a driver that tries
// several ways and gives each a line.
func oneLine(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.TrimPrefix(strings.Join(lines, " "), "failed to initialize: ") // which says nothing
}
