//go:build !(darwin || freebsd || linux)

package server

// openFiles and freeDisk are not asked for on this system.

func openFiles() (n uint64, ok bool) { return 0, false }

func freeDisk(string) (n uint64, ok bool) { return 0, false }
