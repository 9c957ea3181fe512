package rtmp

import (
	"sync"

	"github.com/millrace-live/millrace/rtmp/message"
)

// The bounds of what a stream keeps for a reader that is behind. At either one
// the connection is not read any more, so that the peer has to wait.
const (
	inboxMessages = 256
	inboxBytes    = 4 << 20
)

// inbox takes a stream's messages from the goroutine that reads the connection
// to the one that wants them: by a bounded queue, or by a function that is
// called where they come from.
type inbox struct {
	mu     sync.Mutex
	moved  sync.Cond // something was put in, taken out, or ended
	queue  []message.Message
	bytes  int
	sink   func(*message.Message) error
	busy   bool  // sink is being called
	failed error // of sink
	err    error // the stream has ended
}

func (b *inbox) init() { b.moved.L = &b.mu }

// deliver hands m over. It blocks while the queue is full.
func (b *inbox) deliver(m *message.Message) error {
	if m.Type == message.Aggregate {
		return message.Split(m, b.put)
	}
	return b.put(m)
}

func (b *inbox) put(m *message.Message) error {
	b.mu.Lock()
	for b.sink == nil && b.err == nil && len(b.queue) > 0 &&
		(len(b.queue) >= inboxMessages || b.bytes+len(m.Payload) > inboxBytes) {
		b.moved.Wait()
	}
	if b.over() {
		b.mu.Unlock()
		return nil
	}
	if sink := b.sink; sink != nil {
		b.busy = true
		b.mu.Unlock()
		failed := sink(m)
		b.mu.Lock()
		b.busy, b.failed = false, failed
		if b.over() {
			b.moved.Broadcast()
		}
		b.mu.Unlock()
		return nil
	}
	b.queue = append(b.queue, *m)
	b.bytes += len(m.Payload)
	b.moved.Broadcast()
	b.mu.Unlock()
	return nil
}

// over reports whether nobody wants what comes; b is locked.
func (b *inbox) over() bool { return b.err != nil || b.failed != nil }

// take waits for the next message. What is queued comes before the end.
func (b *inbox) take() (*message.Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) == 0 {
		if b.err != nil {
			return nil, b.err
		}
		b.moved.Wait()
	}
	m := b.pop()
	return &m, nil
}

func (b *inbox) pop() message.Message {
	m := b.queue[0]
	b.queue[0] = message.Message{}
	b.queue = b.queue[1:]
	b.bytes -= len(m.Payload)
	b.moved.Broadcast()
	return m
}

// each calls fn for every message until the stream ends or fn fails: for those
// that wait on the caller's goroutine, from then on on that of the connection.
func (b *inbox) each(fn func(*message.Message) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.empty(fn); err != nil {
		return err
	}
	if b.err == nil {
		b.sink = fn
		b.moved.Broadcast()
	}
	for b.busy || !b.over() {
		b.moved.Wait()
	}
	if b.failed != nil {
		return b.failed
	}
	return b.err
}

// drain calls fn for the messages that wait.
func (b *inbox) drain(fn func(*message.Message) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.empty(fn)
}

// empty is drain; b is locked, but not while fn runs.
func (b *inbox) empty(fn func(*message.Message) error) error {
	for len(b.queue) > 0 {
		m := b.pop()
		b.mu.Unlock()
		err := fn(&m)
		b.mu.Lock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *inbox) close(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
		b.moved.Broadcast()
	}
}
