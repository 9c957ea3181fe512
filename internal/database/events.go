package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

func (s *store) Append(ctx context.Context, events ...Event) error {
	const what = "keep events"
	if len(events) > MaxBatch {
		return fmt.Errorf("%s: there are %d, more than %d", what, len(events), MaxBatch)
	}
	if err := checkEvents(events); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if len(events) == 0 {
		return nil
	}
	return s.update(ctx, what, func(w *work) error {
		h, err := advance(w, 0, len(events))
		if err != nil {
			return err
		}
		return appendEvents(w, events, h.events, s.now().UTC())
	})
}

// appendEvents gives events the sequences after one, and those that are new a
// delivery to each endpoint.
func appendEvents(w *work, events []Event, sequence int64, now time.Time) error {
	rows := make([][]any, len(events))
	for i, e := range events {
		if e.Time.IsZero() {
			e.Time = now
		}
		e.Sequence = sequence + int64(i) + 1
		rows[i] = eventValues(e)
	}
	stored, err := w.many("INSERT INTO events ("+eventColumns+") VALUES … ON CONFLICT (id) DO NOTHING", rows)
	if err != nil {
		return err
	}
	fresh := func(int64) bool { return true }
	if stored < int64(len(events)) {
		if fresh, err = freshOf(w, sequence); err != nil {
			return err
		}
	}
	for i, e := range events {
		if at := sequence + int64(i) + 1; fresh(at) {
			for _, endpoint := range e.To {
				if err := enqueue(w, endpoint, e.Subject, at, now); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// freshOf tells the events after a sequence that were stored from those that
// were there already under another one.
func freshOf(w *work, sequence int64) (func(int64) bool, error) {
	stored := map[int64]bool{}
	err := w.each("SELECT sequence FROM events WHERE sequence > $1", []any{sequence}, func(rows *sql.Rows) error {
		var at int64
		err := rows.Scan(&at)
		stored[at] = true
		return err
	})
	return func(at int64) bool { return stored[at] }, err
}

func (s *store) Events(ctx context.Context, after int64, limit int) ([]Event, error) {
	var events []Event
	err := s.view(ctx, "read events", func(w *work) error {
		events = events[:0]
		return w.each("SELECT "+eventColumns+" FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2",
			[]any{after, limit}, func(rows *sql.Rows) error {
				var e Event
				err := scanEvent(rows, &e)
				events = append(events, e)
				return err
			})
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

const eventColumns = "sequence, id, subject, type, time, body"

func eventValues(e Event) []any {
	return []any{e.Sequence, e.ID, e.Subject, e.Type, e.Time.UnixNano(), string(e.Body)}
}

// scanEvent reads eventColumns, and what the query has after them.
func scanEvent(rows *sql.Rows, e *Event, more ...any) error {
	var at sql.NullInt64
	var body []byte
	err := rows.Scan(append([]any{&e.Sequence, &e.ID, &e.Subject, &e.Type, &at, &body}, more...)...)
	e.Time, e.Body = moment(at), json.RawMessage(body)
	return err
}
