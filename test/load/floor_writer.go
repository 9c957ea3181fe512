//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// mostBehind is how many bytes wait for a player that does not read.
const mostBehind = 8 << 20

// writer is the floor of fan-out: the thread that reads from the publisher
// renders its messages once and writes them to one descriptor after another.
type writer struct {
	hold time.Duration // messages of this long leave together
	// nagle has TCP keep a small segment until the one before is acknowledged,
	// as nginx-rtmp does. (Go switches that off.)
	nagle      bool
	door       *door
	publishing atomic.Bool
	counts     floorCounts

	// All below is the thread's.
	players []player
	pending []byte // chunks that have not left
	due     time.Time
	key     int    // where in pending the last key frame begins, -1 if none does
	group   []byte // what has left since then, for those who join
	headers [2][]byte
}

// floorCounts are what the floor did, for those who doubt it.
type floorCounts struct {
	Sends uint64 `json:"sends"`
	Bytes uint64 `json:"bytes"`
	// Late are sends that a socket did not take at once, Dropped messages that
	// a player never got.
	Late    uint64 `json:"late"`
	Dropped uint64 `json:"dropped"`
}

// player is a descriptor, and what its socket did not take yet.
type player struct {
	fd     uintptr
	behind []byte
}

func newWriter(nagle bool, hold time.Duration) (*writer, error) {
	d, err := newDoor()
	if err != nil {
		return nil, err
	}
	return &writer{hold: hold, nagle: nagle, door: d, key: -1}, nil
}

// ServeRTMP takes one publisher and any number of players.
func (w *writer) ServeRTMP(st *rtmp.Stream) error {
	if st.Publishing() {
		return w.publish(st)
	}
	if st.ID() != playedStream {
		return errors.New("the floor plays message stream 1 alone")
	}
	h := st.Session().Conn().(*handle)
	if err := h.tcp.SetNoDelay(!w.nagle); err != nil {
		return err
	}
	fd, err := h.take(nil)
	if err != nil {
		return err
	}
	if err := st.Accept(); err != nil {
		syscall.Close(fd)
		return err
	}
	if err := w.door.enter(fd, h); err != nil {
		return err
	}
	<-st.Context().Done()
	return context.Cause(st.Context())
}

func (w *writer) publish(st *rtmp.Stream) error {
	if w.publishing.Swap(true) {
		return rtmp.ErrBadName
	}
	h := st.Session().Conn().(*handle)
	fd, err := h.take(w.read)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	if err := st.Accept(); err != nil {
		return err
	}
	locked := false
	err = st.Each(func(m *message.Message) error {
		if !locked {
			locked = true
			runtime.LockOSThread()
		}
		w.add(m)
		return nil
	})
	<-h.gone
	return err
}

// read is the publisher's session reading, which sends what is due meanwhile.
func (w *writer) read(fd int, p []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, p)
		switch {
		case n > 0:
			return n, nil
		case n == 0:
			return 0, io.EOF
		case err != syscall.EAGAIN && err != syscall.EINTR:
			return 0, err
		}
		wait := longestAwait
		if len(w.pending) > 0 {
			wait = min(wait, time.Until(w.due))
		}
		if wait > 0 {
			await(fd, wait)
			continue
		}
		w.flush()
	}
}

// await waits for bytes, at most this long. The call is a raw one: the
// scheduler would take a thread that sleeps in the system for gone, and make it
// queue when it wakes. The limit lets the rest of the program have its turn.
func await(fd int, wait time.Duration) {
	poll := struct {
		fd              int32
		events, revents int16
	}{int32(fd), pollIn, 0}
	limit := syscall.NsecToTimespec(int64(wait))
	_, _, _ = syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1,
		uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
}

// longestAwait is how long a floor's loop sleeps in a raw call at most.
const longestAwait = 20 * time.Millisecond

const pollIn = 1 // POLLIN, which package syscall lacks

// add renders a message, and sends it if nothing is to be waited for.
func (w *writer) add(m *message.Message) {
	switch header, key := classify(m); {
	case header:
		w.headers[m.Type-message.Audio] = appendMessage(nil, m)
	case key:
		w.key = len(w.pending)
	}
	if len(w.pending) == 0 && w.hold > 0 {
		w.due = time.Now().Add(w.hold)
	}
	w.pending = appendMessage(w.pending, m)
	if w.hold == 0 {
		w.flush()
	}
}

// classify looks at the bytes that bench sends: H.264 and AAC in their oldest
// forms.
func classify(m *message.Message) (header, key bool) {
	if len(m.Payload) < 2 {
		return false, false
	}
	first, kind := m.Payload[0]>>4, m.Payload[1]
	switch m.Type {
	case message.Audio:
		return kind == 0, false
	case message.Video:
		return first == 1 && kind == 0, first == 1 && kind == 1
	}
	return false, false
}

// flush is the floor: one write a player.
func (w *writer) flush() {
	if w.door.changed.Load() {
		w.change()
	}
	p, size := uintptr(unsafe.Pointer(&w.pending[0])), uintptr(len(w.pending))
	for i := range w.players {
		to := &w.players[i]
		if to.behind == nil {
			n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, to.fd, p, size)
			if n == size && errno == 0 {
				continue
			}
			if errno != 0 {
				n = 0
			}
			w.counts.Late++
			to.behind = append([]byte(nil), w.pending[n:]...)
			continue
		}
		w.catchUp(to)
	}
	w.counts.Sends += uint64(len(w.players))
	w.counts.Bytes += uint64(len(w.players) * len(w.pending))
	w.remember()
}

// catchUp adds what is pending to what a player has not got, and sends of it
// what its socket takes.
func (w *writer) catchUp(to *player) {
	if len(to.behind)+len(w.pending) <= mostBehind {
		to.behind = append(to.behind, w.pending...)
	} else {
		w.counts.Dropped++
	}
	to.send()
}

func (to *player) send() {
	n, err := syscall.Write(int(to.fd), to.behind)
	if err != nil {
		return // full, or gone: the door sees that
	}
	if to.behind = to.behind[n:]; len(to.behind) == 0 {
		to.behind = nil
	}
}

// remember makes what was pending part of what players begin with.
func (w *writer) remember() {
	if w.key >= 0 {
		w.group = append(w.group[:0], w.pending[w.key:]...)
	} else if len(w.group) > 0 {
		w.group = append(w.group, w.pending...)
	}
	w.pending, w.key = w.pending[:0], -1
}

// change lets players in and out.
func (w *writer) change() {
	in, out := w.door.take()
	for _, fd := range out {
		for i := range w.players {
			if w.players[i].fd == uintptr(fd) {
				w.players[i] = w.players[len(w.players)-1]
				w.players = w.players[:len(w.players)-1]
				break
			}
		}
		w.door.close(fd)
	}
	for _, fd := range in {
		to := player{fd: uintptr(fd)}
		for _, p := range [][]byte{w.headers[0], w.headers[1], w.group} {
			to.behind = append(to.behind, p...)
		}
		if len(to.behind) > 0 {
			to.send()
		}
		w.players = append(w.players, to)
	}
}
