package rtmp

import (
	"crypto/cipher"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

// writer is the one way to a session's socket. Answers go through a bounded
// queue, so that who reads never waits for the peer to read; media goes by
// batches, whose sender waits. Whoever holds the socket takes the queue along.
type writer struct {
	conn    net.Conn
	vector  bool // conn takes many slices in one call
	timeout time.Duration
	failed  func(error) // is told when kick's write failed
	bytes   atomic.Uint64

	// Lock order: mu, then qmu.
	mu    sync.Mutex // held while writing
	armed time.Time  // the write deadline that is set
	iov   net.Buffers
	spare []byte
	err   error

	qmu      sync.Mutex
	chunks   *chunk.Writer
	queue    []byte
	bare     int           // the handshake's bytes at the beginning of queue
	cipher   cipher.Stream // of RTMPE, nil without
	limit    int
	full     bool
	flushing bool // a goroutine is on its way to write the queue
	// wake is set while a driver writes to the socket: it calls for it, and
	// nobody else writes.
	wake func()
}

func newWriter(c net.Conn, set settings) *writer {
	_, tcp := c.(*net.TCPConn)
	return &writer{conn: c, vector: tcp, timeout: set.write, limit: set.maxQueue, chunks: chunk.NewWriter()}
}

// Chunk streams of what goes through the queue.
const (
	connectionChunkStream = 3
	streamChunkStream     = 5
)

// enqueue adds a message to what waits. A queue that is full fails the session
// at its next write.
func (w *writer) enqueue(m *message.Message) {
	csid := uint32(streamChunkStream)
	switch {
	case m.Type < message.Audio:
		csid = chunk.ControlStream
	case m.StreamID == 0:
		csid = connectionChunkStream
	}
	w.qmu.Lock()
	defer w.qmu.Unlock()
	if w.full {
		return
	}
	q, err := w.chunks.Append(w.queue, csid, m)
	if err != nil || len(q) > w.limit {
		w.full = true
		return
	}
	w.queue = q
}

// enqueueRaw adds bytes of the handshake to what waits.
func (w *writer) enqueueRaw(p []byte) {
	w.qmu.Lock()
	defer w.qmu.Unlock()
	w.queue = append(w.queue, p...)
	w.bare = len(w.queue)
}

// encrypt has all that is enqueued from here on encrypted; nil changes nothing.
func (w *writer) encrypt(c cipher.Stream) {
	w.qmu.Lock()
	defer w.qmu.Unlock()
	w.cipher = c
}

// overflown reports whether the peer let too many answers lie.
func (w *writer) overflown() bool {
	w.qmu.Lock()
	defer w.qmu.Unlock()
	return w.full
}

// kick sees to it that the queue is written, without waiting. A goroutine of
// its own writes, since the caller is the one that reads.
func (w *writer) kick() {
	w.qmu.Lock()
	idle, wake := w.flushing || len(w.queue) == 0, w.wake
	if !idle && wake == nil {
		w.flushing = true
	}
	w.qmu.Unlock()
	switch {
	case idle:
		return
	case wake != nil:
		wake()
		return
	}
	go func() {
		if err := w.drain(); err != nil {
			w.failed(err)
		}
	}()
}

// drain writes the queue until it is found empty.
func (w *writer) drain() error {
	for {
		err := w.flush()
		w.qmu.Lock()
		if err != nil || len(w.queue) == 0 || w.wake != nil {
			w.flushing = false
			w.qmu.Unlock()
			return err
		}
		w.qmu.Unlock()
	}
}

// flush writes what waits, or has the driver write it.
func (w *writer) flush() error { return w.write(nil) }

// drive leaves writing to a driver, once nobody else writes. The buffers have
// done their work with the handshake, and are half of what a session holds.
func (w *writer) drive(wake func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.qmu.Lock()
	defer w.qmu.Unlock()
	w.wake, w.spare, w.iov = wake, nil, nil
	if len(w.queue) == 0 {
		w.queue = nil
	}
}

// take gives the driver what waits, nil if nothing does.
func (w *writer) take() []byte {
	w.qmu.Lock()
	defer w.qmu.Unlock()
	if len(w.queue) == 0 {
		return nil
	}
	q := w.queue
	w.queue = nil
	return q
}

// undrive ends what drive began. Nobody writes until the function that it
// returns was called, which writes rest before anything else.
func (w *writer) undrive(rest [][]byte) (finish func() error) {
	w.mu.Lock()
	w.qmu.Lock()
	w.wake = nil
	w.qmu.Unlock()
	w.armed = time.Time{}
	return func() error {
		defer w.mu.Unlock()
		if w.iov = append(w.iov, rest...); w.err == nil && len(rest) > 0 {
			w.err = w.writeAll()
		}
		return w.err
	}
}

// write writes what waits, and slices behind it, which it leaves as they are.
// While a driver writes it has that write what waits, and refuses slices.
func (w *writer) write(slices [][]byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.qmu.Lock()
	if wake := w.wake; wake != nil {
		w.qmu.Unlock()
		if len(slices) > 0 {
			return errDriven
		}
		wake()
		return nil
	}
	queue, bare, encrypt := w.queue, w.bare, w.cipher
	w.queue, w.spare, w.bare = w.spare[:0], nil, 0
	w.qmu.Unlock()

	switch {
	case len(queue) == 0 && len(slices) == 0:
	case w.vector && encrypt == nil:
		if len(queue) > 0 {
			w.iov = append(w.iov, queue)
		}
		// net.Buffers consumes its slice, and a batch belongs to its sender.
		w.iov = append(w.iov, slices...)
		w.err = w.writeAll()
	default:
		w.err = w.pour(queue, slices, bare, encrypt)
	}
	if cap(queue) <= maxAnswers {
		w.spare = queue[:0]
	}
	return w.err
}

func (w *writer) writeAll() error {
	whole := w.iov
	defer func() {
		clear(whole)
		w.iov = whole[:0]
	}()
	for len(w.iov) > 0 {
		w.arm()
		n, err := w.iov.WriteTo(w.conn)
		if err := w.judge(n, err); err != nil {
			return err
		}
	}
	return nil
}

// judge counts n written bytes and says whether err ends the writing.
func (w *writer) judge(n int64, err error) error {
	w.bytes.Add(uint64(n))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if n == 0 {
		return ErrSlowReader
	}
	// A deadline that passes while bytes are taken is no stuck peer.
	w.armed = time.Time{}
	return nil
}

// arm puts the write deadline at least nine tenths of the timeout ahead:
// setting it costs a tenth of a small write.
func (w *writer) arm() {
	if w.timeout < 0 {
		return
	}
	now := time.Now()
	if w.armed.Sub(now) < w.timeout-w.timeout/10 {
		w.armed = now.Add(w.timeout)
		_ = w.conn.SetWriteDeadline(w.armed)
	}
}
