package database

import (
	"context"
	"database/sql"
)

func (s *store) Load(ctx context.Context, fn func(Doc) error) error {
	// All are read before the first is handed on: a transaction that is left open
	// while fn works would keep SQLite from folding its log, and PostgreSQL from
	// removing old rows.
	var docs []Doc
	err := s.view(ctx, "load the documents", func(w *work) error {
		docs = docs[:0]
		return w.each("SELECT "+docColumns+" FROM documents", nil, func(rows *sql.Rows) error {
			d, err := scanDoc(rows)
			docs = append(docs, d)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, d := range docs {
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}
