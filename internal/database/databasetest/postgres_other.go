//go:build !unix

package databasetest

import "testing"

// Server is a PostgreSQL of the tests' own, which there is on Unix only.
type Server struct{}

// Create makes an empty database.
func (*Server) Create(testing.TB) string { return "" }

// Postgres skips the test.
func Postgres(t testing.TB) *Server {
	t.Skip("the tests start PostgreSQL on Unix only")
	return nil
}

// Stop does nothing.
func Stop() {}
