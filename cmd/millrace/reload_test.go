package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// logBuffer is a log that is read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func TestReload(t *testing.T) {
	config, data, log := writeConfig(t, "grace: 1m\n"), t.TempDir(), &logBuffer{}
	reload := func(flags ...string) (status int, said string) {
		cmd, stdout, stderr := program(append([]string{"reload"}, flags...)...)
		cmd.Env = append(cmd.Env, "MILLRACE_DATA="+data)
		cmd.Run()
		return cmd.ProcessState.ExitCode(), strings.ReplaceAll(stdout.String()+stderr.String(), config, "f.yaml")
	}
	if status, said := reload(); status != 1 || !strings.Contains(said, "no server runs with the data folder "+data) {
		t.Errorf("without a server: status %d, %s", status, said)
	}

	server, _, _ := program("serve", "--config", config, "--data", data, "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--rtmps", "off")
	server.Stderr = log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	defer func() {
		server.Process.Kill()
		<-ended
	}()
	waitFor(t, "the server", func() bool {
		b, err := os.ReadFile(filepath.Join(data, "addresses.json"))
		return err == nil && json.Valid(b)
	})

	for _, tt := range []struct {
		text   string
		status int
		want   string
	}{
		{"grace: 2m\nlog-level: debug\n", 0, "reloaded; changed: grace, log-level\n"},
		{"grace: 2m\nlog-level: debug # as it was\n", 0, "reloaded; nothing changed\n"},
		{"grace: 2m\ndemo: true\n", 0, "reloaded; changed: log-level\nthese take hold at the next start only: demo\n"},
		{"grcae: 2m\n", 1, "millrace: f.yaml:1:1: there is no setting \"grcae\"; did you mean \"grace\"?\n"},
	} {
		if err := os.WriteFile(config, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		status, said := reload()
		// On a slow machine the server has noticed the change by itself.
		noticed := strings.Replace(said, "nothing changed", strings.TrimPrefix(firstLine(tt.want), "reloaded; "), 1)
		if status != tt.status || said != tt.want && noticed != tt.want {
			t.Errorf("%q: status %d, %s", tt.text, status, said)
		}
	}
	if err := os.WriteFile(config, []byte("grace: 3m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, said := reload("--json"); status != 0 || !strings.Contains(said, `"changed": [`) {
		t.Errorf("as JSON: status %d, %s", status, said)
	}

	if runtime.GOOS == "windows" {
		return // there are no signals to send here
	}
	server.Process.Signal(syscall.SIGHUP)
	waitFor(t, "the reload by a signal", func() bool { return strings.Contains(log.String(), `"by":"signal"`) })
	server.Process.Signal(syscall.SIGTERM)
	waitFor(t, "the end", func() bool { return strings.Contains(log.String(), `"msg":"stopped"`) })
}
