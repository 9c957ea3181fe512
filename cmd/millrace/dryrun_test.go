package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDryRunShowsWhereSettingsComeFrom(t *testing.T) {
	name := writeConfig(t, "rtmp: 127.0.0.1:0\ngrace: 5m\ndelivery: economy\nkeys: [{stream: live/a, key: open-sesame}]\n")
	data := filepath.Join(t.TempDir(), "not", "yet")
	cmd, stdout, stderr := program("serve", "--dry-run", "--config", name, "--http", "127.0.0.1:0", "--data", data,
		"--database", "postgres://mill:p4ss@db/mill", "--rtmfp", ":1935")
	cmd.Env = append(cmd.Env, "MILLRACE_DELIVERY=realtime")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	words := func(line string) string { return strings.Join(strings.Fields(line), " ") }
	lines := make(map[string]bool)
	for line := range strings.Lines(stdout.String()) {
		lines[words(strings.ReplaceAll(line, name, "f.yaml"))] = true
	}
	for _, want := range []string{
		"rtmp 127.0.0.1:0 f.yaml:1:7", "grace 5m f.yaml:2:8", "delivery realtime MILLRACE_DELIVERY", "http 127.0.0.1:0 --http",
		"play-wait 30s default", "open false default", "keys[0].stream live/a f.yaml:4:17", "keys[0].key [hidden] f.yaml:4:30",
		"database postgres://mill:[hidden]@db/mill --database",
	} {
		if !lines[want] {
			t.Errorf("there is no line %q in\n%s", want, stdout)
		}
	}
	if all := stdout.String() + stderr.String(); strings.Contains(all, "open-sesame") || strings.Contains(all, "p4ss") {
		t.Errorf("a secret is shown:\n%s", all)
	}
	if !strings.Contains(stderr.String(), "warning: --rtmfp does nothing yet") {
		t.Errorf("to standard error: %s", stderr)
	}
	if _, err := os.Stat(filepath.Dir(data)); err == nil {
		t.Error("the data folder was made")
	}
}

func TestDryRunFindsWhatWouldFail(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := writeConfig(t, faulty)
	tests := []struct {
		name    string
		args    []string
		status  int
		fault   string // in the first fault
		warning string
	}{
		{"a port of another server", []string{"--rtmp", busy.Addr().String()}, 0, "", "is already in use"},
		{"an address of another machine", []string{"--rtmp", "192.0.2.1:0"}, 1, "--rtmp", ""},
		{"a folder in a file", []string{"--rtmp", "127.0.0.1:0", "--data", filepath.Join(file, "x")}, 1, "cannot write to the data folder", ""},
		{"a certificate that is none", []string{"--rtmp", "127.0.0.1:0", "--cert", file, "--key", file}, 1, "should hold a certificate", ""},
		{"a faulty file", []string{"--config", file}, 1, `"1935": a port needs a colon`, ""},
	}
	for _, tt := range tests {
		cmd, stdout, stderr := program(append([]string{
			"serve", "--dry-run", "--json", "--data", t.TempDir(), "--http", "127.0.0.1:0",
		}, tt.args...)...)
		cmd.Run()
		var got struct {
			Settings []struct{ Name, Value, From string }
			Warnings []string
			Faults   []fault
		}
		if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v: %s%s", tt.name, err, stdout, stderr)
		}
		first := ""
		if len(got.Faults) > 0 {
			first = got.Faults[0].Message
		}
		if cmd.ProcessState.ExitCode() != tt.status || !strings.Contains(first, tt.fault) || (len(got.Faults) > 0) != (tt.status == 1) ||
			!strings.Contains(strings.Join(got.Warnings, "\n"), tt.warning) || len(got.Settings) < 10 {
			t.Errorf("%s: status %d, %s", tt.name, cmd.ProcessState.ExitCode(), stdout)
		}
	}
}
