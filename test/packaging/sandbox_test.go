package packaging

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// sandboxed names the variable that tells a test that it is inside.
const sandboxed = "MILLRACE_SANDBOX"

// sandbox is a copy of this machine's file system, made by an overlay in mount,
// process and network name spaces of their own: what is done in it ends with
// it, and the machine does not see it.
type sandbox struct {
	root string // of the copy
	dist string // the release, inside
}

// inSandbox runs the test that calls it once more inside a sandbox, where it
// gets that sandbox; outside it gets nil and has to return.
func inSandbox(t *testing.T) *sandbox {
	t.Helper()
	if dir := os.Getenv(sandboxed); dir != "" {
		return makeSandbox(t, dir)
	}
	if os.Getuid() != 0 {
		t.Skip("only root may make a sandbox")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "--net", "--pid", "--fork", "--kill-child", "--",
		self, "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), sandboxed+"="+dir, "MILLRACE_DIST="+dist)
	out, err := cmd.CombinedOutput()
	t.Logf("in the sandbox:\n%s", out)
	if strings.Contains(string(out), "--- SKIP") {
		t.Skip("this system lets root make no sandbox")
	}
	if err != nil {
		t.Errorf("in the sandbox: %v", err)
	}
	return nil
}

func makeSandbox(t *testing.T, dir string) *sandbox {
	t.Helper()
	s := &sandbox{root: dir + "/root", dist: os.Getenv("MILLRACE_DIST")}
	// An overlay's upper folder may not lie on another overlay, as a
	// container's file system is.
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
		if errors.Is(err, fs.ErrPermission) && os.Getenv("CI") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	for _, d := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(dir+"/"+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
		options              string
	}{
		{"overlay", "", "overlay", 0, "lowerdir=/,upperdir=" + dir + "/upper,workdir=" + dir + "/work"},
		{"/dev", "/dev", "", syscall.MS_BIND | syscall.MS_REC, ""},
		{"proc", "/proc", "proc", 0, ""},
		{"tmpfs", "/run", "tmpfs", 0, "mode=755"},
		{"tmpfs", "/tmp", "tmpfs", 0, "mode=1777"},
	} {
		if err := syscall.Mount(m.source, s.root+m.target, m.kind, m.flags, m.options); err != nil {
			t.Fatalf("mount %s: %v", m.source, err)
		}
	}
	tell(t, "ip", "link", "set", "lo", "up")
	return s
}

// run runs a program in the sandbox and returns what it prints.
func (s *sandbox) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("chroot", append([]string{s.root}, args...)...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"}
	cmd.Stdin = nil
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *sandbox) write(t *testing.T, name, text string, perm fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.root+name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.root+name, []byte(text), perm); err != nil {
		t.Fatal(err)
	}
}

func (s *sandbox) read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(s.root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (s *sandbox) exists(name string) bool {
	_, err := os.Lstat(s.root + name)
	return err == nil
}

// has checks owner, group and permissions of files, as stat(1) tells them.
func (s *sandbox) has(t *testing.T, want map[string]string) {
	t.Helper()
	for name, w := range want {
		if got := strings.TrimSpace(s.run(t, "stat", "-c", "%U %G %a", name)); got != w {
			t.Errorf("%s: %s, want %s", name, got, w)
		}
	}
}

// changed lists what the machine's file system has not, or has otherwise, in
// these folders.
func (s *sandbox) changed(t *testing.T, folders ...string) []string {
	t.Helper()
	var names []string
	upper := filepath.Dir(s.root) + "/upper"
	for _, folder := range folders {
		err := filepath.WalkDir(upper+folder, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			// A device stands for what the machine has and the sandbox has not.
			if err == nil && !d.IsDir() && d.Type()&fs.ModeDevice == 0 {
				names = append(names, strings.TrimPrefix(path, upper))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
