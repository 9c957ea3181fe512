package database

import (
	"context"
	"fmt"
	"time"
)

// bite is how many rows Prune removes in one transaction, so that nobody waits
// for it for long.
const bite = 1000

// Kept says from when on things stay.
type Kept struct {
	History time.Time
	Events  time.Time // also of dead letters
}

func (s *store) Prune(ctx context.Context, before Kept) error {
	const what = "remove what is old"
	history := before.History
	if kept := s.now().Add(-remembered); history.After(kept) {
		history = kept
	}
	for _, old := range []struct {
		query  string
		before time.Time
	}{
		{"DELETE FROM requests WHERE time < $1", s.now().Add(-remembered)},
		{`DELETE FROM history WHERE sequence IN
			(SELECT sequence FROM history WHERE time < $1 ORDER BY time LIMIT 1000)`, history},
		{`DELETE FROM deliveries WHERE died IS NOT NULL AND (endpoint, sequence) IN
			(SELECT endpoint, sequence FROM deliveries WHERE died < $1 ORDER BY died LIMIT 1000)`, before.Events},
		{`DELETE FROM events WHERE sequence IN (SELECT sequence FROM events WHERE time < $1
			AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.sequence = events.sequence) ORDER BY time LIMIT 1000)`, before.Events},
	} {
		for more := true; more; {
			err := s.update(ctx, what, func(w *work) error {
				if _, err := advance(w, 0, 0); err != nil {
					return err
				}
				n, err := w.exec(old.query, old.before.UnixNano())
				more = n >= bite
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	switch err := s.kind.tidy(ctx, s); {
	case err == nil:
		return nil
	case s.kind.away(err):
		return &faultError{what, ErrAway, err}
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}
