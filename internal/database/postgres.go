package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

func openPostgres(ctx context.Context, url string, o Options) (Store, error) {
	const what = "open the database in PostgreSQL"
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The parser's error may quote the URL, and with it a password that has a
		// sign in it which belongs escaped.
		return nil, fmt.Errorf("%s: its URL cannot be read; "+
			"it is postgres://USER:PASSWORD@HOST:PORT/DATABASE, with signs other than letters and digits escaped as %%XX", what)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = Patience
	}
	s := newStore(postgresDialect())
	s.write = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(prepareSession))
	s.read = s.write
	s.write.SetMaxOpenConns(8)
	s.write.SetMaxIdleConns(s.kind.idle)
	// A fail-over moves a name to another address: go there in time, even if the
	// connections to the old one hold.
	s.write.SetConnMaxLifetime(30 * time.Minute)
	s.write.SetConnMaxIdleTime(5 * time.Minute)
	err = s.ready(ctx, what, o, func(err error) bool { return postgresAway(err) && !postgresRefused(err) })
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && postgresRefused(err) {
		at := config.Host // the folder of a socket
		if !strings.HasPrefix(at, "/") {
			at = net.JoinHostPort(at, strconv.Itoa(int(config.Port)))
		}
		if server.Code == "3D000" {
			return nil, fmt.Errorf("PostgreSQL at %s has no database %q: make it with createdb, or correct --database", at, config.Database)
		}
		return nil, fmt.Errorf("PostgreSQL at %s does not let the user %q into the database %q (%s): correct the user or "+
			"password in --database, or pg_hba.conf there", at, config.User, config.Database, server.Message)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// prepareSession makes commits durable where the server's settings do not, and
// frees the line of writers from a node that froze in a transaction. These are
// statements, since a connection pool in front of the server refuses them as
// parameters of the connection.
func prepareSession(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', '10s', false),
		set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
			ELSE current_setting('synchronous_commit') END, false)`)
	return err
}

func postgresDialect() dialect {
	return dialect{
		name:     "postgres",
		update:   &sql.TxOptions{Isolation: sql.LevelReadCommitted},
		snapshot: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		idle:     4,
		away:     postgresAway,
		again:    true,
		undone:   postgresUndone,
		tidy:     func(context.Context, *store) error { return nil }, // its own cleaner does that
	}
}

// postgresAway judges by the classes of SQLSTATE (PostgreSQL's documentation,
// appendix A), and takes whatever goes wrong with a connection for away.
func postgresAway(err error) bool {
	var server *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &connect):
		return true
	case errors.As(err, &server):
		switch server.Code {
		case "25006", // read-only: a standby, after a fail-over
			"25P03", // idle in a transaction for too long: this node froze
			"40001", "40P01", "55P03":
			return true
		}
		switch server.Code[:min(2, len(server.Code))] {
		case "08", "53", "57", "58": // connection, resources, operator, system
			return true
		}
		return false
	case errors.Is(err, errSilent), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return true
	}
	return pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed")
}

// postgresRefused tells what waiting cannot mend: a wrong user or password, a
// database that does not exist.
func postgresRefused(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && (strings.HasPrefix(server.Code, "28") || server.Code == "3D000")
}

// postgresUndone: the server says itself that it refused a commit, unless it was
// being shut down.
func postgresUndone(err error) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && !strings.HasPrefix(server.Code, "57") && !strings.HasPrefix(server.Code, "58")
}
