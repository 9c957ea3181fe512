//go:build unix && !linux

package poster

import "golang.org/x/sys/unix"

// niceness is the server's; 0 if the system does not tell.
func niceness() int {
	n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return 0
	}
	return n
}

// limitResources does nothing: these systems let a process be limited by itself
// alone. Time, output and single allocations are bounded everywhere.
func limitResources(int, uint64) {}
