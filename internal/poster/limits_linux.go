package poster

import "golang.org/x/sys/unix"

// niceness is the server's. The kernel's answer is 20 less it, so that it is
// never negative (getpriority(2)); 0 if it gives none.
func niceness() int {
	n, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return 0
	}
	return 20 - n
}

// limitResources bounds a process that was just started. ffmpeg starts nothing
// and reserves little before it has read its input.
func limitResources(pid int, memory uint64) {
	for _, l := range []struct {
		resource int
		most     uint64
	}{
		// Its private memory. The address space would count libraries, too, of
		// which distributions link hundreds of MB.
		{unix.RLIMIT_DATA, memory},
		{unix.RLIMIT_CPU, uint64(makeCPU.Seconds())},
		{unix.RLIMIT_FSIZE, 0}, // no file
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_NOFILE, 64},
	} {
		// Where the system does not allow it, time and output are bounded still.
		_ = unix.Prlimit(pid, l.resource, &unix.Rlimit{Cur: l.most, Max: l.most}, nil)
	}
}
