//go:build linux

package main

import "syscall"

// mostFiles is more than any load needs. nginx reserves memory for as many
// connections as it may have.
const mostFiles = 20_000

// raiseFileLimit raises the number of open files as far as it goes, for all
// children too. (Go raises it for itself alone.)
func raiseFileLimit() {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return
	}
	more := syscall.Rlimit{Cur: mostFiles, Max: max(l.Max, mostFiles)}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &more) != nil {
		l.Cur = min(l.Max, mostFiles)
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // fileLimit tells
	}
}

// fileLimit is how many files a child may have open.
func fileLimit() uint64 {
	var l syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) // 0 fits nothing
	return l.Cur
}
