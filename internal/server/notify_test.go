package server

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// listenAsManager opens the socket of a service manager.
func listenAsManager(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there are no datagrams between processes here")
	}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// hear returns the next message.
func hear(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 256)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestManagerHearsStartAndStop(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	c := listenAsManager(t, socket)
	t.Setenv("NOTIFY_SOCKET", socket)
	r := start(t, nil)
	if got := hear(t, c); got != "READY=1" {
		t.Errorf("after the start: %q", got)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, c); got != "STOPPING=1" {
		t.Errorf("at the end: %q", got)
	}
}

func TestManagerInTheAbstractNameSpace(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone has it")
	}
	name := "@millrace-test-" + filepath.Base(t.TempDir()) + t.Name()
	c := listenAsManager(t, name)
	manager{socket: name, log: slog.New(slog.DiscardHandler)}.ready()
	if got := hear(t, c); got != "READY=1" {
		t.Errorf("heard %q", got)
	}
}

func TestWatchdogIsFedWhileTheServerLives(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	c := listenAsManager(t, socket)
	ctx, cancel := context.WithCancel(t.Context())
	m := manager{socket: socket, watchdog: 2 * time.Millisecond, log: slog.New(slog.DiscardHandler)}
	hangs := make(chan struct{})
	ended := make(chan struct{})
	calls := 0
	go func() {
		defer close(ended)
		m.watch(ctx, func() {
			if calls++; calls > 2 {
				<-hangs
			}
		})
	}()
	for range 2 {
		if got := hear(t, c); got != "WATCHDOG=1" {
			t.Errorf("heard %q", got)
		}
	}
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 256)); err == nil {
		t.Errorf("%d more bytes came from a server that hangs", n)
	}
	cancel()
	close(hangs)
	<-ended
}

func TestFindManager(t *testing.T) {
	tests := []struct {
		environ string
		want    manager
	}{
		{"", manager{}},
		{"NOTIFY_SOCKET=/run/s", manager{socket: "/run/s"}},
		{"NOTIFY_SOCKET=/run/s WATCHDOG_USEC=30000000", manager{socket: "/run/s", watchdog: 30 * time.Second}},
		{"NOTIFY_SOCKET=/run/s WATCHDOG_USEC=30000000 WATCHDOG_PID=7", manager{socket: "/run/s", watchdog: 30 * time.Second}},
		{"NOTIFY_SOCKET=/run/s WATCHDOG_USEC=30000000 WATCHDOG_PID=8", manager{socket: "/run/s"}},
		{"NOTIFY_SOCKET=/run/s WATCHDOG_USEC=-1", manager{socket: "/run/s"}},
		{"NOTIFY_SOCKET=/run/s WATCHDOG_USEC=soon", manager{socket: "/run/s"}},
	}
	for _, tt := range tests {
		env := make(map[string]string)
		for pair := range strings.FieldsSeq(tt.environ) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		if got := findManager(func(name string) string { return env[name] }, 7, nil); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.environ, got, tt.want)
		}
	}
}

func TestManagerThatIsGone(t *testing.T) {
	var log buffer
	manager{socket: filepath.Join(t.TempDir(), "none"), log: slog.New(slog.NewTextHandler(&log, nil))}.ready()
	if !strings.Contains(log.String(), "READY=1") {
		t.Errorf("the log says nothing: %s", &log)
	}
}
