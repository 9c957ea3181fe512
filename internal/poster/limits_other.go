//go:build unix && !linux

package poster

// limitResources does nothing: these systems let a process be limited by itself
// alone. Time, output and single allocations are bounded everywhere.
func limitResources(int) {}
