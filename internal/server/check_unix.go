//go:build darwin || freebsd || linux

package server

import (
	"golang.org/x/sys/unix"
)

// openFiles is how many files this process may have open. The Go runtime has
// raised the limit as far as the system lets it.
func openFiles() (n uint64, ok bool) {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	return uint64(limit.Cur), err == nil //nolint:unconvert // it is signed on FreeBSD
}

// freeDisk is how many bytes this user may still write below dir.
func freeDisk(dir string) (n uint64, ok bool) {
	var fs unix.Statfs_t
	err := unix.Statfs(dir, &fs)
	return uint64(max(0, fs.Bavail)) * uint64(fs.Bsize), err == nil //nolint:unconvert // signed on FreeBSD
}
