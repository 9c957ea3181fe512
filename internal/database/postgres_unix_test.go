//go:build unix

package database

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresServer is a PostgreSQL of the tests' own, which nothing outside its
// folder can reach: it listens on a Unix socket alone.
type postgresServer struct {
	dir   string
	bin   string
	owner *syscall.SysProcAttr
	guard *exec.Cmd
	hold  io.Closer
}

var (
	sharedPostgres = sync.OnceValues(func() (*postgresServer, error) {
		p, err := newPostgres()
		stopPostgres = func() {
			if p != nil {
				p.remove()
			}
		}
		return p, err
	})
	stopPostgres = func() {}
	databases    atomic.Int64
)

// postgres is the server that all tests share which do it no harm.
func postgres(t testing.TB) *postgresServer {
	t.Helper()
	p, err := sharedPostgres()
	switch {
	case err != nil:
		t.Fatal(err)
	case p == nil:
		t.Skip("PostgreSQL is not installed: scripts/setup does that")
	}
	return p
}

// ownPostgres is a server for a test that kills it.
func ownPostgres(t *testing.T) *postgresServer {
	t.Helper()
	postgres(t) // skips
	p, err := newPostgres()
	must(t, err)
	t.Cleanup(p.remove)
	return p
}

// newPostgres returns nil if there is none to start.
func newPostgres() (*postgresServer, error) {
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		// Debian keeps it out of the path.
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
		if len(found) == 0 {
			return nil, nil
		}
		initdb = found[len(found)-1]
	}
	if initdb, err = filepath.EvalSymlinks(initdb); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "millrace-postgres-")
	if err != nil {
		return nil, err
	}
	p := &postgresServer{dir: dir, bin: filepath.Dir(initdb), owner: &syscall.SysProcAttr{Setpgid: true}}
	if os.Getuid() == 0 {
		// PostgreSQL refuses to run as root.
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		p.owner.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	out, err := p.command(initdb, "-D", p.data(), "-U", "millrace", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		p.remove()
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := p.start(); err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

func (p *postgresServer) data() string { return filepath.Join(p.dir, "data") }

func (p *postgresServer) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = p.owner
	return cmd
}

// start runs the server until it answers. After a kill the first try may end at
// once, since the system is still tidying up behind the old processes.
func (p *postgresServer) start() error {
	var err error
	for range 20 {
		if err = p.launch(); err == nil {
			return nil
		}
		p.stop()
	}
	text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, text)
}

// launch runs the server under a shell that ends it when the test's process is
// gone, however that ended.
func (p *postgresServer) launch() error {
	p.guard = p.command("/bin/sh", "-c", `"$@" & server=$!; read -r _; kill -QUIT $server; wait $server`, "sh",
		filepath.Join(p.bin, "postgres"), "-D", p.data(), "-k", p.dir, "-c", "listen_addresses=",
		"-c", "logging_collector=off", "-c", "max_connections=100", "-c", "restart_after_crash=off")
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.guard.Stdout, p.guard.Stderr = log, log
	if p.hold, err = p.guard.StdinPipe(); err != nil {
		return err
	}
	if err := p.guard.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, p.url("postgres"))
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
		if len(childrenOf(p.guard.Process.Pid)) == 0 {
			return err
		}
	}
}

func (p *postgresServer) stop() {
	if p.guard == nil {
		return
	}
	p.signal(syscall.SIGCONT)
	p.hold.Close()
	p.guard.Wait()
	p.guard = nil
}

func (p *postgresServer) remove() {
	p.stop()
	os.RemoveAll(p.dir)
}

// kill ends every process of the server at once, as a power cut would.
func (p *postgresServer) kill() {
	p.signal(syscall.SIGSTOP) // so that none is born meanwhile
	p.signal(syscall.SIGKILL)
	p.hold.Close()
	p.guard.Wait()
	p.guard = nil
}

// signal sends to all processes of the server.
func (p *postgresServer) signal(sig syscall.Signal) {
	all := childrenOf(p.guard.Process.Pid)
	for _, master := range all {
		all = append(all, childrenOf(master)...) // before it dies: they would lose their parent
	}
	for _, pid := range all {
		syscall.Kill(pid, sig)
	}
}

// childrenOf leaves out those that have ended and that nobody has asked about.
func childrenOf(parent int) []int {
	var pids []int
	out, _ := exec.Command("ps", "-A", "-o", "ppid=,pid=,stat=").Output()
	for line := range strings.Lines(string(out)) {
		var ppid, pid int
		var state string
		if n, _ := fmt.Sscan(line, &ppid, &pid, &state); n == 3 && ppid == parent && state[0] != 'Z' {
			pids = append(pids, pid)
		}
	}
	return pids
}

// url is the address of a database of this server.
func (p *postgresServer) url(database string) string {
	return "postgres://millrace@/" + database + "?host=" + p.dir
}

// create makes an empty database.
func (p *postgresServer) create(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	c, err := pgx.Connect(t.Context(), p.url("postgres"))
	must(t, err)
	defer c.Close(t.Context())
	_, err = c.Exec(t.Context(), "CREATE DATABASE "+name)
	must(t, err)
	return p.url(name)
}
