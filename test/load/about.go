//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// about describes the machine, the programs and the moment.
func about(args []string, millrace string) *work {
	w := &work{
		Command: strings.Join(append([]string{"cd test && go run ./load"}, args...), " "),
		Begun:   time.Now().UTC().Truncate(time.Second),
		Machine: fmt.Sprintf("%s, %d processors, Linux %s", processor(), runtime.NumCPU(), kernel()),
		Version: firstLine(exec.Command(millrace, "version")),
	}
	if program, _, err := findNginx(); err == nil {
		w.Nginx = strings.TrimPrefix(firstLine(exec.Command(program, "-v")), "nginx version: ")
	}
	return w
}

func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "of unknown release"
	}
	return strings.TrimSpace(string(b))
}

// firstLine is what a program says of its version, in either output.
func firstLine(c *exec.Cmd) string {
	out, err := c.CombinedOutput()
	if err != nil {
		return "unknown version"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
