package e2e

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// process is a real encoder or player at work.
type process struct {
	name string
	cmd  *exec.Cmd
	out  *output
	done chan struct{}
}

// launch starts a program that is ended with the test at the latest.
func launch(t *testing.T, name string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: make setup", name)
	}
	p := &process{name: name, cmd: exec.Command(path, args...), out: &output{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s %q printed:\n%.3000s", name, args, p.out)
		}
	})
	return p
}

// wait returns the exit status once the program has ended by itself.
func (p *process) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("%s did not end within %v:\n%s", p.name, limit, p.out)
		return -1
	}
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// interrupt asks the program to end as Ctrl-C does, and waits for it.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGINT)
	p.wait(t, 10*time.Second)
}

// kill ends the program without a word to its peers.
func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGCONT)
	p.cmd.Process.Kill()
	<-p.done
}

// publish sends a file in real time with FFmpeg, every packet as it is. The
// flags stand before the input.
func publish(t *testing.T, file, url string, flags ...string) *process {
	t.Helper()
	args := append([]string{"-hide_banner", "-loglevel", "warning", "-re"}, flags...)
	return launch(t, "ffmpeg", append(args, "-i", file, "-c", "copy", "-f", "flv", url)...)
}
