package poster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func priority() int { return niceness() }

// A child may write no file, take no more memory than it is given, and stands
// behind the server.
func TestChildIsLimited(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if _, err := do(t, long, "write "+file); err == nil {
		t.Error("it wrote a file")
	}
	if i, err := os.Stat(file); err == nil && i.Size() > 0 {
		t.Errorf("the file has %d bytes", i.Size())
	}
	c := child{path: os.Args[0], args: []string{"-nostdin"}, limit: long, memory: maxMemory}
	if _, err := c.run(t.Context(), []byte(order+"reserve;")); err == nil || !strings.Contains(err.Error(), "allocate") {
		t.Errorf("it reserved 1 GiB: %v", err)
	}
	want := fmt.Sprint(min(niceness()+10, 19))
	if got, err := do(t, long, "priority"); err != nil || got != want {
		t.Errorf("its niceness is %s (%v), want %s", got, err, want)
	}
}
