// Package databasetest gives tests the databases that they run on: SQLite, and a
// PostgreSQL of their own.
package databasetest

import (
	"path/filepath"
	"testing"
)

// Kinds are the databases that a test runs on. Each gives the URL of a new, empty
// one.
var Kinds = []struct {
	Name string
	URL  func(testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "millrace.db") }},
	{"PostgreSQL", func(t testing.TB) string { return Postgres(t).Create(t) }},
}
