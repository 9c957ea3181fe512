package database

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"
)

// errSilent is why a transaction was given up.
var errSilent = errors.New("no sign of life for " + Patience.String())

// work is a transaction that is given up when the database is silent for longer
// than Patience.
type work struct {
	ctx    context.Context //nolint:containedctx // it lives as long as the transaction
	tx     *sql.Tx
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func begin(ctx context.Context) (context.Context, *work) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &work{
		ctx:    ctx,
		cancel: cancel,
		timer:  time.AfterFunc(Patience, func() { cancel(errSilent) }),
	}
}

func (w *work) alive() { w.timer.Reset(Patience) }

func (w *work) end() {
	w.timer.Stop()
	w.cancel(nil)
}

func (w *work) gone(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errSilent) }

// exec says how many rows it changed.
func (w *work) exec(query string, args ...any) (int64, error) {
	result, err := w.tx.ExecContext(w.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	w.alive()
	return result.RowsAffected()
}

// row reads one row, or returns sql.ErrNoRows.
func (w *work) row(query string, args []any, dest ...any) error {
	err := w.tx.QueryRowContext(w.ctx, query, args...).Scan(dest...)
	w.alive()
	return err
}

// each hands every row to scan.
func (w *work) each(query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := w.tx.QueryContext(w.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		w.alive()
		if err := scan(rows); err != nil {
			return err
		}
	}
	w.alive()
	return rows.Err()
}

// chunk is how many rows one statement carries. PostgreSQL takes 65,535
// arguments and gains little from more than this. SQLite's driver searches all
// arguments for each: 10,000 changes take 2.2 s in chunks of 250, 0.6 s in these.
const chunk = 50

// many runs a statement for rows of arguments, of which each has the same
// length, with as few statements as the bound on arguments allows. In the query
// "…" stands for the rows: ($1,$2),($3,$4).
func (w *work) many(query string, rows [][]any) (changed int64, err error) {
	for len(rows) > 0 {
		n := min(len(rows), chunk)
		k, err := w.exec(expand(query, n, len(rows[0])), flat(rows[:n])...)
		if err != nil {
			return changed, err
		}
		changed += k
		rows = rows[n:]
	}
	return changed, nil
}

// among is each with rows of arguments as many has them.
func (w *work) among(query string, rows [][]any, scan func(*sql.Rows) error) error {
	for len(rows) > 0 {
		n := min(len(rows), chunk)
		if err := w.each(expand(query, n, len(rows[0])), flat(rows[:n]), scan); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func expand(query string, rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return strings.Replace(query, "…", b.String(), 1)
}

func flat(rows [][]any) []any {
	args := make([]any, 0, len(rows)*len(rows[0]))
	for _, row := range rows {
		args = append(args, row...)
	}
	return args
}

// Times are kept as nanoseconds since 1970, the same in both databases; no time
// is NULL.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func moment(ns sql.NullInt64) time.Time {
	if !ns.Valid {
		return time.Time{}
	}
	return time.Unix(0, ns.Int64).UTC()
}
