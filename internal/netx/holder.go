package netx

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// portHolder names the process that listens on a TCP port, as in "nginx
// (process 812)", read from a Linux /proc; it is "" when that tells nothing,
// which without privileges is the case for other users' processes.
func portHolder(proc string, port int) string {
	inodes := make(map[string]bool)
	for _, table := range []string{"tcp", "tcp6"} {
		listenInodes(filepath.Join(proc, "net", table), port, inodes)
	}
	if len(inodes) == 0 {
		return ""
	}
	fds, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	if err != nil {
		return ""
	}
	for _, fd := range fds {
		target, err := os.Readlink(fd)
		if err != nil || !inodes[strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")] {
			continue
		}
		dir := filepath.Dir(filepath.Dir(fd))
		name, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil {
			continue
		}
		return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), filepath.Base(dir))
	}
	return ""
}

// listenInodes adds the socket inodes of the listeners on port in one table of
// the form of proc(5): "sl local_address rem_address st ... inode".
func listenInodes(file string, port int, inodes map[string]bool) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	const listening = "0A"
	for sc := bufio.NewScanner(f); sc.Scan(); {
		col := strings.Fields(sc.Text())
		if len(col) < 10 || col[3] != listening {
			continue
		}
		_, hex, _ := strings.Cut(col[1], ":")
		if n, err := strconv.ParseUint(hex, 16, 16); err == nil && int(n) == port {
			inodes[col[9]] = true
		}
	}
}
