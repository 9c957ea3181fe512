//go:build !linux || portable

package netx

import "syscall"

// control sets nothing: keep-alive and the doors' own deadlines find a dead
// peer here, somewhat later than on Linux.
func control(_, _ string, _ syscall.RawConn) error { return nil }
