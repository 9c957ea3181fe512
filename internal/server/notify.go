package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"
)

// manager is the service manager that started this process, told by systemd's
// protocol (sd_notify(3)): datagrams of NAME=VALUE lines to the socket that the
// environment names. The zero value is a process that nobody manages; every
// message then goes nowhere.
type manager struct {
	socket string
	// watchdog is how long the manager waits for a sign of life before it
	// restarts the service; 0: it asks for none.
	watchdog time.Duration
	log      *slog.Logger
}

// findManager reads what the manager put into the environment.
func findManager(env func(string) string, pid int, log *slog.Logger) manager {
	m := manager{socket: env("NOTIFY_SOCKET"), log: log}
	usec, err := strconv.ParseInt(env("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 {
		return m
	}
	// The variables are inherited: they may be meant for a parent.
	if p := env("WATCHDOG_PID"); p == "" || p == strconv.Itoa(pid) {
		m.watchdog = time.Duration(usec) * time.Microsecond
	}
	return m
}

// ready says that the service has started, or has taken its new settings.
func (m manager) ready() { m.tell("READY=1") }

// stopping says that the service has begun to end.
func (m manager) stopping() { m.tell("STOPPING=1") }

// watch says that the service is alive, twice in the time that the manager
// waits, for as long as alive returns. It ends with ctx.
func (m manager) watch(ctx context.Context, alive func()) {
	if m.socket == "" || m.watchdog == 0 {
		return
	}
	tick := time.NewTicker(m.watchdog / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			alive()
			m.tell("WATCHDOG=1")
		}
	}
}

func (m manager) tell(state string) {
	if m.socket == "" {
		return
	}
	if err := send(m.socket, state); err != nil {
		m.log.Warn("the service manager did not hear "+state, "reason", err)
	}
}

// notifyTimeout bounds the wait for a manager whose queue is full.
const notifyTimeout = time.Second

func send(socket, state string) error {
	// A name that begins with @ is in the abstract name space; net knows that.
	c, err := net.DialTimeout("unixgram", socket, notifyTimeout)
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(notifyTimeout))
	if _, err := c.Write([]byte(state)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// thisManager is the manager of this process.
func thisManager(log *slog.Logger) manager { return findManager(os.Getenv, os.Getpid(), log) }
