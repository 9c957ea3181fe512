package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
)

func (s *store) History(ctx context.Context, kind, id string, before int64, limit int) ([]Past, error) {
	return s.past(ctx, "read the history of "+kind+" "+id,
		"WHERE kind = $1 AND id = $2 AND sequence < $3 ORDER BY sequence DESC LIMIT $4", kind, id, newest(before), limit)
}

func (s *store) Audit(ctx context.Context, before int64, limit int) ([]Past, error) {
	return s.past(ctx, "read the history", "WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2", newest(before), limit)
}

func (s *store) Changes(ctx context.Context, after int64, limit int) ([]Past, error) {
	return s.past(ctx, "read the changes", "WHERE sequence > $1 ORDER BY sequence LIMIT $2", after, limit)
}

func newest(before int64) int64 {
	if before == 0 {
		return math.MaxInt64
	}
	return before
}

func (s *store) past(ctx context.Context, what, where string, args ...any) ([]Past, error) {
	var past []Past
	err := s.view(ctx, what, func(w *work) error {
		past = past[:0]
		return w.each("SELECT "+pastColumns+" FROM history "+where, args, func(rows *sql.Rows) error {
			p, err := scanPast(rows)
			past = append(past, p)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return past, nil
}

const pastColumns = "sequence, kind, id, revision, actor, created, time, before, after"

func record(w *work, past []Past) error {
	rows := make([][]any, len(past))
	for i, p := range past {
		rows[i] = pastValues(p)
	}
	_, err := w.many("INSERT INTO history ("+pastColumns+") VALUES …", rows)
	return err
}

func pastValues(p Past) []any {
	return []any{
		p.Sequence, p.Kind, p.ID, p.Revision, p.Actor, p.Created.UnixNano(), p.Time.UnixNano(),
		text(p.Before), text(p.After),
	}
}

// text is a body for a column that may be NULL.
func text(body json.RawMessage) any {
	if body == nil {
		return nil
	}
	return string(body)
}

func scanPast(rows *sql.Rows) (Past, error) {
	var p Past
	var created, at sql.NullInt64
	var before, after []byte
	err := rows.Scan(&p.Sequence, &p.Kind, &p.ID, &p.Revision, &p.Actor, &created, &at, &before, &after)
	p.Created, p.Time, p.Before, p.After = moment(created), moment(at), json.RawMessage(before), json.RawMessage(after)
	return p, err
}
