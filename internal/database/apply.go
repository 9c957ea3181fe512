package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// remembered is how long a request is known as repeated.
const remembered = 24 * time.Hour

func (s *store) Apply(ctx context.Context, b Batch) ([]Doc, error) {
	const what = "save changes"
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var docs []Doc
	err := s.update(ctx, what, func(w *work) (err error) {
		docs, err = s.apply(w, &b)
		return err
	})
	if err != nil && !errors.Is(err, ErrRepeated) {
		return nil, err
	}
	return docs, err
}

type name struct{ kind, id string }

func (s *store) apply(w *work, b *Batch) ([]Doc, error) {
	h, err := advance(w, len(b.Changes), len(b.Events))
	if err != nil {
		return nil, err
	}
	now := s.now().UTC() // after all writers before
	if b.Request != "" {
		docs, err := repeated(w, b, now)
		if err != nil {
			return docs, err
		}
		_, err = w.exec(`INSERT INTO requests (actor, request, first, last, time) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (actor, request) DO UPDATE SET first = excluded.first, last = excluded.last, time = excluded.time`,
			b.Actor, b.Request, h.history+1, h.history+int64(len(b.Changes)), now.UnixNano())
		if err != nil {
			return nil, err
		}
	}
	docs, past, err := plan(w, b, h.history, now)
	if err != nil {
		return nil, err
	}
	if err := keep(w, docs); err != nil {
		return nil, err
	}
	if err := record(w, past); err != nil {
		return nil, err
	}
	return docs, appendEvents(w, b.Events, h.events, now)
}

// heads are the last sequences that were given away.
type heads struct{ history, events int64 }

// advance takes the next sequences for a transaction, and makes the writers that
// come after it wait until it has ended. It returns the heads from before.
func advance(w *work, history, events int) (heads, error) {
	var h heads
	err := w.row("UPDATE heads SET history = history + $1, events = events + $2 RETURNING history, events",
		[]any{history, events}, &h.history, &h.events)
	return heads{h.history - int64(history), h.events - int64(events)}, err
}

// plan holds the changes against what there is, and says what there will be. A
// batch may change a document more than once, so the changes are gone through
// one by one.
func plan(w *work, b *Batch, sequence int64, now time.Time) ([]Doc, []Past, error) {
	have := make(map[name]Doc, len(b.Changes))
	var names [][]any
	for _, c := range b.Changes {
		n := name{c.Kind, c.ID}
		if _, ok := have[n]; !ok {
			have[n] = Doc{}
			names = append(names, []any{c.Kind, c.ID})
		}
	}
	err := w.among("SELECT "+docColumns+" FROM documents WHERE (kind, id) IN (VALUES …)", names, func(rows *sql.Rows) error {
		d, err := scanDoc(rows)
		have[name{d.Kind, d.ID}] = d
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	docs := make([]Doc, len(b.Changes))
	past := make([]Past, len(b.Changes))
	for i, c := range b.Changes {
		n := name{c.Kind, c.ID}
		old := have[n]
		if old.live() != c.Revision {
			return nil, nil, &ConflictError{Kind: c.Kind, ID: c.ID, Want: c.Revision, Have: old.live()}
		}
		sequence++
		d := Doc{
			Kind: c.Kind, ID: c.ID, Revision: c.Revision + 1, Body: c.Body,
			Created: old.Created, Updated: now, Sequence: sequence,
		}
		if c.Revision == 0 {
			d.Created = now
		}
		have[n], docs[i] = d, d
		past[i] = Past{
			Sequence: sequence, Kind: c.Kind, ID: c.ID, Revision: d.Revision, Before: old.Body, After: c.Body,
			Actor: b.Actor, Created: d.Created, Time: now,
		}
	}
	return docs, past, nil
}

// live is the document's revision, 0 if it is deleted or was never there.
func (d *Doc) live() int64 {
	if d.Body == nil {
		return 0
	}
	return d.Revision
}

// keep writes the last state of each document.
func keep(w *work, docs []Doc) error {
	last := make(map[name]int64, len(docs))
	for _, d := range docs {
		last[name{d.Kind, d.ID}] = d.Sequence
	}
	var put, del [][]any
	for _, d := range docs {
		switch {
		case last[name{d.Kind, d.ID}] != d.Sequence:
		case d.Body == nil:
			del = append(del, []any{d.Kind, d.ID})
		default:
			put = append(put, docValues(d))
		}
	}
	if _, err := w.many("DELETE FROM documents WHERE (kind, id) IN (VALUES …)", del); err != nil {
		return err
	}
	_, err := w.many("INSERT INTO documents ("+docColumns+") VALUES … ON CONFLICT (kind, id) DO UPDATE SET "+
		"revision = excluded.revision, sequence = excluded.sequence, created = excluded.created, "+
		"updated = excluded.updated, body = excluded.body", put)
	return err
}

// repeated returns what a request was answered, with ErrRepeated, if there was one.
func repeated(w *work, b *Batch, now time.Time) ([]Doc, error) {
	since := now.Add(-remembered).UnixNano()
	if _, err := w.exec("DELETE FROM requests WHERE time <= $1", since); err != nil {
		return nil, err
	}
	var first, last int64
	err := w.row("SELECT first, last FROM requests WHERE actor = $1 AND request = $2",
		[]any{b.Actor, b.Request}, &first, &last)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var docs []Doc
	err = w.each("SELECT "+pastColumns+" FROM history WHERE sequence BETWEEN $1 AND $2 ORDER BY sequence",
		[]any{first, last}, func(rows *sql.Rows) error {
			p, err := scanPast(rows)
			docs = append(docs, Doc{
				Kind: p.Kind, ID: p.ID, Revision: p.Revision, Body: p.After,
				Created: p.Created, Updated: p.Time, Sequence: p.Sequence,
			})
			return err
		})
	if err != nil {
		return nil, err
	}
	return docs, ErrRepeated
}

const docColumns = "kind, id, revision, sequence, created, updated, body"

func docValues(d Doc) []any {
	return []any{d.Kind, d.ID, d.Revision, d.Sequence, d.Created.UnixNano(), d.Updated.UnixNano(), string(d.Body)}
}

func scanDoc(rows *sql.Rows) (Doc, error) {
	var d Doc
	var created, updated sql.NullInt64
	var body []byte
	err := rows.Scan(&d.Kind, &d.ID, &d.Revision, &d.Sequence, &created, &updated, &body)
	d.Created, d.Updated, d.Body = moment(created), moment(updated), json.RawMessage(body)
	return d, err
}
