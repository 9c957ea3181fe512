package event

import (
	"path/filepath"
	"testing"

	"github.com/millrace-live/millrace/internal/database"
)

func sqlite(t testing.TB) database.Store {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "millrace.db"))
}

func open(t testing.TB, url string) database.Store {
	t.Helper()
	s, err := database.Open(t.Context(), url, database.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// onBoth runs a test on both kinds of database, with an empty one.
func onBoth(t *testing.T, test func(t *testing.T, s database.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, sqlite(t)) })
}
