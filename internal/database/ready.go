package database

import (
	"context"
	"errors"
	"fmt"
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
				o.Log.Warn("the database is away; waiting for it", "error", err)
				said = true
			}
			select {
			case <-time.After(wait):
				continue
			case <-ctx.Done():
				err = &faultError{what, ErrAway, err}
			}
		} else {
			err = fmt.Errorf("%s: %w", what, err)
		}
		return errors.Join(err, s.Close())
	}
}
