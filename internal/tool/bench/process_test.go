package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestLook(t *testing.T) {
	proc := t.TempDir()
	dir := filepath.Join(proc, "42")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A program may call itself what it likes.
	write("stat", "42 (a) b) 1 (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 6 7 20 0 9 0 100 1000 250 18446744073709551615\n")
	write("status", "Name:\tVmRSS: 9 kB\nVmHWM:\t    2000 kB\nVmRSS:\t    1000 kB\nRssAnon:\t     600 kB\nThreads:\t9\n")
	p, err := look(proc, 42)
	if err != nil || p.cpu != 2*time.Second || p.rss != 1000<<10 || p.anon != 600<<10 {
		t.Errorf("%+v, %v", p, err)
	}
	for name, files := range map[string][2]string{
		"no fields":     {"42 (a) S", "VmRSS: 1 kB\nRssAnon: 1 kB"},
		"no numbers":    {"42 (a) S 1 42 42 0 -1 4194560 1 2 3 4 x y 6", "VmRSS: 1 kB\nRssAnon: 1 kB"},
		"nothing":       {"", ""},
		"no RssAnon":    {"42 (a) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 6", "VmRSS: 1 kB"},
		"letters there": {"42 (a) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 6", "VmRSS: a kB\nRssAnon: 1 kB"},
	} {
		write("stat", files[0])
		write("status", files[1])
		if p, err := look(proc, 42); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
