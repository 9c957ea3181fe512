package database

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database/databasetest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv("MILLRACE_TEST_CRASH"); url != "" {
		applyUntilKilled(url)
		return
	}
	code := m.Run()
	databasetest.Stop()
	os.Exit(code)
}

// kinds are the databases that every test runs on.
var kinds = databasetest.Kinds

// onBoth runs a test on both kinds of database, with an empty one.
func onBoth(t *testing.T, test func(t *testing.T, s *store)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) { test(t, open(t, k.URL(t))) })
	}
}

func open(t testing.TB, url string) *store {
	t.Helper()
	s, err := Open(t.Context(), url, Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.(*store)
}

func body(format string, args ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, args...))
}

// apply carries out changes that must succeed.
func apply(t testing.TB, s Store, changes ...Change) []Doc {
	t.Helper()
	docs, err := s.Apply(t.Context(), Batch{Actor: "test", Changes: changes})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func load(t testing.TB, s Store) map[string]Doc {
	t.Helper()
	docs := map[string]Doc{}
	err := s.Load(t.Context(), func(d Doc) error {
		docs[d.Kind+"/"+d.ID] = d
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within fails if fn takes much longer than a call may that the database does
// not answer. The machines of tests are slow.
func within(t testing.TB, fn func()) {
	t.Helper()
	start := time.Now()
	fn()
	if took := time.Since(start); took > Patience+3*time.Second {
		t.Errorf("it took %v, and the patience is %v", took, Patience)
	}
}

// eventually waits for what is under way in another process.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal("waited in vain: " + what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

var errGaveUp = errors.New("the caller gave up")

// canceled is a context of a caller who has gone.
func canceled(t testing.TB) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errGaveUp)
	return ctx, func() { cancel(nil) }
}
