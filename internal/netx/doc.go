// Package netx opens the server's listeners and tells, from the first bytes of
// each connection, which of the server's doors it wants.
package netx
