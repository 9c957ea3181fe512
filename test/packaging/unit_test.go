package packaging

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// command is the line that the service runs.
func command(t *testing.T) []string {
	t.Helper()
	unit, err := os.ReadFile(root + "/packaging/millrace.service")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(unit)) {
		if c, ok := strings.CutPrefix(line, "ExecStart="); ok {
			return strings.Fields(c)
		}
	}
	t.Fatal("the unit starts nothing")
	return nil
}

func TestUnitIsConfined(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	// In tenths: 20 is what systemd itself calls OK. What is left is the network.
	tell(t, "systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", root+"/packaging/millrace.service")
}
