//go:build unix

package database

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database/databasetest"
)

// calls are one of each kind of call that asks the database.
func calls(t *testing.T, s Store) map[string]func() error {
	ctx := t.Context()
	return map[string]func() error{
		"Apply": func() error {
			_, err := s.Apply(ctx, Batch{Actor: "test", Changes: []Change{{Kind: "k", ID: "1", Body: body(`1`)}}})
			return err
		},
		"Append": func() error { return s.Append(ctx, Event{ID: "1", Subject: "s", Type: "t", Body: body(`1`)}) },
		"Load":   func() error { return s.Load(ctx, func(Doc) error { return nil }) },
		"Audit":  func() error { _, err := s.Audit(ctx, 0, 1); return err },
		"Due":    func() error { _, err := s.Due(ctx, "x", time.Now(), time.Minute, 1); return err },
		"Done":   func() error { return s.Done(ctx, "x", 1) },
		"Prune":  func() error { return s.Prune(ctx, both(time.Now())) },
		"Backup": func() error { return s.Backup(ctx, filepath.Join(os.TempDir(), "never")) },
		"Ping":   func() error { return s.Ping(ctx) },
	}
}

// areAway expects all of them to say that the database is away, soon.
func areAway(t *testing.T, calls map[string]func() error) {
	t.Helper()
	var group sync.WaitGroup
	for name, call := range calls {
		group.Go(func() {
			within(t, func() {
				if err := call(); !errors.Is(err, ErrAway) || errors.Is(err, ErrUnsure) {
					t.Errorf("%s: %v", name, err)
				}
			})
		})
	}
	group.Wait()
}

func TestPostgresGoesAwayAndComesBack(t *testing.T) {
	p := databasetest.OwnPostgres(t)
	s := open(t, p.Create(t))
	apply(t, s, Change{Kind: "k", ID: "0", Body: body(`0`)})

	p.Kill()
	areAway(t, calls(t, s))
	must(t, p.Start())
	must(t, s.Ping(t.Context()))

	// Restarted unnoticed: the connections are dead, and no call fails of it.
	var conns []*sql.Conn
	for range s.kind.idle {
		c, err := s.write.Conn(t.Context())
		must(t, err)
		conns = append(conns, c)
	}
	for _, c := range conns {
		c.Close()
	}
	p.Kill()
	must(t, p.Start())
	apply(t, s, Change{Kind: "k", ID: "1", Body: body(`1`)})

	// There, and silent.
	p.Signal(syscall.SIGSTOP)
	areAway(t, calls(t, s))
	p.Signal(syscall.SIGCONT)
	eventually(t, "it answers again", func() bool { return s.Ping(t.Context()) == nil })
	if docs := load(t, s); len(docs) != 2 {
		t.Errorf("it has %v", docs)
	}
	apply(t, s, Change{Kind: "k", ID: "2", Body: body(`2`)})
}

func TestPostgresIsAwayAtTheStart(t *testing.T) {
	p := databasetest.OwnPostgres(t)
	url := p.Create(t)
	p.Stop()

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, url, Options{}); !errors.Is(err, ErrAway) {
		t.Errorf("opened in vain: %v", err)
	}

	var said bytes.Buffer
	opened := make(chan error)
	go func() {
		s, err := Open(t.Context(), url, Options{Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err == nil {
			err = errors.Join(s.Ping(t.Context()), s.Close())
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(time.Second):
	}
	must(t, p.Start())
	must(t, <-opened)
	if n := strings.Count(said.String(), "\n"); n != 2 || !strings.Contains(said.String(), "the database does not answer") {
		t.Errorf("it said %q", said.String())
	}
}

// A fail-over makes a primary a standby that reads, and refuses to write.
func TestPostgresBecomesReadOnly(t *testing.T) {
	p := databasetest.Postgres(t)
	url := p.Create(t)
	s := open(t, url)
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres://millrace@/"), "?")
	set := func(value string) {
		c, err := sql.Open("pgx", p.URL("postgres"))
		must(t, err)
		defer c.Close()
		_, err = c.ExecContext(t.Context(), "ALTER DATABASE "+name+" SET default_transaction_read_only = "+value)
		must(t, err)
	}
	set("on")
	s.drop(s.write) // the setting is for new connections
	_, err := s.Apply(t.Context(), Batch{Actor: "test", Changes: []Change{{Kind: "k", ID: "1", Body: body(`1`)}}})
	if !errors.Is(err, ErrAway) {
		t.Errorf("written to a standby: %v", err)
	}
	must(t, s.Ping(t.Context()))
	set("off")
	apply(t, s, Change{Kind: "k", ID: "1", Body: body(`1`)})
}

// The server may carry out a commit and its answer be lost.
func TestTheAnswerToACommitIsLost(t *testing.T) {
	p := databasetest.Postgres(t)
	url := p.Create(t)
	line := cutAtCommit(t, filepath.Join(p.Dir, ".s.PGSQL.5432"))
	s := open(t, strings.Replace(url, p.Dir, line.dir, 1))
	batch := Batch{Actor: "test", Request: "r", Changes: []Change{{Kind: "k", ID: "1", Body: body(`1`)}}}
	line.cut.Store(true)
	_, err := s.Apply(t.Context(), batch)
	if !errors.Is(err, ErrUnsure) || !errors.Is(err, ErrAway) {
		t.Errorf("an unanswered commit: %v", err)
	}
	line.cut.Store(false)
	eventually(t, "the server carries it out", func() bool { return len(load(t, s)) == 1 })
	if docs, err := s.Apply(t.Context(), batch); !errors.Is(err, ErrRepeated) || len(docs) != 1 {
		t.Errorf("repeated: %v, %v", docs, err)
	}
}

// A node that froze in the middle of a transaction holds up the others for no
// longer than the server allows.
func TestAFrozenNodeIsDropped(t *testing.T) {
	p := databasetest.Postgres(t)
	url := p.Create(t)
	frozen, other := open(t, url), open(t, url)
	tx, err := frozen.write.BeginTx(t.Context(), nil)
	must(t, err)
	defer tx.Rollback()
	_, err = tx.ExecContext(t.Context(), "UPDATE heads SET history = history")
	must(t, err)
	areAway(t, map[string]func() error{"Apply": calls(t, other)["Apply"]})
	eventually(t, "the server drops it", func() bool {
		return calls(t, other)["Append"]() == nil
	})
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk")
	must(t, os.WriteFile(junk, bytes.Repeat([]byte("no database "), 1000), 0o600))
	urls := map[string]string{
		"sqlite:" + filepath.Join(dir, "none", "millrace.db"): "no such file",
		"sqlite:" + dir:                     "is a directory",
		"sqlite:" + junk:                    "is no database: move it away",
		"sqlite:":                           "needs a path",
		"mysql://secret@host/":              `"mysql" is no kind of database`,
		"secret":                            "has no kind",
		"postgres://u:secret%@host:5432/db": "cannot be read",
		"postgres://u:secret@host:port/db":  "cannot be read",
		"postgres://u:secret@host/db?sslmode=perhaps":        "cannot be read",
		"postgres://u:secret@host/db?connect_timeout=secret": "cannot be read",
	}
	if p := databasetest.Installed(); p != nil {
		urls[p.URL("nowhere")] = "make it with createdb"
		urls[strings.Replace(p.URL("postgres"), "millrace", "nobody:secret", 1)] = `does not let the user "nobody" into`
	}
	for url, says := range urls {
		within(t, func() {
			s, err := Open(t.Context(), url, Options{})
			if err == nil {
				s.Close()
				t.Errorf("%s: opened", url)
			} else if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", url, err)
			}
		})
	}
}

func TestSQLiteIsLockedBySomebodyElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "millrace.db")
	s := open(t, "sqlite:"+path)
	other, err := sql.Open("sqlite", path)
	must(t, err)
	defer other.Close()
	other.SetMaxOpenConns(1)
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	must(t, err)
	writing := calls(t, s)
	for _, reading := range []string{"Load", "Audit", "Due", "Ping", "Backup"} {
		delete(writing, reading)
	}
	areAway(t, writing)
	load(t, s) // goes on
	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	must(t, err)
	apply(t, s, Change{Kind: "k", ID: "1", Body: body(`1`)})
}

func TestSQLiteHasNoRoom(t *testing.T) {
	s := open(t, kinds[0].URL(t))
	apply(t, s, Change{Kind: "k", ID: "1", Body: body(`1`)})
	limit := func(pages int) {
		_, err := s.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		must(t, err)
	}
	var pages int
	must(t, s.write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	limit(pages + 1)
	large := Change{Kind: "k", ID: "2", Body: body(`"%s"`, strings.Repeat("x", 100_000))}
	_, err := s.Apply(t.Context(), Batch{Actor: "test", Changes: []Change{large}})
	if !errors.Is(err, ErrAway) || errors.Is(err, ErrUnsure) {
		t.Errorf("written on a full disk: %v", err)
	}
	if docs := load(t, s); len(docs) != 1 {
		t.Errorf("it has %v", docs)
	}
	limit(1 << 30)
	apply(t, s, large)
}

func TestSQLiteFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "größe?a=b#%41 .db")
	s := open(t, "sqlite:"+path)
	apply(t, s, Change{Kind: "k", ID: "1", Body: body(`1`)})
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the mode of %s is %v", name, info.Mode())
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "auto_vacuum": "2"} {
		var got string
		must(t, s.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, not %s", pragma, got, want)
		}
	}
	must(t, s.Close())
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("closed, it left its log: %v", err)
	}
}

func TestPostgresSession(t *testing.T) {
	p := databasetest.Postgres(t)
	s := open(t, p.Create(t)+"&synchronous_commit=off")
	var got string
	must(t, s.write.QueryRowContext(t.Context(), "SHOW synchronous_commit").Scan(&got))
	if got != "on" {
		t.Errorf("synchronous_commit is %s", got)
	}
}

// commitCutter is a connection to PostgreSQL that breaks between a commit and
// its answer.
type commitCutter struct {
	dir string
	cut atomic.Bool
}

func cutAtCommit(t *testing.T, socket string) *commitCutter {
	t.Helper()
	dir, err := os.MkdirTemp("", "millrace-cut-") // a test's own folder has too long a name
	must(t, err)
	c := &commitCutter{dir: dir}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	must(t, err)
	var group sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		group.Wait()
		os.RemoveAll(dir)
	})
	group.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				client.Close()
				return
			}
			group.Go(func() {
				io.Copy(client, server)
				client.Close()
			})
			group.Go(func() {
				c.forward(server, client)
				server.Close()
			})
		}
	})
	return c
}

func (c *commitCutter) forward(server, client net.Conn) {
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if c.cut.Load() && bytes.Contains(bytes.ToLower(buf[:n]), []byte("commit\x00")) {
			client.Close() // so that no answer gets through
			server.Write(buf[:n])
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}
