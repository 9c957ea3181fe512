package event

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/database/databasetest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv("MILLRACE_TEST_EVENTS"); url != "" {
		broadcastUntilKilled(url)
		return
	}
	code := m.Run()
	databasetest.Stop()
	os.Exit(code)
}

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
	t.Helper()
	for _, k := range databasetest.Kinds {
		t.Run(k.Name, func(t *testing.T) { test(t, open(t, k.URL(t))) })
	}
}
