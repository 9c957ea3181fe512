package rtmp

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

func TestStrangersHaveSmallMessages(t *testing.T) {
	h := newStore()
	addr := listen(t, &Server{Handler: h})
	for _, tt := range []struct {
		name    string
		publish bool
		m       *message.Message
		ok      bool
	}{
		{"picture before publish", false, video(0, 64<<10+1), false},
		{"picture after publish", true, video(0, 3<<20), true},
		{"data after publish", true, &message.Message{Type: message.Data, Payload: make([]byte, 1<<20)}, true},
		{"too much data after publish", true, &message.Message{Type: message.Data, Payload: make([]byte, 1<<20+1)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := dialPeer(t, addr)
			p.connect()
			if tt.publish {
				p.command(1, "publish", 3.0, nil, "a", "live")
				for p.until("onStatus", 0) != message.CodePublishStart {
					continue
				}
			}
			tt.m.StreamID = 1
			b, err := p.w.Append(nil, 6, tt.m)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = p.conn.Write(b)
			if !tt.ok {
				p.ended()
				return
			}
			if got := receive(t, h.got, "message"); len(got.Payload) != len(tt.m.Payload) {
				t.Errorf("%d bytes came", len(got.Payload))
			}
		})
	}
}

// TestPublisherWaitsForTheDecision shows that nothing is read from an encoder
// that was not let in yet, and nothing of what it sent is lost.
func TestPublisherWaitsForTheDecision(t *testing.T) {
	decide, got := make(chan struct{}), make(chan uint32, 10)
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		<-decide
		if err := s.Accept(); err != nil {
			return err
		}
		return s.Each(func(m *message.Message) error { got <- m.Timestamp; return nil })
	})})
	p := dialPeer(t, addr)
	p.connect()
	p.command(1, "publish", 3.0, nil, "a", "live")
	for i := range 5 {
		m := video(uint32(i), 50_000)
		m.StreamID = 1
		p.send(m)
	}
	select {
	case ts := <-got:
		t.Fatalf("message %d came before the decision", ts)
	default:
	}
	close(decide)
	for i := range uint32(5) {
		if ts := receive(t, got, "message"); ts != i {
			t.Fatalf("message %d came, want %d", ts, i)
		}
	}
}

func TestReaderThatIsBehindHoldsTheConnection(t *testing.T) {
	streams := make(chan *Stream, 1)
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		streams <- s
		<-s.Context().Done()
		return nil
	})})
	st, err := Publish(within(t), addr+"/live/a")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	in := receive(t, streams, "stream")
	const messages, size = 3000, 10_000
	sent := make(chan error, 1)
	go func() {
		for i := range messages {
			if err := st.WriteMessage(video(uint32(i), size)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for i := range messages {
		m, err := in.ReadMessage()
		if err != nil || m.Timestamp != uint32(i) || len(m.Payload) != size {
			t.Fatalf("message %d: %+v, %v", i, m, err)
		}
		in.inbox.mu.Lock()
		if len(in.queue) > inboxMessages || in.bytes > inboxBytes {
			t.Fatalf("%d messages with %d bytes wait", len(in.queue), in.bytes)
		}
		in.inbox.mu.Unlock()
	}
	if err := receive(t, sent, "end of sending"); err != nil {
		t.Error(err)
	}
}

func TestGivenUpRequests(t *testing.T) {
	block := make(chan struct{})
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		select {
		case <-block:
		case <-s.Context().Done():
		}
		return s.Accept()
	})})
	s, err := new(Dialer).Dial(within(t), addr+"/live")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Play(ctx, "a", PlayOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(block)
	if _, err := s.Play(within(t), "b", PlayOptions{}); err != nil {
		t.Errorf("after a request that was given up: %v", err)
	}
}

func TestCalls(t *testing.T) {
	addr := listen(t, &Server{Handler: newStore()})
	s, err := new(Dialer).Dial(within(t), addr+"/live")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Call(within(t), "getStreamLength", "a")
	if err != nil || got.Number(0) != 0 || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	var status *StatusError
	if _, err := s.Call(within(t), "nonsense"); !errors.As(err, &status) || status.Code != message.CodeCallFailed {
		t.Errorf("got %v", err)
	}
}

// FuzzServe feeds a server with whatever stands behind a handshake and connect.
func FuzzServe(f *testing.F) {
	w := chunk.NewWriter()
	for _, values := range []amf.List{
		{"createStream", 2.0, nil}, {"play", 3.0, nil, "a"}, {"publish", 3.0, nil, "a", "live"}, {"pause", 0.0, nil, true},
	} {
		m, err := message.NewMessage(message.Command, 0, values...)
		if err != nil {
			f.Fatal(err)
		}
		b, err := w.Append(nil, 3, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	m, _ := message.NewMessage(message.Command, 0, "connect", 1.0, amf.NewObject("app", "live"))
	connect, err := w.Append(nil, 8, m)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		srv := &Server{Handler: HandlerFunc(func(s *Stream) error {
			if err := s.Accept(); err != nil {
				return err
			}
			if !s.Publishing() {
				_ = s.WriteMessage(video(0, 10))
				<-s.Context().Done()
				return nil
			}
			return s.Each(func(*message.Message) error { return nil })
		})}
		near, far := net.Pipe()
		s := newSession(context.Background(), far, srv.settings())
		s.beServer(srv)
		s.in.shake = nil
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 4096)
			for {
				if _, err := near.Read(buf); err != nil {
					return
				}
			}
		}()
		go func() {
			_, _ = near.Write(b)
			near.Close()
		}()
		_ = s.run(connect)
		<-done
		if srv.Panics() != 0 {
			t.Fatal("panic")
		}
	})
}
