package database

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var embedded embed.FS

// migrations are the steps from nothing to the tables of today, numbered. One
// that was released is never changed: the next one mends it.
func migrations(dialect string) fs.FS {
	sub, err := fs.Sub(embedded, "migrations/"+dialect)
	if err != nil {
		panic(err) // the name of a folder above
	}
	return sub
}

// versionError is why a database is refused.
type versionError struct{ have, know int64 }

func (e *versionError) Error() string {
	return fmt.Sprintf("a newer Millrace has used it (its version is %d, this one knows %d): "+
		"run that version, or restore a backup from before", e.have, e.know)
}

// migrate carries out the steps that were not yet, each in a transaction of its
// own. Tables of others (replication tools keep some) are none of its business.
func (s *store) migrate(ctx context.Context, steps fs.FS) error {
	options := []goose.ProviderOption{goose.WithTableName("millrace_version"), goose.WithDisableGlobalRegistry(true)}
	if s.kind.name == string(goose.DialectPostgres) {
		// Of nodes that start together one does it and the others wait.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	steward, err := goose.NewProvider(goose.Dialect(s.kind.name), s.write, steps, options...)
	if err != nil {
		return err
	}
	for {
		have, know, err := steward.GetVersions(ctx)
		switch {
		case err != nil:
			return err
		case have > know:
			return &versionError{have, know}
		case have == know:
			return nil
		}
		if _, err = steward.Up(ctx); err == nil {
			return nil
		}
		// In SQLite nobody waits: of two that carry out the same step, the later
		// one fails, and finds it done.
		if now, _, e := steward.GetVersions(ctx); e != nil || now == have {
			return err
		}
	}
}
