package rtmp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

// carrier drives one session in the plainest way: a goroutine that reads, and
// one that writes when it is woken.
type carrier struct {
	mu       sync.Mutex // of detached's methods
	detached *Detached
	stream   *Stream
	woken    chan struct{}
	media    chan []byte
	handler  func() error
	rest     [][]byte // what it says that it had begun to write
	left     sync.Once
	done     chan struct{} // closed when it has left
}

func (c *carrier) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// carry detaches st, and attaches it again at the first error, with handler. It
// returns nil if st could not be detached.
func carry(st *Stream, handler func() error) *carrier {
	c := &carrier{
		stream: st, woken: make(chan struct{}, 1), media: make(chan []byte), handler: handler,
		done: make(chan struct{}),
	}
	if c.detached = st.Detach(c.wake); c.detached == nil {
		return nil
	}
	conn := st.Session().Conn()
	_ = conn.SetDeadline(time.Time{})
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		buf := make([]byte, 1000)
		for {
			n, err := conn.Read(buf)
			c.mu.Lock()
			if err == nil {
				err = c.detached.Receive(buf[:n])
			}
			c.mu.Unlock()
			if err != nil {
				c.leave()
				return
			}
		}
	}()
	go func() {
		defer func() {
			_ = conn.SetReadDeadline(time.Unix(1, 0))
			<-reading
			c.detached.Attach(c.rest, nil, c.handler)
		}()
		for {
			var media []byte
			select {
			case <-c.woken:
			case media = <-c.media:
			case <-c.done:
				return
			}
			if st.Err() != nil { // the answers are left to the session
				c.leave()
				return
			}
			out := append(c.detached.Answers(), media...)
			if _, err := conn.Write(out); err != nil {
				c.leave()
			}
		}
	}()
	c.wake()
	return c
}

func (c *carrier) leave() { c.left.Do(func() { close(c.done) }) }

// detaching is a server whose players are detached. What their handlers would
// have done is called when they are attached again.
func detaching(t *testing.T, again func(*Stream) error) (address string, srv *Server, carriers chan *carrier, ended chan error) {
	t.Helper()
	carriers, ended = make(chan *carrier, 10), make(chan error, 10)
	srv = &Server{
		Ended: func(_ *Session, err error) { ended <- err },
		Handler: HandlerFunc(func(st *Stream) error {
			if err := st.Accept(); err != nil {
				return err
			}
			c := carry(st, func() error { return again(st) })
			if c == nil {
				return again(st)
			}
			carriers <- c
			return ErrDetached
		}),
	}
	return listen(t, srv), srv, carriers, ended
}

func untilEnd(st *Stream) error {
	<-st.Context().Done()
	return context.Cause(st.Context())
}

func TestDetached(t *testing.T) {
	address, _, carriers, ended := detaching(t, untilEnd)
	st, err := Play(within(t), address+"/live/cam1")
	if err != nil {
		t.Fatal(err)
	}
	c := receive(t, carriers, "the stream")
	want := video(40, 100_000)
	b := c.stream.NewBatch()
	b.Append(c.stream.ID(), want.Type, want.Timestamp, nil, want.Payload)
	c.media <- bytes.Join(b.Slices(), nil)
	if m, err := st.ReadMessage(); err != nil || !bytes.Equal(m.Payload, want.Payload) {
		t.Fatalf("%v, %v", m, err)
	}
	// An answer while the driver has the session.
	if err := st.Session().Ping(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); c.stream.Session().Stats().BytesIn < 3073+100; {
		if time.Now().After(deadline) {
			t.Fatal("nothing was received")
		}
		time.Sleep(time.Millisecond)
	}
	st.Close()
	if err := receive(t, ended, "the end"); err != nil {
		t.Errorf("ended with %v", err)
	}
	if !errors.Is(c.stream.Err(), ErrStreamClosed) {
		t.Errorf("stream ended with %v", c.stream.Err())
	}
}

// A player that asks for another stream on its connection gets it, and keeps
// the first.
func TestDetachedThenSecondStream(t *testing.T) {
	address, _, carriers, _ := detaching(t, untilEnd)
	p := dialPeer(t, address)
	p.connect()
	p.command(1, "play", 3.0, nil, "cam1")
	first := receive(t, carriers, "the first stream")
	// In one write, so that the driver finds what it cannot do in the middle.
	var both []byte
	for _, m := range []*message.Message{
		mustMessage(t, 0, "createStream", 4.0, nil),
		mustMessage(t, 2, "play", 5.0, nil, "cam2"),
		mustMessage(t, 0, "createStream", 6.0, nil),
	} {
		b, err := p.w.Append(nil, 3, m)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, b...)
	}
	p.raw(both)
	p.until("_result", 6)
	receive(t, first.done, "the driver's good-bye")
	if err := first.stream.Err(); err != nil {
		t.Errorf("the first stream ended: %v", err)
	}
	if err := first.stream.WriteMessage(video(1, 10)); err != nil {
		t.Errorf("the first stream: %v", err)
	}
}

func mustMessage(t *testing.T, streamID uint32, values ...amf.Value) *message.Message {
	t.Helper()
	m, err := message.NewMessage(message.Command, streamID, values...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What answers the last message that a driver received is written without it.
func TestDetachedThenUnpublished(t *testing.T) {
	address, _, carriers, _ := detaching(t, untilEnd)
	p := dialPeer(t, address)
	p.connect()
	p.command(1, "publish", 3.0, nil, "cam1", "live")
	if code := p.until("onStatus", 0); code != message.CodePublishStart {
		t.Fatal(code)
	}
	receive(t, carriers, "the stream")
	p.command(0, "deleteStream", 4.0, nil, 1.0)
	if code := p.until("onStatus", 0); code != message.CodeUnpublishSuccess {
		t.Errorf("the end is told by %s", code)
	}
}

// The server's own ends reach a player that a driver has.
func TestDetachedThenShutdown(t *testing.T) {
	address, srv, carriers, ended := detaching(t, untilEnd)
	st, err := Play(within(t), address+"/live/cam1")
	if err != nil {
		t.Fatal(err)
	}
	receive(t, carriers, "the stream")
	if err := srv.Shutdown(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, ended, "the end"); !errors.Is(err, ErrServerClosed) {
		t.Errorf("session ended with %v", err)
	}
	var status *StatusError
	if _, err := st.ReadMessage(); !errors.As(err, &status) && !errors.Is(err, ErrStreamClosed) {
		t.Errorf("player was told %v", err)
	}
}

func TestDetachedThenClosed(t *testing.T) {
	address, _, carriers, ended := detaching(t, untilEnd)
	if _, err := Play(within(t), address+"/live/cam1"); err != nil {
		t.Fatal(err)
	}
	c := receive(t, carriers, "the stream")
	c.stream.Session().Close()
	if err := receive(t, ended, "the end"); !errors.Is(err, ErrSessionClosed) {
		t.Errorf("session ended with %v", err)
	}
}

// What the driver had begun to write comes before anything else.
func TestAttachWritesTheRest(t *testing.T) {
	address, _, carriers, _ := detaching(t, func(st *Stream) error { return st.WriteMessage(video(80, 10)) })
	st, err := Play(within(t), address+"/live/cam1")
	if err != nil {
		t.Fatal(err)
	}
	c := receive(t, carriers, "the stream")
	b := c.stream.NewBatch()
	b.Append(c.stream.ID(), message.Video, 40, nil, video(40, 1000).Payload)
	whole := bytes.Join(b.Slices(), nil)
	c.rest = [][]byte{whole[7:9], whole[9:]}
	c.media <- whole[:7]
	c.leave()
	for _, want := range []uint32{40, 80} {
		if m, err := st.ReadMessage(); err != nil || m.Timestamp != want {
			t.Fatalf("%+v, %v; want the message of %d ms", m, err, want)
		}
	}
}

func TestDetachRefused(t *testing.T) {
	result := make(chan *Detached, 1)
	srv := &Server{Handler: HandlerFunc(func(st *Stream) error {
		result <- st.Detach(func() {}) // not accepted yet
		return ErrStreamNotFound
	})}
	if _, err := Play(within(t), listen(t, srv)+"/live/cam1"); !errors.Is(err, ErrStreamNotFound) {
		t.Errorf("%v", err)
	}
	if d := receive(t, result, "Detach"); d != nil {
		t.Error("a stream was detached that was not accepted")
	}
}

// A goroutine that was on its way to write answers when a driver came finds that
// it has nothing to do, and breaks nothing.
func TestFlushWhileDriven(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	w := newWriter(near, settings{write: time.Second, maxQueue: maxAnswers})
	woken := 0
	w.enqueue(message.NewProtocolControl(message.Acknowledgement, 1))
	w.drive(func() { woken++ })
	if err := w.write(nil); err != nil || woken != 1 {
		t.Errorf("write: %v, the driver was woken %d times", err, woken)
	}
	if err := w.write([][]byte{{1}}); !errors.Is(err, errDriven) {
		t.Errorf("media beside the driver: %v", err)
	}
	if len(w.take()) == 0 {
		t.Error("the driver has no answers to write")
	}
}
