package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func script(t *testing.T, shell string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if status := run(environment{args: []string{"completion", shell}, stdout: &out, stderr: &complaints}); status != 0 {
		t.Fatalf("completion %s: status %d: %s", shell, status, complaints.String())
	}
	return out.String()
}

// The script completes in a real bash what a person has begun to type.
func TestBashCompletion(t *testing.T) {
	file := filepath.Join(t.TempDir(), "millrace.bash")
	if err := os.WriteFile(file, []byte(script(t, "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"millrace pub", []string{"publish"}},
		{"millrace publish --l", []string{"--loop"}},
		{"millrace publish film.flv --l", []string{"--loop"}},
		{"millrace publish fil", nil}, // left to bash's own completion of files
		{"millrace --op", []string{"--open", "--open-world"}},
		{"millrace serve --de", []string{"--delivery", "--demo"}},
	} {
		words := strings.Fields(c.typed)
		program := fmt.Sprintf("source %q; COMP_WORDS=(%s); COMP_CWORD=%d; _millrace; echo \"${COMPREPLY[@]}\"", file, c.typed, len(words)-1)
		out, err := exec.Command("bash", "-c", program).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.typed, err, out)
		}
		if got := strings.Fields(string(out)); !slices.Equal(got, c.want) {
			t.Errorf("%s: completed by %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestFishCompletion(t *testing.T) {
	text := script(t, "fish")
	for _, want := range []string{
		"complete -c millrace -n '__fish_use_subcommand' -a publish -d ",
		"complete -c millrace -n '__fish_seen_subcommand_from publish' -l loop -d ",
		"complete -c millrace -n '__fish_seen_subcommand_from streams' -a create -d ",
		"complete -c millrace -n '__fish_seen_subcommand_from streams; and __fish_seen_subcommand_from create' -l no-key -d ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the script lacks %q", want)
		}
	}
}
