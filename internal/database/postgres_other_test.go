//go:build !unix

package database

import "testing"

type postgresServer struct{}

func (*postgresServer) create(testing.TB) string { return "" }

func postgres(t testing.TB) *postgresServer {
	t.Skip("the tests start PostgreSQL on Unix only")
	return nil
}

func stopPostgres() {}
