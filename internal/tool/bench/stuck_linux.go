//go:build !portable

package bench

import (
	"bufio"
	"bytes"
	"io"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// stick takes l and never reads it again.
func (d *drainer) stick(l *line) bool {
	s := d.seize(l)
	if s == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.stuck) == 0 {
		d.running.Go(d.watchStuck)
	}
	d.stuck = append(d.stuck, s)
	return true
}

// watchStuck notices which of them the server closes. Their sockets know only
// of a reset: an end in order waits behind the bytes that nobody reads. On the
// same machine the server's half can be seen to have ended.
func (d *drainer) watchStuck() {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ticker.C:
		case <-d.done:
			return
		}
		d.mu.Lock()
		open := make([]*seat, 0, len(d.stuck))
		for _, s := range d.stuck {
			if !s.lookForReset() {
				open = append(open, s)
			}
		}
		d.mu.Unlock()
		if n%4 == 0 && len(open) > 0 {
			markHalfClosed(open)
		}
	}
}

// lookForReset reports whether the server has closed the connection.
func (s *seat) lookForReset() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.fd < 0 {
		return true
	}
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLRDHUP}}
	if n, err := unix.Poll(fds, 0); err == nil && n > 0 {
		s.gone, s.closedAt = true, time.Now()
	}
	return s.gone
}

// ports are those of a connection as the server sees them.
type ports struct{ server, player uint16 }

// markHalfClosed looks in the system's table for the servers' ends of the
// connections.
func markHalfClosed(open []*seat) {
	byPorts := make(map[ports]*seat, len(open))
	for _, s := range open {
		s.mu.Lock()
		if p, ok := s.ports(); ok {
			byPorts[p] = s
		}
		s.mu.Unlock()
	}
	now := time.Now()
	// A listener of both kinds has IPv4 connections in the table of IPv6.
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		halfClosed(f, func(p ports) {
			if s := byPorts[p]; s != nil {
				s.mu.Lock()
				s.gone, s.closedAt = true, now
				s.mu.Unlock()
			}
		})
		f.Close()
	}
}

// ports reads the connection's; s is locked.
func (s *seat) ports() (p ports, ok bool) {
	if s.fd < 0 {
		return p, false
	}
	server, err := netip.ParseAddrPort(s.line.RemoteAddr().String())
	if err != nil {
		return p, false
	}
	player, err := netip.ParseAddrPort(s.line.LocalAddr().String())
	return ports{server.Port(), player.Port()}, err == nil
}

// halfClosed calls found for the ports of each connection in a table of
// proc_net_tcp(5) that its owner has closed, and whose end is on its way.
func halfClosed(table io.Reader, found func(ports)) {
	const local, remote, state = 1, 2, 3 // fields
	for lines := bufio.NewScanner(table); lines.Scan(); {
		f := bytes.Fields(lines.Bytes())
		if len(f) <= state {
			continue
		}
		switch string(f[state]) {
		case "04", "05", "0B": // FIN_WAIT1, FIN_WAIT2, CLOSING
			found(ports{port(f[local]), port(f[remote])})
		}
	}
}

// port reads the port of ADDRESS:PORT in hexadecimal digits, 0 if there is none.
func port(field []byte) uint16 {
	n, err := strconv.ParseUint(string(field[bytes.LastIndexByte(field, ':')+1:]), 16, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// release lets the stuck ones go: what waits is drained, so that those which
// the server has closed show their end, and the others can leave in order.
func (d *drainer) release() {
	const patience = 300 * time.Millisecond
	d.mu.Lock()
	stuck := d.stuck
	d.stuck = nil
	d.mu.Unlock()
	if len(stuck) == 0 {
		return
	}
	for over := time.Now().Add(patience); time.Now().Before(over); time.Sleep(step) {
		for _, s := range stuck {
			s.drain(time.Now())
		}
	}
	for _, s := range stuck {
		s.mu.Lock()
		select {
		case <-s.ended:
			s.gone = true
		default:
		}
		s.mu.Unlock()
	}
	d.mu.Lock()
	d.incoming = append(d.incoming, stuck...)
	d.mu.Unlock()
	d.once.Do(func() { d.running.Go(d.run) })
}

// stuckFor says whether the server has closed a stuck connection, and if it is
// known when, after how long.
func (s *seat) stuckFor() (after time.Duration, known, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closedAt.Sub(s.since), !s.closedAt.IsZero(), s.gone
}
