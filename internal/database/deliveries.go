package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// The deliveries to an endpoint of one subject's events stand in line. Only the
// first has a time at which it is due: so Due reads no more rows than it takes,
// however long the lines are. Whatever changes a line begins with advance, even
// though it takes no sequence, since two that change it at once could leave a
// line without a first.

const deliveryColumns = "endpoint, sequence, subject, attempts, problem, due, died"

// enqueue puts an event at the end of its line.
func enqueue(w *work, endpoint, subject string, sequence int64, now time.Time) error {
	_, err := w.exec(`INSERT INTO deliveries (endpoint, sequence, subject, attempts, problem, due) VALUES ($1, $2, $3, 0, '',
		CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE endpoint = $4 AND subject = $5 AND died IS NULL)
		THEN NULL ELSE CAST($6 AS BIGINT) END)`,
		endpoint, sequence, subject, endpoint, subject, now.UnixNano())
	return err
}

// reline makes the first of a line due, if it has no time yet, and nothing else.
func reline(w *work, endpoint, subject string, now time.Time) error {
	var first int64
	err := w.row("SELECT sequence FROM deliveries WHERE endpoint = $1 AND subject = $2 AND died IS NULL ORDER BY sequence LIMIT 1",
		[]any{endpoint, subject}, &first)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	_, err = w.exec("UPDATE deliveries SET due = NULL WHERE endpoint = $1 AND subject = $2 AND died IS NULL AND sequence > $3 AND due IS NOT NULL",
		endpoint, subject, first)
	if err != nil {
		return err
	}
	_, err = w.exec("UPDATE deliveries SET due = $1 WHERE endpoint = $2 AND sequence = $3 AND due IS NULL",
		now.UnixNano(), endpoint, first)
	return err
}

func (s *store) Due(ctx context.Context, endpoint string, now time.Time, lease time.Duration, limit int) ([]Delivery, error) {
	var due []Delivery
	what := "take the deliveries to " + endpoint
	// Most of the time nothing is due, which nobody has to wait in line to see.
	err := s.view(ctx, what, func(w *work) (err error) {
		due, err = firstDue(w, endpoint, now, limit)
		return err
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = s.update(ctx, what, func(w *work) error {
		if _, err := advance(w, 0, 0); err != nil {
			return err
		}
		var err error
		if due, err = firstDue(w, endpoint, now, limit); err != nil {
			return err
		}
		until := now.Add(lease).UTC()
		for i := range due {
			due[i].Due = until
			_, err := w.exec("UPDATE deliveries SET due = $1 WHERE endpoint = $2 AND sequence = $3",
				until.UnixNano(), endpoint, due[i].Event.Sequence)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return due, nil
}

func firstDue(w *work, endpoint string, now time.Time, limit int) ([]Delivery, error) {
	return deliveries(w, "WHERE d.endpoint = $1 AND d.due <= $2 ORDER BY d.due, d.sequence LIMIT $3", endpoint, now.UnixNano(), limit)
}

func (s *store) Done(ctx context.Context, endpoint string, sequences ...int64) error {
	return s.settle(ctx, "end deliveries to "+endpoint, endpoint, sequences, func(w *work, sequence int64) error {
		_, err := w.exec("DELETE FROM deliveries WHERE endpoint = $1 AND sequence = $2", endpoint, sequence)
		return err
	})
}

func (s *store) Retry(ctx context.Context, endpoint string, sequence int64, at time.Time, problem string) error {
	what := "put off a delivery to " + endpoint
	if err := checkText("problem", problem); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return s.settle(ctx, what, endpoint, []int64{sequence}, func(w *work, sequence int64) error {
		_, err := w.exec(`UPDATE deliveries SET due = $1, attempts = attempts + 1, problem = $2
			WHERE endpoint = $3 AND sequence = $4 AND died IS NULL`, at.UnixNano(), problem, endpoint, sequence)
		return err
	})
}

func (s *store) Bury(ctx context.Context, endpoint string, sequence int64, problem string) error {
	what := "give up a delivery to " + endpoint
	if err := checkText("problem", problem); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return s.settle(ctx, what, endpoint, []int64{sequence}, func(w *work, sequence int64) error {
		_, err := w.exec(`UPDATE deliveries SET due = NULL, died = $1, attempts = attempts + 1, problem = $2
			WHERE endpoint = $3 AND sequence = $4 AND died IS NULL`, s.now().UnixNano(), problem, endpoint, sequence)
		return err
	})
}

// settle changes deliveries one by one, and then puts their lines in order.
func (s *store) settle(ctx context.Context, what, endpoint string, sequences []int64, change func(*work, int64) error) error {
	if len(sequences) == 0 {
		return nil
	}
	return s.update(ctx, what, func(w *work) error {
		if _, err := advance(w, 0, 0); err != nil {
			return err
		}
		lines := map[string]bool{}
		for _, sequence := range sequences {
			var subject string
			err := w.row("SELECT subject FROM deliveries WHERE endpoint = $1 AND sequence = $2", []any{endpoint, sequence}, &subject)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			} else if err != nil {
				return err
			}
			lines[subject] = true
			if err := change(w, sequence); err != nil {
				return err
			}
		}
		return s.relineAll(w, endpoint, lines)
	})
}

func (s *store) relineAll(w *work, endpoint string, subjects map[string]bool) error {
	for subject := range subjects {
		if err := reline(w, endpoint, subject, s.now()); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) Dead(ctx context.Context, endpoint string, after int64, limit int) ([]Delivery, error) {
	var dead []Delivery
	err := s.view(ctx, "list the dead letters of "+endpoint, func(w *work) (err error) {
		dead, err = deliveries(w, "WHERE d.endpoint = $1 AND d.sequence > $2 AND d.died IS NOT NULL ORDER BY d.sequence LIMIT $3",
			endpoint, after, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return dead, nil
}

func (s *store) Replay(ctx context.Context, endpoint string, sequences ...int64) (int, error) {
	n := 0
	what := "deliver to " + endpoint + " anew"
	if err := checkName("endpoint", endpoint); err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	err := s.update(ctx, what, func(w *work) error {
		n = 0
		if _, err := advance(w, 0, 0); err != nil {
			return err
		}
		lines := map[string]bool{}
		for _, sequence := range sequences {
			var subject string
			err := w.row("SELECT subject FROM events WHERE sequence = $1", []any{sequence}, &subject)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			} else if err != nil {
				return err
			}
			k, err := w.exec(`INSERT INTO deliveries (endpoint, sequence, subject, attempts, problem) VALUES ($1, $2, $3, 0, '')
				ON CONFLICT (endpoint, sequence) DO UPDATE SET attempts = 0, problem = '', died = NULL
				WHERE deliveries.died IS NOT NULL`, endpoint, sequence, subject)
			if err != nil {
				return err
			}
			n += int(k)
			lines[subject] = true
		}
		return s.relineAll(w, endpoint, lines)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s *store) Forget(ctx context.Context, endpoint string) error {
	return s.update(ctx, "remove the deliveries to "+endpoint, func(w *work) error {
		if _, err := advance(w, 0, 0); err != nil {
			return err
		}
		_, err := w.exec("DELETE FROM deliveries WHERE endpoint = $1", endpoint)
		return err
	})
}

func (s *store) Backlogs(ctx context.Context) ([]Backlog, error) {
	var logs []Backlog
	err := s.view(ctx, "count the deliveries", func(w *work) error {
		logs = logs[:0]
		return w.each(`SELECT d.endpoint, COUNT(*) - COUNT(d.died), COUNT(d.died),
			MIN(CASE WHEN d.died IS NULL THEN e.time END), MIN(d.due)
			FROM deliveries d JOIN events e ON e.sequence = d.sequence GROUP BY d.endpoint ORDER BY d.endpoint`, nil,
			func(rows *sql.Rows) error {
				var b Backlog
				var oldest, due sql.NullInt64
				err := rows.Scan(&b.Endpoint, &b.Waiting, &b.Dead, &oldest, &due)
				b.Oldest, b.Due = moment(oldest), moment(due)
				logs = append(logs, b)
				return err
			})
	})
	if err != nil {
		return nil, err
	}
	return logs, nil
}

func deliveries(w *work, where string, args ...any) ([]Delivery, error) {
	var all []Delivery
	err := w.each(`SELECT e.sequence, e.id, e.subject, e.type, e.time, e.body, d.endpoint, d.attempts, d.problem, d.due, d.died
		FROM deliveries d JOIN events e ON e.sequence = d.sequence `+where, args, func(rows *sql.Rows) error {
		var d Delivery
		var due, died sql.NullInt64
		err := scanEvent(rows, &d.Event, &d.Endpoint, &d.Attempts, &d.Problem, &due, &died)
		d.Due, d.Died = moment(due), moment(died)
		all = append(all, d)
		return err
	})
	return all, err
}
