package api

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The examples of docs/api.md work as they stand there, one after the other.
func TestPageWorks(t *testing.T) {
	for _, program := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: %v", program, err)
		}
	}
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	c := newControl(t)
	server := httptest.NewServer(c)
	defer server.Close()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "millrace-data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "millrace-data", "admin.token"), []byte(c.admin+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := "set -euo pipefail\n"
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	for _, m := range blocks {
		script += "echo '# next'\n" + strings.ReplaceAll(m[1], "http://localhost:8080", server.URL)
	}
	bash := exec.CommandContext(t.Context(), "bash", "-c", script)
	bash.Dir = dir
	out, err := bash.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	answers := strings.Split(string(out), "# next\n")[1:]
	for i, want := range []string{
		``, ``, `"stream_key": "`, "", `"state": "idle"`, `"hall":"2"`, "public", "The square",
		"live/cam1\tidle", `{"action":"created","stream":"show/stage"}`, "", "sig=", `"ok":true`, `"delivered":true`, "one\tlive/cam1", "admin",
	} {
		if i >= len(answers) || !strings.Contains(answers[i], want) {
			t.Errorf("block %d: no %q in\n%s", i+1, want, strings.Join(answers[min(i, len(answers)):], "# next\n"))
		}
	}
	// The same request twice: the same key.
	if keys := strings.Fields(answers[3]); len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("keys %q", keys)
	}
	if lines := strings.Fields(answers[11]); len(lines) < 2 || !strings.Contains(lines[0], "sig=") || strings.Count(lines[1], ".") != 2 {
		t.Errorf("permissions %q", lines)
	}
	if backup, err := os.ReadFile(filepath.Join(dir, "millrace.backup")); err != nil || string(backup) != "all of it" {
		t.Errorf("%q, %v", backup, err)
	}
	if token, err := os.ReadFile(filepath.Join(dir, "schedule.token")); err != nil {
		t.Error(err)
	} else if got, ok := c.Catalog.FindToken(strings.TrimSpace(string(token))); !ok || got.Label != "schedule" {
		t.Errorf("%+v, %v", got, ok)
	}
}
