package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"modernc.org/sqlite"
)

// The primary result codes of SQLite that pass: sqlite.org/rescode.html.
const (
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteNoMem    = 7
	sqliteReadOnly = 8
	sqliteStopped  = 9 // SQLITE_INTERRUPT
	sqliteIOErr    = 10
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteProtocol = 15
)

func openSQLite(ctx context.Context, path string, o Options) (Store, error) {
	what := "open the database " + path
	if path == "" {
		return nil, errors.New("open the database: sqlite: needs a path")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	// SQLite would make it readable for all; its log and index take its mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	f.Close()

	s := newStore(sqliteDialect())
	// One connection writes, so that writers wait in line for it instead of
	// finding the file locked. A transaction that read first and then wrote could
	// fail at once, whatever the timeout: hence immediate.
	s.write, err = sql.Open("sqlite", sqliteName(path, "_txlock=immediate",
		// Before the first table only, and it must come first: free pages can be given back.
		"_pragma=auto_vacuum(2)",
		"_pragma=journal_mode(WAL)",
		"_pragma=synchronous(FULL)",
		"_pragma=fullfsync(1)", // on macOS, where fsync leaves the bytes in the drive
		// What the log shrinks to once a long reader has made it grow.
		"_pragma=journal_size_limit(16777216)"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	s.write.SetMaxOpenConns(1)
	s.read, err = sql.Open("sqlite", sqliteName(path, "_pragma=query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(s.kind.idle)
	if err := s.ready(ctx, what, o, func(err error) bool { return sqliteCode(err) == sqliteBusy }); err != nil {
		return nil, err
	}
	return s, nil
}

// sqliteName is a path as a URI, in which SQLite takes none of its signs for
// something else.
func sqliteName(path string, options ...string) string {
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" {
		path = "/" + path
	}
	options = append([]string{"_pragma=busy_timeout(2500)"}, options...) // less than Patience, to hear why
	return (&url.URL{Scheme: "file", Path: path, RawQuery: strings.Join(options, "&")}).String()
}

func sqliteDialect() dialect {
	return dialect{
		name:     "sqlite3",
		update:   nil,
		snapshot: nil,
		idle:     4,
		away: func(err error) bool {
			switch sqliteCode(err) {
			case sqliteBusy, sqliteLocked, sqliteNoMem, sqliteReadOnly, sqliteStopped, sqliteIOErr, sqliteFull,
				sqliteCantOpen, sqliteProtocol:
				return true
			}
			return errors.Is(err, errSilent) || errors.Is(err, driver.ErrBadConn)
		},
		// Only a failed write or sync leaves it open what reached the disk.
		undone: func(err error) bool { return sqliteCode(err) != sqliteIOErr },
		tidy:   tidySQLite,
	}
}

// sqliteCode is the primary code of an error of SQLite, 0 of any other.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

func tidySQLite(ctx context.Context, s *store) error {
	for {
		var free int
		if err := s.write.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil {
			return err
		}
		// Some room is left for what comes next.
		if free < 1000 {
			break
		}
		if _, err := s.write.ExecContext(ctx, "PRAGMA incremental_vacuum(500)"); err != nil {
			return err
		}
	}
	_, err := s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	return err
}
