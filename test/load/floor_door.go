//go:build linux

package main

import (
	"sync"
	"sync/atomic"
	"syscall"
)

// door is how players come to the writer and leave it. A thread sleeps there
// until one hangs up, which costs those who stay nothing.
type door struct {
	epoll   int
	over    atomic.Bool
	changed atomic.Bool

	mu      sync.Mutex
	in, out []int
	handles map[int]*handle // by descriptor
}

func newDoor() (*door, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	d := &door{epoll: epoll, handles: make(map[int]*handle)}
	go d.watch()
	return d, nil
}

// enter adds a player's descriptor.
func (d *door) enter(fd int, h *handle) error {
	d.mu.Lock()
	d.handles[fd] = h
	d.in = append(d.in, fd)
	d.changed.Store(true)
	d.mu.Unlock()
	return syscall.EpollCtl(d.epoll, syscall.EPOLL_CTL_ADD, fd,
		&syscall.EpollEvent{Events: syscall.EPOLLRDHUP, Fd: int32(fd)})
}

// watch notes who hangs up. The writer closes their descriptors, since it may
// be using them.
func (d *door) watch() {
	events := make([]syscall.EpollEvent, 256)
	const limitMS = 1000 // to see that it is over
	for !d.over.Load() {
		n, _ := syscall.EpollWait(d.epoll, events, limitMS)
		d.mu.Lock()
		for i := range max(n, 0) {
			fd := int(events[i].Fd)
			_ = syscall.EpollCtl(d.epoll, syscall.EPOLL_CTL_DEL, fd, nil)
			d.out = append(d.out, fd)
			d.changed.Store(true)
		}
		d.mu.Unlock()
	}
	syscall.Close(d.epoll)
}

// take returns who came and who went since the last time. Who did both is in
// out alone.
func (d *door) take() (in, out []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in, out = d.in, d.out
	d.in, d.out = nil, nil
	d.changed.Store(false)
	return without(in, out), out
}

func without(list, others []int) []int {
	left := list[:0]
next:
	for _, fd := range list {
		for _, o := range others {
			if fd == o {
				continue next
			}
		}
		left = append(left, fd)
	}
	return left
}

// close ends a player that left.
func (d *door) close(fd int) {
	d.mu.Lock()
	h := d.handles[fd]
	delete(d.handles, fd)
	d.mu.Unlock()
	syscall.Close(fd)
	h.Close()
}
