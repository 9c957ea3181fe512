// Package packaging tests what users install: the archives, the Debian package,
// the container's recipe and the pages that explain them.
package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	root = "../.."
	// The version and the time of the release under test.
	version = "v0.9.0"
	date    = "2026-01-02T03:04:05Z"
)

// dist is the folder of the release under test, and binary the program that
// its archive for this machine holds.
var dist, binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(sandboxed) != "" {
		return m.Run() // the release is there already
	}
	dir, err := os.MkdirTemp("", "millrace-packaging-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // users other than root run what is in it
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dist = filepath.Join(dir, "dist")
	if out, err := release(dist); err != nil {
		fmt.Fprintf(os.Stderr, "make release: %v\n%s", err, out)
		return 1
	}
	name := "millrace_" + version + "_linux_" + runtime.GOARCH
	if out, err := exec.Command("tar", "-C", dir, "-xzf", filepath.Join(dist, name+".tar.gz")).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "unpack the archive: %v\n%s", err, out)
		return 1
	}
	binary = filepath.Join(dir, name, "millrace")
	return m.Run()
}

// platforms are what the release under test has: all of them take minutes.
func platforms() []string {
	if p := strings.Fields(os.Getenv("PLATFORMS")); len(p) > 0 {
		return p
	}
	return []string{"linux/" + runtime.GOARCH}
}

// release makes the release under test in a folder.
func release(out string) ([]byte, error) {
	return exec.Command("make", "-C", root, "--no-print-directory", "release", "OUT="+out, "VERSION="+version, "DATE="+date,
		"COMMIT=0123456789ab", "PLATFORMS="+strings.Join(platforms(), " ")).CombinedOutput()
}

// tell runs a program and returns what it prints.
func tell(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for started := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(started) > 15*time.Second {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
