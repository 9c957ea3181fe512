package packaging

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const config = "/etc/millrace/millrace.yaml"

func TestDebianPackage(t *testing.T) {
	s := inSandbox(t)
	if s == nil {
		return
	}
	for _, name := range []string{"/etc/millrace", "/var/lib/millrace", "/usr/bin/millrace"} {
		s.run(t, "rm", "-rf", name) // whatever this machine has
	}
	older := s.bring(t, filepath.Join(s.dist, "millrace_0.9.0_"+runtime.GOARCH+".deb"))
	newer := s.bring(t, nextVersion(t))
	s.standInForSystemd(t)

	// What root's own server has left.
	s.write(t, "/var/lib/millrace/admin.token", "a-token-that-is-long-enough-for-anyone\n", 0o600)
	s.run(t, "chown", "-R", "root:root", "/var/lib/millrace")
	s.run(t, "chmod", "0700", "/var/lib/millrace")

	// A machine without systemd: a container, a chroot.
	s.run(t, "dpkg", "--install", older)
	s.has(t, map[string]string{
		"/usr/bin/millrace":                        "root root 755",
		"/usr/lib/systemd/system/millrace.service": "root root 644",
		"/usr/share/doc/millrace/copyright":        "root root 644",
		"/etc/millrace":                            "root root 755",
		config:                                     "root millrace 640",
		"/var/lib/millrace":                        "millrace millrace 700",
	})
	if got := s.run(t, "dpkg", "--verify", "millrace"); got != "" {
		t.Errorf("files are not as the package has them:\n%s", got)
	}
	if got := s.run(t, "getent", "passwd", "millrace"); !strings.Contains(got, ":/var/lib/millrace:/usr/sbin/nologin") {
		t.Errorf("the account: %s", got)
	}
	s.run(t, "systemd-analyze", "verify", "/usr/lib/systemd/system/millrace.service")
	if !s.exists("/etc/systemd/system/multi-user.target.wants/millrace.service") {
		t.Error("the service will not start with the machine")
	}
	if got := s.systemctl(t); len(got) != 0 {
		t.Errorf("systemctl was called where there is no systemd: %q", got)
	}

	// The service itself, as the unit starts it.
	p := s.serve(t)
	key := s.read(t, "/var/lib/millrace/first-key.txt")
	s.has(t, map[string]string{
		"/var/lib/millrace/first-key.txt": "millrace millrace 600",
		"/var/lib/millrace/admin.token":   "millrace millrace 600",
	})
	if got := get(t, "http://[::1]:8080/readyz"); got != "ready\n" {
		t.Errorf("over IPv6: %q", got)
	}
	p.stop(t)

	// An administrator's hand, then a new version, with systemd at work.
	s.write(t, "/run/systemd/system/.keep", "", 0o644)
	s.write(t, config, s.read(t, config)+"http: ':80'\n", 0o640)
	s.run(t, "dpkg", "--install", newer)
	if got := s.run(t, "/usr/bin/millrace", "version"); !strings.HasPrefix(got, "millrace v0.9.1 ") {
		t.Errorf("after the upgrade: %s", got)
	}
	if !strings.HasSuffix(s.read(t, config), "http: ':80'\n") {
		t.Error("the upgrade lost the administrator's settings")
	}
	s.has(t, map[string]string{config: "root millrace 640", "/var/lib/millrace": "millrace millrace 700"})
	s.called(t, "restart")
	p = s.serve(t) // on port 80 now, without being root
	if got := get(t, "http://127.0.0.1:80/readyz"); got != "ready\n" {
		t.Errorf("on port 80: %q", got)
	}
	if got := s.read(t, "/var/lib/millrace/first-key.txt"); got != key {
		t.Error("the upgrade made another key")
	}

	// SIGHUP, which is what `systemctl reload` sends, does not end it.
	p.cmd.Process.Signal(syscall.SIGHUP)
	if got := get(t, "http://127.0.0.1:80/readyz"); got != "ready\n" {
		t.Errorf("after SIGHUP: %q", got)
	}
	p.stop(t)

	s.run(t, "dpkg", "--remove", "millrace")
	s.called(t, "stop")
	for name, want := range map[string]bool{
		"/usr/bin/millrace":                        false,
		"/usr/lib/systemd/system/millrace.service": false,
		config:                            true,
		"/var/lib/millrace/first-key.txt": true,
	} {
		if s.exists(name) != want {
			t.Errorf("after the removal: %s there: %v", name, !want)
		}
	}

	s.run(t, "dpkg", "--install", newer)
	s.called(t, "restart") // the config stayed, so dpkg calls it an upgrade
	s.has(t, map[string]string{config: "root millrace 640"})
	if got := s.run(t, "readlink", "-f", "/etc/systemd/system/multi-user.target.wants/millrace.service"); got != "/usr/lib/systemd/system/millrace.service\n" {
		t.Errorf("after the second installation the service is %s", got)
	}

	s.run(t, "dpkg", "--purge", "millrace")
	s.called(t, "stop")
	left := s.changed(t, "/etc", "/usr", "/var")
	left = slices.DeleteFunc(left, func(name string) bool {
		return strings.HasPrefix(name, "/var/lib/dpkg/") || strings.HasPrefix(name, "/var/log/") ||
			strings.HasPrefix(name, "/var/cache/") || isStandIn(name) ||
			// The account stays.
			slices.Contains([]string{".pwd.lock", "passwd", "group", "shadow", "gshadow", "subuid", "subgid"}, strings.TrimSuffix(filepath.Base(name), "-"))
	})
	if len(left) > 0 {
		t.Errorf("after the purge there are still %q", left)
	}
	if got := s.run(t, "getent", "passwd", "millrace"); got == "" {
		t.Error("the account is gone, and its number free for others")
	}
}

// nextVersion is a package of a later version, with the same program but for
// what it calls itself.
func nextVersion(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=v0.9.1", "-o", dir+"/millrace", "./cmd/millrace")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(tell(t, root+"/packaging/deb/build", dir+"/millrace", "v0.9.1", runtime.GOARCH, dir))
}

// bring copies a file into the sandbox and returns its name there.
func (s *sandbox) bring(t *testing.T, file string) string {
	t.Helper()
	name := "/tmp/" + filepath.Base(file)
	tell(t, "install", "-m", "0644", file, s.root+name)
	return name
}

// standIns are programs that would talk to a systemd, or forbid it.
var standIns = []string{"/usr/bin/systemctl", "/usr/bin/systemctl.real", "/usr/sbin/policy-rc.d"}

func isStandIn(name string) bool { return slices.Contains(standIns, name) }

const calls = "/tmp/systemctl.calls"

func (s *sandbox) standInForSystemd(t *testing.T) {
	t.Helper()
	if s.exists("/usr/sbin/policy-rc.d") {
		s.run(t, "rm", "/usr/sbin/policy-rc.d")
	}
	// What it does to files alone, it does without a systemd.
	s.run(t, "mv", "/usr/bin/systemctl", "/usr/bin/systemctl.real")
	s.write(t, "/usr/bin/systemctl", "#!/bin/sh\ncase $1 in --root=*) exec systemctl.real \"$@\" ;; esac\necho \"$*\" >>"+calls+"\n", 0o755)
}

// systemctl are the calls since it was asked last.
func (s *sandbox) systemctl(t *testing.T) []string {
	t.Helper()
	if !s.exists(calls) {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(s.read(t, calls)), "\n")
	if err := os.Remove(s.root + calls); err != nil {
		t.Fatal(err)
	}
	return lines
}

// called checks that the service was told this, once, and nothing else but to
// look for changed units.
func (s *sandbox) called(t *testing.T, verb string) {
	t.Helper()
	var told []string
	for _, c := range s.systemctl(t) {
		words := strings.Fields(c)
		if len(words) > 0 && strings.TrimSuffix(words[len(words)-1], ".service") == "millrace" && !slices.ContainsFunc(words, func(w string) bool {
			return w == "show" || strings.HasPrefix(w, "is-")
		}) {
			told = append(told, c)
		}
	}
	if len(told) != 1 || !slices.Contains(strings.Fields(told[0]), verb) {
		t.Errorf("the service was told %q, want one %s", told, verb)
	}
}

// service is the server as the unit starts it: by that command, as that user,
// with that one capability, under a manager that hears it.
type service struct {
	cmd     *exec.Cmd
	log     string
	manager *net.UnixConn
}

func (s *sandbox) serve(t *testing.T) *service {
	t.Helper()
	const socket = "/run/notify"
	os.Remove(s.root + socket)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.root + socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { manager.Close() })
	if err := os.Chmod(s.root+socket, 0o777); err != nil {
		t.Fatal(err)
	}
	p := &service{manager: manager, log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	args := []string{
		s.root, "setpriv", "--reuid=millrace", "--regid=millrace", "--init-groups", "--no-new-privs",
		"--bounding-set=-all,+net_bind_service", "--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service", "--",
	}
	p.cmd = exec.Command("chroot", append(args, command(t)...)...)
	p.cmd.Dir = "/"
	p.cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET=" + socket}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	p.hear(t, "READY=1")
	return p
}

// hear checks what the service tells its manager next.
func (p *service) hear(t *testing.T, want string) {
	t.Helper()
	p.manager.SetReadDeadline(time.Now().Add(20 * time.Second))
	b := make([]byte, 256)
	n, err := p.manager.Read(b)
	if err != nil || string(b[:n]) != want {
		log, _ := os.ReadFile(p.log)
		t.Fatalf("the manager heard %q, %v; want %s\n%s", b[:n], err, want, log)
	}
}

func (p *service) stop(t *testing.T) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.hear(t, "STOPPING=1")
	if err := p.cmd.Wait(); err != nil {
		log, _ := os.ReadFile(p.log)
		t.Errorf("the service ended with %v\n%s", err, log)
	}
}

var client = &http.Client{Timeout: 10 * time.Second}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
