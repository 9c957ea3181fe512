// Package netx opens the server's listeners and tells, from the first bytes of
// each connection, which of the server's doors it wants. Its [Driver] serves
// many connections from a few goroutines, where the system has what it takes.
package netx
