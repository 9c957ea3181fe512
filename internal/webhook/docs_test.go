package webhook

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What the page tells people to write finds right signatures right, and wrong
// ones wrong.
func TestRecipesOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/events.md")
	must(t, err)
	body := []byte(`{"specversion":"1.0","data":"ä %s \n"}`)
	now := time.Now()
	for _, c := range []struct{ lang, program, after string }{
		{"sh", "sh", ""},
		{"python", "python3", "\nimport os\nif genuine(os.environ['secret'], os.environ['header'], open('body', 'rb').read()): print('genuine')\n"},
	} {
		t.Run(c.lang, func(t *testing.T) {
			for _, needed := range []string{c.program, "openssl"} {
				if _, err := exec.LookPath(needed); err != nil {
					t.Skip(needed + " is not installed")
				}
			}
			m := regexp.MustCompile("(?s)```" + c.lang + "\n([^`]*(?:openssl|hmac)[^`]*)```").FindSubmatch(page)
			if m == nil {
				t.Fatal("there is no recipe")
			}
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "body"), body, 0o600))
			must(t, os.WriteFile(filepath.Join(dir, "recipe"), append(m[1], c.after...), 0o600))
			for _, try := range []struct {
				name, secret string
				at           time.Time
				want         string
			}{
				{"right", secret, now, "genuine"},
				{"wrong", secret + "x", now, ""},
				{"old", secret, now.Add(-10 * time.Minute), ""},
			} {
				cmd := exec.Command(c.program, "recipe")
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "secret="+secret, "header="+Sign(try.secret, try.at, body))
				out, _ := cmd.Output() // the shell's last test is its status
				if got := strings.TrimSpace(string(out)); got != try.want {
					t.Errorf("%s: it prints %q", try.name, got)
				}
			}
		})
	}
}
