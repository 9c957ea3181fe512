package poster

import (
	"os/exec"
	"syscall"
)

const (
	belowNormalPriority = 0x00004000
	createNoWindow      = 0x08000000
)

// isolate keeps the program behind the server. Its end is that of the process
// alone: there are no groups.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: belowNormalPriority | createNoWindow}
}

func restrain(int, uint64) {}
