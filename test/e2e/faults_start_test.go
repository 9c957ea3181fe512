package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A fault at the start ends the program with status 1 and one line on standard
// error.
var startFaults = section{
	"The server does not start", "The exit status is 1, and nothing else is printed.",
	[]fault{
		{
			"a port that another program has", "1935 | nginx (process 812) | --rtmp",
			func(t *testing.T, d *desk) string {
				addr := takenPort(t, d)
				name, err := os.ReadFile("/proc/self/comm")
				if err != nil {
					t.Skip("there is no /proc to find the program in")
				}
				d.show(strings.TrimSpace(string(name))+" (", "nginx (")
				return d.refusal(t, "--rtmp", addr)
			},
		},
		{
			"a port that another Millrace has", "8080 | millrace (process 812) | --http",
			func(t *testing.T, d *desk) string {
				other := start(t)
				_, port, _ := net.SplitHostPort(other.http)
				d.show(port, "8080")
				d.show(filepath.Base(program)+" (", "millrace (")
				return d.refusal(t, "--http", other.http)
			},
		},
		{
			"a port below 1024, without the privilege", "443 | above 1023 | --http | CAP_NET_BIND_SERVICE",
			func(t *testing.T, d *desk) string {
				first, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
				if err != nil || len(strings.TrimSpace(string(first))) < 4 {
					t.Skip("every user may have every port here")
				}
				d.unprivileged(t)
				return d.refusal(t, "--http", "127.0.0.1:443")
			},
		},
		{"an address of another machine", "--rtmp 192.0.2.1:1935 | only :1935", flagged("--rtmp", "192.0.2.1:1935")},
		{"a port without its colon", `--rtmp: "1935" | :1935`, flagged("--rtmp", "1935")},
		{"an address without a port", `--rtmp: "localhost" | localhost:1935`, flagged("--rtmp", "localhost")},
		{"a port that cannot be", `--rtmp: ":70000" | 65535`, flagged("--rtmp", ":70000")},
		{"a URL for an address", `--http: "http://localhost:8080" | HOST:PORT`, flagged("--http", "http://localhost:8080")},
		{"all listeners off", "--rtmp | rtmps | http | leave one on", flagged("--rtmp", "off", "--http", "off")},
		{
			"a data folder that is a file", "/srv/file | --data",
			func(t *testing.T, d *desk) string { return d.refusal(t, "--data", d.write(t, "file", "")) },
		},
		{
			"a data folder in a file", "/srv/file/data | move it away | --data",
			func(t *testing.T, d *desk) string {
				return d.refusal(t, "--data", filepath.Join(d.write(t, "file", ""), "data"))
			},
		},
		{
			"a data folder of another user", "/srv/data (permission denied) | writable | --data",
			func(t *testing.T, d *desk) string {
				d.unprivileged(t)
				d.folder(t)
				if err := os.Chown(d.path("data"), 65534, 65534); err != nil {
					t.Fatal(err)
				}
				return d.refusal(t)
			},
		},
		{
			"a read-only disk", "/srv/data (read-only file system) | mount that disk for writing | --data",
			func(t *testing.T, d *desk) string {
				d.mount(t, "ro", "true")
				return d.refusal(t)
			},
		},
		{
			"a full disk", "/srv/data (no space left on device) | make room | --data",
			func(t *testing.T, d *desk) string {
				d.mount(t, "size=16k", "! head -c 100k /dev/zero >data/fill 2>/dev/null")
				return d.refusal(t)
			},
		},
		{
			"a data folder that a server uses", "/srv/data | process 812 | --data",
			func(t *testing.T, d *desk) string {
				startIn(t, d.path("data"))
				return d.refusal(t)
			},
		},
		{"a data folder of a newer version", "/srv/data | format 99 | use that version | --data", foldered("format", "99\n")},
		{"a format that is no number", "/srv/data/format is damaged | backup", foldered("format", "one\n")},
		{"keys that are cut off", "/srv/data/keys.json is damaged | backup", foldered("keys.json", `{"format":1,"keys":[`)},
		{
			"a key that is damaged", "/srv/data/keys.json is damaged | key first | backup",
			foldered("keys.json", `{"format":1,"keys":[{"id":"first","stream":"live/main","hash":"`+secret+`"}]}`),
		},
		{"keys of a newer version", "/srv/data/keys.json | format 7 | use the Millrace", foldered("keys.json", `{"format":7}`)},
		{"an admin token that is cut off", "/srv/data/admin.token | remove the file", foldered("admin.token", "mt_\n")},
		{"a folder where the admin token should be", "/srv/data/admin.token | move it away", foldered("admin.token/x", "")},
		{"a folder that stops the last step of the start", "/srv/data/addresses.json | move it away", foldered("addresses.json/x", "")},
		{
			"too few open files to start", "too many open files | ulimit -n",
			func(t *testing.T, d *desk) string {
				d.under("ulimit -n 8")
				return d.refusal(t)
			},
		},
	},
}

// command is how the program is started at a desk.
func (d *desk) command(args ...string) *exec.Cmd {
	words := slices.Concat(d.wrap, []string{program}, args)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = d.dir, append(os.Environ(), d.env...)
	return cmd
}

// serving are the words that start a server, on loopback if args do not say
// otherwise.
func (d *desk) serving(args []string) []string {
	return append([]string{
		"serve", "--rtmp", "127.0.0.1:0", "--rtmps", "off", "--http", "127.0.0.1:0", "--log-format", "json",
		"--data", d.path("data"),
	}, args...)
}

// refusal starts a server that must not start, and returns what it says.
func (d *desk) refusal(t *testing.T, args ...string) string {
	t.Helper()
	return d.failure(t, 1, d.serving(args)...)
}

// failure runs the program, which must end with that status and one line.
func (d *desk) failure(t *testing.T, status int, args ...string) string {
	t.Helper()
	var stdout, stderr output
	cmd := d.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hung := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !hung.Stop() {
		t.Fatalf("it goes on:\n%s", &stderr)
	}
	if code := cmd.ProcessState.ExitCode(); code != status || stdout.String() != "" {
		t.Errorf("it ends with status %d, want %d, and prints %q", code, status, &stdout)
	}
	line, ours := strings.CutPrefix(strings.TrimSuffix(stderr.String(), "\n"), "millrace: ")
	if !ours {
		t.Errorf("the line does not begin with the program's name: %s", line)
	}
	return line
}

func flagged(args ...string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string { return d.refusal(t, args...) }
}

// foldered starts a server whose data folder holds a file with this text.
func foldered(name, text string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string {
		d.write(t, filepath.Join("data", name), text)
		return d.refusal(t)
	}
}

// takenPort is an address that the test has taken.
func takenPort(t *testing.T, d *desk) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	d.show(fmt.Sprint(l.Addr().(*net.TCPAddr).Port), "1935")
	return l.Addr().String()
}

// folder makes the data folder.
func (d *desk) folder(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(d.path("data"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// under has a shell run these words before the program takes its place.
func (d *desk) under(words string) { d.wrap = []string{"sh", "-c", words + ` && exec "$@"`, "sh"} }

// unprivileged takes from root what other users have not.
func (d *desk) unprivileged(t *testing.T) {
	t.Helper()
	needRoot(t)
	d.wrap = []string{"setpriv", "--bounding-set=-dac_override,-dac_read_search,-net_bind_service"}
}

// mount puts the data folder on a small disk that only the program sees, and
// has a shell fill it.
func (d *desk) mount(t *testing.T, options, fill string) {
	t.Helper()
	needRoot(t)
	d.folder(t)
	if out, err := exec.Command("unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", d.path("data")).CombinedOutput(); err != nil {
		t.Skipf("nothing can be mounted here: %s", out)
	}
	d.wrap = []string{"unshare", "-m", "sh", "-c", "mount -t tmpfs -o " + options + " tmpfs data && " + fill + ` && exec "$@"`, "sh"}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("this needs root on Linux")
	}
}
