package database

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// store is Store over either kind of database. The SQL is the same for both:
// SQLite knows $1 as well, and types that PostgreSQL could not infer are cast.
type store struct {
	write *sql.DB
	read  *sql.DB // the same as write in PostgreSQL
	kind  dialect
	now   func() time.Time
}

// dialect is what the two kinds of database do not have in common.
type dialect struct {
	name     string
	update   *sql.TxOptions // of a transaction that writes
	snapshot *sql.TxOptions // of one that reads, and sees one moment
	idle     int            // connections that are kept while nobody uses them

	// away tells the errors that pass from those that are faults of ours.
	away func(error) bool
	// again is whether what failed at once may come right on a new connection.
	again bool
	// undone is whether a commit that failed so was certainly not carried out.
	undone func(error) bool
	// tidy gives space back after Prune has removed rows.
	tidy func(context.Context, *store) error
}

const (
	farewell  = 200 * time.Millisecond
	unnoticed = time.Second // in which a connection that died before fails, at the most
)

// update runs fn in a transaction that writes, and commits it. It runs fn a
// second time, on a new connection, if the first had died unnoticed.
func (s *store) update(ctx context.Context, what string, fn func(*work) error) error {
	return s.attempt(ctx, what, s.write, s.kind.update, fn)
}

// view runs fn in a transaction that sees one moment.
func (s *store) view(ctx context.Context, what string, fn func(*work) error) error {
	return s.attempt(ctx, what, s.read, s.kind.snapshot, fn)
}

func (s *store) attempt(ctx context.Context, what string, db *sql.DB, o *sql.TxOptions, fn func(*work) error) error {
	var err error
	var unsure bool
	for range 2 {
		start := time.Now()
		unsure, err = s.once(ctx, db, o, fn)
		if err == nil || ctx.Err() != nil || !s.kind.away(err) {
			break
		}
		s.drop(db)
		if unsure || !s.kind.again || time.Since(start) > unnoticed {
			break
		}
	}
	switch {
	case err == nil:
		return nil
	case unsure:
		return &faultError{what, ErrUnsure, err}
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	case s.kind.away(err):
		return &faultError{what, ErrAway, err}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// once says whether the error came when the commit was on its way already.
func (s *store) once(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*work) error) (unsure bool, err error) {
	ctx, w := begin(ctx)
	defer w.end()
	defer func() {
		if err != nil && w.gone(ctx) {
			err = errSilent
		}
	}()
	w.tx, err = db.BeginTx(ctx, o)
	if err != nil {
		return false, err
	}
	if err := fn(w); err != nil {
		_ = w.tx.Rollback()
		return false, err
	}
	w.alive()
	if err := w.tx.Commit(); err != nil {
		return !s.kind.undone(err), err
	}
	return false, nil
}

// drop closes the connections that nobody uses. After a restart or a fail-over
// they are all as dead as the one that showed it, or lead to a standby that
// would refuse to write for ever. They leave the pool at once; to close one says
// farewell to the server, which nobody waits for if it is silent.
func (s *store) drop(db *sql.DB) {
	closed := make(chan struct{})
	go func() {
		db.SetMaxIdleConns(0)
		db.SetMaxIdleConns(s.kind.idle)
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(farewell):
	}
}

func (s *store) Ping(ctx context.Context) error {
	return s.view(ctx, "ask the database for a sign of life", func(w *work) error {
		var one int
		return w.row("SELECT id FROM heads", nil, &one)
	})
}

func (s *store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		// The last connection to close folds the log into the file, which needs one
		// that writes.
		err = s.read.Close()
		if e := s.write.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}
