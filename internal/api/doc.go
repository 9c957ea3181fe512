// Package api serves the HTTP API under /api/v1 and says how a server is
// reached.
package api
