package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// with is the steps of today and more.
func with(t *testing.T, s *store, more map[string]string) fs.FS {
	t.Helper()
	steps := fstest.MapFS{}
	today := migrations(s.kind.name)
	names, err := fs.Glob(today, "*.sql")
	must(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(today, name)
		must(t, err)
		steps[name] = &fstest.MapFile{Data: text}
	}
	for name, text := range more {
		steps[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return steps
}

func TestMigrateAnOlderDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		fill(t, s)
		before := everything(t, s)
		steps := with(t, s, map[string]string{
			"09001_mark.sql": "-- +goose Up\nALTER TABLE documents ADD COLUMN mark TEXT NOT NULL DEFAULT 'none';\n",
			"09002_fill.sql": "-- +goose Up\nUPDATE documents SET mark = kind;\n",
		})
		must(t, s.migrate(t.Context(), steps))
		must(t, s.migrate(t.Context(), steps)) // nothing is left to do
		var marks int
		must(t, s.view(t.Context(), "count", func(w *work) error {
			return w.row("SELECT COUNT(*) FROM documents WHERE mark = 'k'", nil, &marks)
		}))
		if marks != 5 {
			t.Errorf("%d documents were marked", marks)
		}
		if after := everything(t, s); after != before {
			t.Errorf("it holds\n%s\nnot\n%s", after, before)
		}
	})
}

func TestAStepThatFailsLeavesWhatWas(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		fill(t, s)
		before := everything(t, s)
		err := s.migrate(t.Context(), with(t, s, map[string]string{
			"09001_half.sql": "-- +goose Up\nDELETE FROM documents;\nCREATE TABLE half (id BIGINT);\nINSERT INTO nowhere VALUES (1);\n",
		}))
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a step that fails: %v", err)
		}
		if after := everything(t, s); after != before {
			t.Errorf("it holds\n%s\nnot\n%s", after, before)
		}
		must(t, s.migrate(t.Context(), with(t, s, map[string]string{
			"09001_mended.sql": "-- +goose Up\nCREATE TABLE half (id BIGINT);\n",
		})))
	})
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			url := k.URL(t)
			s := open(t, url)
			must(t, s.migrate(t.Context(), with(t, s, map[string]string{
				"09001_later.sql": "-- +goose Up\nCREATE TABLE later (id BIGINT);\n",
			})))
			_, err := Open(t.Context(), url, Options{})
			var newer *versionError
			if !errors.As(err, &newer) || newer.have != 9001 || !strings.Contains(err.Error(), "a newer Millrace has used it") {
				t.Errorf("a database of a newer version: %v", err)
			}
		})
	}
}

// Replication and monitoring keep tables of their own beside ours.
func TestTablesOfOthersAreLeftAlone(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			url := k.URL(t)
			_, err := open(t, url).write.ExecContext(t.Context(), "CREATE TABLE goose_db_version (id BIGINT)")
			must(t, err)
			open(t, url)
		})
	}
}

func TestManyOpenAnEmptyDatabase(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			url := k.URL(t)
			var group sync.WaitGroup
			for range 5 {
				group.Go(func() {
					s, err := Open(t.Context(), url, Options{})
					if err != nil {
						t.Error(err)
						return
					}
					defer s.Close()
					if err := s.Ping(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
		})
	}
}

// The two kinds have the same tables, so that a backup of one fits the other.
func TestTheSchemasAreAlike(t *testing.T) {
	columns := map[string][]string{}
	onBoth(t, func(t *testing.T, s *store) {
		var all []string
		for _, table := range []string{"heads", "documents", "history", "requests", "events", "deliveries"} {
			rows, err := s.read.QueryContext(t.Context(), "SELECT * FROM "+table)
			must(t, err)
			names, err := rows.Columns()
			must(t, err)
			rows.Close()
			all = append(all, fmt.Sprint(table, names))
		}
		columns[s.kind.name] = all
	})
	if lists := slices.Collect(maps.Values(columns)); len(lists) == 2 && !reflect.DeepEqual(lists[0], lists[1]) {
		t.Errorf("%v", lists)
	}
	a, err := fs.Glob(migrations("sqlite3"), "*.sql")
	must(t, err)
	b, err := fs.Glob(migrations("postgres"), "*.sql")
	must(t, err)
	if len(a) == 0 || !slices.Equal(a, b) {
		t.Errorf("the steps are %v and %v", a, b)
	}
}
