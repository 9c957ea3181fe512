//go:build unix

package poster

import (
	"os/exec"
	"syscall"
)

const (
	// behind is how much nicer than the server ffmpeg is: nobody waits for a
	// picture as they do for the stream.
	behind = 10
	nicest = 19
)

// isolate has the program, and whatever it starts, end as one.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// restrain bounds what the program, which runs already, may take of the machine.
func restrain(pid int, memory uint64) {
	// Without it the picture would be made as fast as the stream is served.
	_ = syscall.Setpriority(syscall.PRIO_PGRP, pid, min(niceness()+behind, nicest))
	limitResources(pid, memory)
}
