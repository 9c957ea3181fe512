package poster

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func priority() int { return niceness() }

// reserve asks for memory as malloc does. The heap of Go is mapped over what is
// reserved already, which Linux from 6.12 on does not hold against RLIMIT_DATA.
func reserve(size int) error {
	_, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return err
}

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
	for _, l := range []struct {
		memory uint64
		enough bool
	}{{maxMemory, false}, {4 << 30, true}} {
		c := child{path: os.Args[0], args: []string{"-nostdin"}, limit: long, memory: l.memory}
		if _, err := c.run(t.Context(), []byte(order+"reserve;")); (err == nil) != l.enough {
			t.Errorf("it reserved 1 GiB of %d MiB: %v", l.memory>>20, err)
		}
	}
	want := fmt.Sprint(min(niceness()+10, 19))
	if got, err := do(t, long, "priority"); err != nil || got != want {
		t.Errorf("its niceness is %s (%v), want %s", got, err, want)
	}
}
