//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// nginxConfig is the least that serves: one worker, which all sessions of a
// stream must share, and defaults besides. There are no logs of accesses.
const nginxConfig = `load_module %s;
daemon off;
worker_processes 1;
worker_rlimit_nofile %d;
%s
pid nginx.pid;
error_log error.log;
events { worker_connections %d; }
rtmp {
	access_log off;
	server {
		listen %s;
		application live { live on; }
	}
}
`

// findNginx returns the program and its module for RTMP.
func findNginx() (program, module string, err error) {
	if program, err = exec.LookPath("nginx"); err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			return "", "", errors.New("nginx is not installed")
		}
	}
	for _, dir := range []string{"/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules"} {
		module = filepath.Join(dir, "ngx_rtmp_module.so")
		if _, err := os.Stat(module); err == nil {
			return program, module, nil
		}
	}
	return "", "", errors.New("libnginx-mod-rtmp is not installed")
}

func startNginx(dir string) (*server, error) {
	program, module, err := findNginx()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // the folder is nobody else's
	}
	config := filepath.Join(dir, "nginx.conf")
	limit := fileLimit()
	text := fmt.Sprintf(nginxConfig, module, limit, user, limit-10, address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	c, err := spawn(program, "-p", dir, "-c", config, "-e", filepath.Join(dir, "error.log"))
	if err != nil {
		return nil, err
	}
	s := &server{child: c, dir: dir, address: address}
	if err := c.ready(func() bool { return s.findWorker() == nil && listens(address) }); err != nil {
		c.end()
		return nil, err
	}
	return s, nil
}

// findWorker finds the one process that the master has started.
func (s *server) findWorker() error {
	master := strconv.Itoa(s.child.pid())
	b, err := os.ReadFile(filepath.Join("/proc", master, "task", master, "children"))
	if err != nil {
		return err
	}
	s.pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
	return err
}

// freeAddress finds a port on loopback for a server that cannot do so itself.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func listens(address string) bool {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	c.Close()
	return true
}
