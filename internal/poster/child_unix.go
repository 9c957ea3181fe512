//go:build unix

package poster

import (
	"os/exec"
	"syscall"
)

// niceness of ffmpeg: nobody waits for a picture as they do for the stream.
const niceness = 15

// isolate has the program, and whatever it starts, end as one.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// restrain bounds what the program, which runs already, may take of the machine.
func restrain(pid int) {
	// Fails only where the server is nicer itself.
	_ = syscall.Setpriority(syscall.PRIO_PGRP, pid, niceness)
	limitResources(pid)
}
