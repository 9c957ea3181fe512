package rtmp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

// store is a handler that keeps what is published and plays it back.
type store struct {
	streams chan *Stream // each that was accepted
	got     chan message.Message
	ended   chan error // why each publication ended
}

func newStore() *store {
	return &store{make(chan *Stream, 100), make(chan message.Message, 10000), make(chan error, 100)}
}

func (h *store) ServeRTMP(s *Stream) error {
	switch s.Name() {
	case "refused":
		return &StatusError{Code: message.CodePublishBadName, Description: "not for you"}
	case "broken":
		return errors.New("disk /secret is full")
	case "panic":
		panic("planted")
	}
	if err := s.Accept(); err != nil {
		return err
	}
	h.streams <- s
	if !s.Publishing() {
		<-s.Context().Done()
		return nil
	}
	err := s.Each(func(m *message.Message) error { h.got <- *m; return nil })
	h.ended <- err
	return err
}

func TestPublishOverLoopback(t *testing.T) {
	h := newStore()
	addr := listen(t, &Server{Handler: h})
	st, err := Publish(within(t), addr+"/live/cam?key=k&x=1")
	if err != nil {
		t.Fatal(err)
	}
	in := receive(t, h.streams, "stream")
	if in.Path() != "live/cam" || in.Query().Get("key") != "k" || !in.Publishing() || in.PublishType() != "live" {
		t.Errorf("handler saw %s %v", in.Path(), in.Query())
	}
	// Below a chunk, at its edge, above it, above the stranger's limit, empty.
	sizes := []int{1, 100, 511, 512, 65535, 65536, 65537, 131072, 500000, 0}
	for i, size := range sizes {
		if err := st.WriteMessage(video(uint32(0xFFFFFE+i), size)); err != nil {
			t.Fatal(err)
		}
	}
	for i, size := range sizes {
		want, m := video(uint32(0xFFFFFE+i), size), receive(t, h.got, "message")
		if m.Type != want.Type || m.Timestamp != want.Timestamp || !bytes.Equal(m.Payload, want.Payload) {
			t.Fatalf("message %d: %v at %d, %d bytes", i, m.Type, m.Timestamp, len(m.Payload))
		}
	}
	st.Close()
	if err := receive(t, h.ended, "end"); !errors.Is(err, ErrStreamClosed) {
		t.Errorf("ended by %v", err)
	}
	<-st.Session().Context().Done()
	if err := st.WriteMessage(video(0, 1)); !errors.Is(err, ErrStreamClosed) {
		t.Errorf("write after close: %v", err)
	}
}

func TestPlayOverLoopback(t *testing.T) {
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		b := s.NewBatch()
		for i := range 1000 {
			if b.Reset(); i%2 == 0 {
				b.Append(s.ID(), message.Audio, uint32(i), []byte{0xaf, 1}, []byte("sound"))
			} else {
				b.Append(s.ID(), message.Video, uint32(i), []byte{0x27, 1, 0, 0, 0}, video(0, i*100).Payload)
			}
			if err := s.Send(b); err != nil {
				return err
			}
		}
		return nil
	})})
	st, err := Play(within(t), addr+"/live/cam")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for i := range 1000 {
		m, err := st.ReadMessage()
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if m.Timestamp != uint32(i) || i%2 == 0 && string(m.Payload) != "\xaf\x01sound" ||
			i%2 == 1 && (len(m.Payload) != 5+i*100 || !bytes.Equal(m.Payload[5:], video(0, i*100).Payload)) {
			t.Fatalf("message %d: %v at %d, %d bytes", i, m.Type, m.Timestamp, len(m.Payload))
		}
	}
	if _, err := st.ReadMessage(); !errors.Is(err, ErrStreamClosed) {
		t.Errorf("ended by %v", err)
	}
}

func TestRefusals(t *testing.T) {
	var logs bytes.Buffer
	srv := &Server{Handler: newStore(), Logger: slog.New(slog.NewTextHandler(&logs, nil))}
	addr := listen(t, srv)
	_, err := Publish(within(t), addr+"/live/refused")
	if !errors.Is(err, ErrBadName) || !strings.Contains(err.Error(), "not for you") {
		t.Errorf("publish: %v", err)
	}
	_, err = Play(within(t), addr+"/live/broken")
	var status *StatusError
	if !errors.As(err, &status) || status.Code != message.CodePlayFailed || strings.Contains(err.Error(), "secret") {
		t.Errorf("play: %v", err)
	}
	if _, err = Play(within(t), addr+"/live/panic"); err == nil {
		t.Error("a handler that panics accepted")
	}
	// The others are served on.
	st, err := Publish(within(t), addr+"/live/fine")
	if err != nil {
		t.Fatal(err)
	}
	st.Close()
	srv.Close()
	if srv.Panics() != 1 || strings.Count(logs.String(), "planted") != 1 {
		t.Errorf("%d panics, log: %s", srv.Panics(), &logs)
	}
}

type door struct{ *store }

func (door) ServeConnect(s *Session) error {
	if s.ConnectInfo().App != "live" {
		return &StatusError{Code: message.CodeConnectInvalidApp, Description: "no such application"}
	}
	return nil
}

func TestConnectHandler(t *testing.T) {
	addr := listen(t, &Server{Handler: door{newStore()}})
	_, err := Publish(within(t), addr+"/other/cam")
	var status *StatusError
	if !errors.As(err, &status) || status.Code != message.CodeConnectInvalidApp ||
		status.Description != "no such application" {
		t.Errorf("got %v", err)
	}
	st, err := Publish(within(t), addr+"/live/cam")
	if err != nil {
		t.Fatal(err)
	}
	st.Close()
}

func TestSeveralStreamsOnOneConnection(t *testing.T) {
	h := newStore()
	addr := listen(t, &Server{Handler: h})
	s, err := new(Dialer).Dial(within(t), addr+"/live/")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a, err := s.Publish(within(t), "a")
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Publish(within(t), "b")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Play(within(t), "c", PlayOptions{Live: true})
	if err != nil {
		t.Fatal(err)
	}
	for st, n := range map[*Stream]int{a: 3, b: 4} {
		for range n {
			if err := st.WriteMessage(video(st.ID(), 10)); err != nil {
				t.Fatal(err)
			}
		}
	}
	count := map[uint32]int{}
	for range 7 {
		m := receive(t, h.got, "message")
		if m.StreamID != m.Timestamp {
			t.Errorf("message of stream %d came on %d", m.Timestamp, m.StreamID)
		}
		count[m.StreamID]++
	}
	if count[a.ID()] != 3 || count[b.ID()] != 4 {
		t.Errorf("got %v", count)
	}
	// One that ends leaves the others.
	a.Close()
	if err := receive(t, h.ended, "end of a"); !errors.Is(err, ErrStreamClosed) {
		t.Error(err)
	}
	if err := b.WriteMessage(video(1, 10)); err != nil {
		t.Error(err)
	}
	receive(t, h.got, "message of b")
	if c.Err() != nil {
		t.Errorf("the play ended: %v", c.Err())
	}
}

func TestControls(t *testing.T) {
	asked := make(chan Control, 10)
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if s.Name() == "own" {
			s.OnControl(func(k Control) error {
				asked <- k
				if _, ok := k.(message.Seek); ok {
					return errors.New("nowhere to go")
				}
				return nil
			})
		}
		if err := s.Accept(); err != nil {
			return err
		}
		<-s.Context().Done()
		return nil
	})})
	tests := []struct {
		name string
		args []amf.Value
		code string
	}{
		{"own", []amf.Value{"pause", 0.0, nil, true, 5.0}, message.CodePauseNotify},
		{"own", []amf.Value{"pauseRaw", 0.0, nil, false, 5.0}, message.CodeUnpauseNotify},
		{"own", []amf.Value{"seek", 0.0, nil, 5.0}, message.CodeSeekFailed},
		{"none", []amf.Value{"pause", 0.0, nil, true, 5.0}, message.CodePauseNotify},
		{"none", []amf.Value{"seek", 0.0, nil, 5.0}, message.CodeSeekFailed},
		{"none", []amf.Value{"receiveVideo", 0.0, nil, true}, message.CodeSeekNotify},
		{"none", []amf.Value{"play2", 0.0, nil, amf.NewObject("streamName", "x")}, message.CodePlayFailed},
	}
	for _, tt := range tests {
		p := dialPeer(t, addr)
		p.connect()
		p.command(1, "play", 3.0, nil, tt.name)
		for p.until("onStatus", 0) != message.CodePlayStart {
			continue
		}
		p.command(1, tt.args...)
		if got := p.until("onStatus", 0); got != tt.code {
			t.Errorf("%s %v: got %s, want %s", tt.name, tt.args[0], got, tt.code)
		}
		p.conn.Close()
		if tt.name == "own" {
			receive(t, asked, "question")
		}
	}
}

func TestHandlerEndsPublication(t *testing.T) {
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		return &StatusError{Code: message.CodePublishBadName, Description: "taken over"}
	})})
	p := dialPeer(t, addr)
	p.connect()
	p.command(1, "publish", 3.0, nil, "a", "live")
	for _, want := range []string{message.CodePublishStart, message.CodePublishBadName, message.CodeUnpublishSuccess} {
		if got := p.until("onStatus", 0); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	// An encoder that goes on sending is cut off.
	p.ended()
}

func TestCloseWithFromAnotherGoroutine(t *testing.T) {
	h := newStore()
	addr := listen(t, &Server{Handler: h})
	p := dialPeer(t, addr)
	p.connect()
	p.command(1, "publish", 3.0, nil, "a", "live")
	p.until("onStatus", 0)
	reason := &StatusError{Code: message.CodePublishBadName, Description: "taken over"}
	receive(t, h.streams, "stream").CloseWith(reason)
	if got := p.until("onStatus", 0); got != message.CodePublishBadName {
		t.Errorf("publisher was told %s", got)
	}
	if err := receive(t, h.ended, "end"); !errors.Is(err, reason) {
		t.Errorf("handler found %v", err)
	}
	p.ended()
}

func TestSecondPlayOnAStream(t *testing.T) {
	h := newStore()
	addr := listen(t, &Server{Handler: h})
	p := dialPeer(t, addr)
	p.connect()
	p.command(1, "play", 3.0, nil, "a")
	first := receive(t, h.streams, "first play")
	p.command(1, "play", 4.0, nil, "b")
	second := receive(t, h.streams, "second play")
	<-first.Context().Done()
	if first.Name() != "a" || second.Name() != "b" || second.Err() != nil {
		t.Errorf("%s, then %s (%v)", first.Name(), second.Name(), second.Err())
	}
	if err := first.WriteMessage(video(0, 1)); !errors.Is(err, ErrStreamClosed) {
		t.Errorf("the first still plays: %v", err)
	}
	if err := second.WriteMessage(video(0, 1)); err != nil {
		t.Errorf("the second does not: %v", err)
	}
}

func TestEndsOfSessions(t *testing.T) {
	tests := []struct {
		name   string
		want   error
		client func(p *peer)
	}{
		{"closed in order", nil, func(p *peer) { p.connect() }},
		{"lost while publishing", ErrConnectionLost, func(p *peer) {
			p.connect()
			p.command(1, "publish", 3.0, nil, "a", "live")
			p.until("onStatus", 0)
		}},
		{"closed in the handshake", ErrConnectionLost, func(*peer) {}},
		{"first command is not connect", message.ErrNotConnected, func(p *peer) {
			p.command(0, "createStream", 2.0, nil)
			p.ended()
		}},
		{"commands in a flood", ErrFlood, func(p *peer) {
			p.connect()
			m, _ := message.NewMessage(message.Command, 0, "x", 0.0, nil)
			var all []byte
			for range 3 * maxCommands {
				all, _ = p.w.Append(all, 3, m)
			}
			_, _ = p.conn.Write(all)
			p.ended()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- (&Server{Handler: newStore()}).ServeConn(context.Background(), server, nil) }()
			p := newPeer(t, client)
			tt.client(p)
			client.Close()
			if err := receive(t, ended, "end"); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestHeadIsRead(t *testing.T) {
	client, server := net.Pipe()
	ended := make(chan error, 1)
	hello := make([]byte, handshakeSize)
	hello[0] = 3
	go func() { ended <- (&Server{}).ServeConn(context.Background(), server, hello[:100]) }()
	go func() { _, _ = client.Write(hello[100:]) }()
	if _, err := io.ReadFull(client, make([]byte, handshakeSize)); err != nil {
		t.Fatal(err)
	}
	client.Close()
	receive(t, ended, "end")
}

func TestShutdownTellsTheClients(t *testing.T) {
	srv := &Server{Handler: newStore()}
	addr := listen(t, srv)
	p := dialPeer(t, addr)
	p.connect()
	p.command(1, "publish", 3.0, nil, "a", "live")
	p.until("onStatus", 0)
	play, err := Play(within(t), addr+"/live/b")
	if err != nil {
		t.Fatal(err)
	}
	defer play.Close()
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(within(t)) }()
	if got := p.until("onStatus", 0); got != message.CodeFailed {
		t.Errorf("publisher was told %s", got)
	}
	p.ended()
	p.conn.Close()
	if _, err := play.ReadMessage(); err == nil || !strings.Contains(err.Error(), "closing") {
		t.Errorf("player was told %v", err)
	}
	play.Close()
	if err := receive(t, done, "end of Shutdown"); err != nil {
		t.Error(err)
	}
	if err := srv.ServeConn(context.Background(), p.conn, nil); !errors.Is(err, ErrServerClosed) {
		t.Errorf("served after Shutdown: %v", err)
	}
}
