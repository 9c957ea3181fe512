package netx

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestCheckAddr(t *testing.T) {
	good := []string{":1935", ":0", "off", "127.0.0.1:1935", "[::1]:1935", "localhost:8080", "0.0.0.0:65535"}
	for _, addr := range good {
		if err := CheckAddr("--rtmp", addr); err != nil {
			t.Errorf("CheckAddr(%q) = %v", addr, err)
		}
	}
	bad := []struct{ addr, want string }{
		{"1935", `--rtmp "1935": a port needs a colon before it; write :1935`},
		{"", `--rtmp "": this is not an address; give HOST:PORT, :PORT for every interface, or off`},
		{"localhost", `--rtmp "localhost": the port is missing; write localhost:1935`},
		{"::1", `--rtmp "::1": the port is missing; write [::1]:1935`},
		{":70000", `--rtmp ":70000": the port must be a number from 0 to 65535`},
		{":rtmp", `--rtmp ":rtmp": the port must be a number from 0 to 65535`},
		{"rtmp://localhost:1935", `--rtmp "rtmp://localhost:1935": this is a URL; give HOST:PORT, for instance :1935`},
		{"a b:1935", `--rtmp "a b:1935": the host is not an IP address or a name`},
	}
	for _, tt := range bad {
		if err := CheckAddr("--rtmp", tt.addr); err == nil || err.Error() != tt.want {
			t.Errorf("CheckAddr(%q) =\n%v, want\n%s", tt.addr, err, tt.want)
		}
	}
}

func TestListenOnBothFamilies(t *testing.T) {
	l, err := Listen(t.Context(), "--rtmp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for _, host := range []string{"127.0.0.1", "::1"} {
		if host == "::1" && !hasIPv6() {
			t.Log("this machine has no IPv6")
			continue
		}
		c, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
		if err != nil {
			t.Errorf("dial %s: %v", host, err)
			continue
		}
		c.Close()
	}
}

func hasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func TestListenNamesWhoHasThePort(t *testing.T) {
	l, err := Listen(t.Context(), "--rtmp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Listen(t.Context(), "--http", l.Addr().String())
	if err == nil {
		t.Fatal("listened twice on one port")
	}
	want := fmt.Sprintf("port %d is already in use by ", l.Addr().(*net.TCPAddr).Port)
	if !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "choose another port with --http") {
		t.Errorf("got %q", err)
	}
	if runtime.GOOS == "linux" && !strings.Contains(err.Error(), fmt.Sprintf("(process %d)", os.Getpid())) {
		t.Errorf("%q does not name this process", err)
	}
}

func TestListenOnAnAddressOfOthers(t *testing.T) {
	_, err := Listen(t.Context(), "--rtmp", "192.0.2.1:0") // RFC 5737: nobody's
	if err == nil || !strings.Contains(err.Error(), "this machine has no such address") {
		t.Errorf("got %v", err)
	}
}

func TestPortHolder(t *testing.T) {
	proc := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(proc, name)
		os.MkdirAll(filepath.Dir(name), 0o755)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	write("net/tcp", head+
		"   0: 0100007F:078F 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 111 1\n"+ // a connection
		"   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1\n")
	write("net/tcp6", head+
		"   0: 00000000000000000000000000000000:078F 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n")
	for pid, inode := range map[string]string{"10": "111", "20": "222", "30": "333"} {
		write(pid+"/comm", "program"+pid+"\n")
		os.MkdirAll(filepath.Join(proc, pid, "fd"), 0o755)
		if err := os.Symlink("socket:["+inode+"]", filepath.Join(proc, pid, "fd", "5")); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	for port, want := range map[int]string{1935: "program30 (process 30)", 8080: "program20 (process 20)", 1936: ""} {
		if got := portHolder(proc, port); got != want {
			t.Errorf("port %d: %q, want %q", port, got, want)
		}
	}
	if got := portHolder(filepath.Join(proc, "none"), 1935); got != "" {
		t.Errorf("without /proc: %q", got)
	}
}
