package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
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

// Those that do not.
const (
	sqliteCorrupt = 11
	sqliteNotADB  = 26
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
		return nil, fileFault(path, err)
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
	err = s.ready(ctx, what, o, func(err error) bool { return sqliteCode(err) == sqliteBusy })
	switch sqliteCode(err) {
	case sqliteNotADB:
		return nil, fmt.Errorf("%s is no database: move it away and start with a new one, into which "+
			"millrace restore can put a backup", path)
	case sqliteCorrupt:
		return nil, fmt.Errorf("the database %s is damaged: move it away, and put a backup into its place with "+
			"millrace restore", path)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// fileFault says what to do about a file that cannot be opened.
func fileFault(path string, err error) error {
	mend := "make room for it, or choose another file with --database sqlite:PATH"
	stat, statErr := os.Stat(path)
	switch {
	case statErr == nil && stat.IsDir():
		mend = "a folder stands where the database should: move it away"
	case errors.Is(err, fs.ErrNotExist):
		mend = "make the folder " + filepath.Dir(path)
	case errors.Is(err, fs.ErrPermission):
		mend = "make it writable for the user that Millrace runs as"
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // the path is named already
	}
	return fmt.Errorf("cannot open the database %s (%w): %s", path, err, mend)
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
