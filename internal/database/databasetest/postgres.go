//go:build unix

package databasetest

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

// Server is a PostgreSQL of the tests' own, which nothing outside its
// folder can reach: it listens on a Unix socket alone.
type Server struct {
	Dir   string // of its socket, too
	bin   string
	owner *syscall.SysProcAttr
	guard *exec.Cmd
	hold  io.Closer
}

var (
	sharedPostgres = sync.OnceValues(func() (*Server, error) {
		p, err := newPostgres()
		stop = func() {
			if p != nil {
				p.remove()
			}
		}
		return p, err
	})
	stop      = func() {}
	databases atomic.Int64
)

// Stop ends the server that tests share, if there is one. TestMain calls it last.
func Stop() { stop() }

// Postgres is the server that all tests share which do it no harm.
func Postgres(t testing.TB) *Server {
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

// Installed is Postgres for tests that can do without one; nil if there is none.
func Installed() *Server {
	p, err := sharedPostgres()
	if err != nil {
		return nil
	}
	return p
}

// OwnPostgres is a server for a test that kills it.
func OwnPostgres(t testing.TB) *Server {
	t.Helper()
	Postgres(t) // skips
	p, err := newPostgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.remove)
	return p
}

// newPostgres returns nil if there is none to start.
func newPostgres() (*Server, error) {
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
	p := &Server{Dir: dir, bin: filepath.Dir(initdb), owner: &syscall.SysProcAttr{Setpgid: true}}
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
	if err := p.Start(); err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

func (p *Server) data() string { return filepath.Join(p.Dir, "data") }

func (p *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.Dir
	cmd.SysProcAttr = p.owner
	return cmd
}

// Start runs the server until it answers. After a kill the first try may end at
// once, since the system is still tidying up behind the old processes.
func (p *Server) Start() error {
	var err error
	for range 20 {
		if err = p.launch(); err == nil {
			return nil
		}
		p.Stop()
	}
	text, _ := os.ReadFile(filepath.Join(p.Dir, "log"))
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, text)
}

// launch runs the server under a shell that ends it when the test's process is
// gone, however that ended.
func (p *Server) launch() error {
	p.guard = p.command("/bin/sh", "-c", `"$@" & server=$!; read -r _; kill -QUIT $server; wait $server`, "sh",
		filepath.Join(p.bin, "postgres"), "-D", p.data(), "-k", p.Dir, "-c", "listen_addresses=",
		"-c", "logging_collector=off", "-c", "max_connections=100", "-c", "restart_after_crash=off")
	log, err := os.OpenFile(filepath.Join(p.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
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
		c, err := pgx.Connect(ctx, p.URL("postgres"))
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

// Stop ends the server in peace.
func (p *Server) Stop() {
	if p.guard == nil {
		return
	}
	p.Signal(syscall.SIGCONT)
	p.hold.Close()
	_ = p.guard.Wait() // it was ended
	p.guard = nil
}

func (p *Server) remove() {
	p.Stop()
	_ = os.RemoveAll(p.Dir)
}

// Kill ends every process of the server at once, as a power cut would.
func (p *Server) Kill() {
	p.Signal(syscall.SIGSTOP) // so that none is born meanwhile
	p.Signal(syscall.SIGKILL)
	p.hold.Close()
	_ = p.guard.Wait() // it was ended
	p.guard = nil
}

// Signal sends to all processes of the server.
func (p *Server) Signal(sig syscall.Signal) {
	all := childrenOf(p.guard.Process.Pid)
	for _, master := range all {
		all = append(all, childrenOf(master)...) // before it dies: they would lose their parent
	}
	for _, pid := range all {
		_ = syscall.Kill(pid, sig) // it may have ended
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

// URL is the address of a database of this server.
func (p *Server) URL(database string) string {
	return "postgres://millrace@/" + database + "?host=" + p.Dir
}

// Create makes an empty database.
func (p *Server) Create(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	c, err := pgx.Connect(t.Context(), p.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err = c.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return p.URL(name)
}
