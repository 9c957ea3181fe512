//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is a process that ends with this one, however this one ends.
type child struct {
	cmd      *exec.Cmd
	out, err output
	done     chan struct{}
}

// output collects what a child prints; it may be read meanwhile.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.b.Bytes())
}

// spawn starts a program in a process group of its own, so that Ctrl-C reaches
// this program alone, which ends the load before the server. It is called on
// the first thread: the system sends SIGTERM when the thread that spawned ends.
func spawn(name string, args ...string) (*child, error) {
	c := &child{cmd: exec.Command(name, args...), done: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.err
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = c.cmd.Wait() // how it ended is in ProcessState
		close(c.done)
	}()
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// wait returns whether the child ended within that time.
func (c *child) wait(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
		return false
	}
}

// end ends the child in order, or else by force.
func (c *child) end() {
	const patience = 15 * time.Second
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	if !c.wait(patience) {
		_ = c.cmd.Process.Kill()
		<-c.done
	}
}

var errEnded = errors.New("it ended at once")

// ready polls until what is waited for is there.
func (c *child) ready(there func() bool) error {
	const patience = 15 * time.Second
	for deadline := time.Now().Add(patience); !there(); {
		switch {
		case c.wait(20 * time.Millisecond):
			return fmt.Errorf("%w: %s", errEnded, c.complaint())
		case time.Now().After(deadline):
			return fmt.Errorf("it was not ready within %v: %s", patience, c.complaint())
		}
	}
	return nil
}

// complaint is the last line that the child wrote to stderr.
func (c *child) complaint() string {
	lines := strings.Split(strings.TrimSpace(string(c.err.bytes())), "\n")
	return lines[len(lines)-1]
}
