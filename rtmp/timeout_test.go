package rtmp

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

// serveFor serves a client on a clock of its own and gives how long the session
// lasted, and why it ended.
func serveFor(t *testing.T, srv *Server, client func(p *peer, c net.Conn)) (lasted time.Duration, reason error) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		start := time.Now()
		ended := make(chan struct{})
		var told error
		srv.Ended = func(_ *Session, err error) { told = err }
		go func() {
			reason = srv.ServeConn(context.Background(), far, nil)
			if told != reason {
				t.Errorf("Ended was told %v, ServeConn returned %v", told, reason)
			}
			lasted = time.Since(start)
			close(ended)
		}()
		client(nil, near)
		<-ended
		near.Close()
	})
	return lasted, reason
}

func handshaken(t *testing.T, then func(p *peer)) func(*peer, net.Conn) {
	return func(_ *peer, c net.Conn) {
		then(newPeer(t, c))
	}
}

func TestDeadlinesAreAbsolute(t *testing.T) {
	play := func(p *peer) {
		p.connect()
		p.command(1, "play", 3.0, nil, "a")
		p.until("onStatus", 0)
	}
	accept := HandlerFunc(func(s *Stream) error {
		if s.Name() == "refused" {
			return ErrBadName
		}
		if err := s.Accept(); err != nil {
			return err
		}
		<-s.Context().Done()
		return nil
	})
	tests := []struct {
		name   string
		want   error
		after  time.Duration
		client func(*peer, net.Conn)
	}{
		{"silent in the handshake", ErrHandshake, 10 * time.Second, func(*peer, net.Conn) {}},
		{"silent", ErrTimeout, 10 * time.Second, func(*peer, net.Conn) {}},
		{"a byte a second", ErrTimeout, 10 * time.Second, func(_ *peer, c net.Conn) {
			go func() { _, _ = io.Copy(io.Discard, c) }()
			for b := byte(3); ; b = 0 {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}},
		{"no connect", ErrTimeout, 10 * time.Second, handshaken(t, func(p *peer) {})},
		{"no stream, but pings", ErrTimeout, 20 * time.Second, handshaken(t, func(p *peer) {
			p.connect()
			for range 25 {
				time.Sleep(time.Second)
				b, _ := p.w.Append(nil, 2, message.UserEvent{Type: message.PingRequest}.Message())
				if _, err := p.conn.Write(b); err != nil {
					return
				}
			}
		})},
		{"tries names for ever", ErrTimeout, 20 * time.Second, handshaken(t, func(p *peer) {
			p.connect()
			for {
				m, _ := message.NewMessage(message.Command, 1, "publish", 3.0, nil, "refused", "live")
				b, _ := p.w.Append(nil, 3, m)
				if _, err := p.conn.Write(b); err != nil {
					return
				}
				time.Sleep(500 * time.Millisecond)
			}
		})},
		{"closed its stream and stays", ErrTimeout, 25 * time.Second, handshaken(t, func(p *peer) {
			play(p)
			time.Sleep(5 * time.Second)
			p.command(1, "closeStream", 0.0, nil)
		})},
		{"publisher without a byte", ErrSilent, 60 * time.Second, handshaken(t, func(p *peer) {
			p.connect()
			p.command(1, "publish", 3.0, nil, "a", "live")
			p.until("onStatus", 0)
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lasted, err := serveFor(t, &Server{Handler: accept}, tt.client)
			if !errors.Is(err, tt.want) || lasted < tt.after || lasted > tt.after+time.Second {
				t.Errorf("ended after %v by %v, want %v by %v", lasted, err, tt.after, tt.want)
			}
		})
	}
}

func TestSilentPeersArePinged(t *testing.T) {
	tests := []struct {
		name  string
		open  []amf.Value
		after time.Duration
	}{
		{"publisher", []amf.Value{"publish", 3.0, nil, "a", "live"}, 5 * time.Second},
		{"player", []amf.Value{"play", 3.0, nil, "a"}, playerPing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sessions := make(chan *Session, 1)
			srv := &Server{Handler: HandlerFunc(func(s *Stream) error {
				sessions <- s.Session()
				if err := s.Accept(); err != nil {
					return err
				}
				<-s.Context().Done()
				return nil
			})}
			_, _ = serveFor(t, srv, handshaken(t, func(p *peer) {
				p.connect()
				p.command(1, tt.open...)
				p.until("onStatus", 0)
				silent := time.Now()
				for m := range p.got {
					if m.Type != message.UserControl {
						continue
					}
					e, err := message.ParseUserEvent(&m)
					if err != nil || e.Type != message.PingRequest {
						continue
					}
					if d := time.Since(silent); d < tt.after || d > 2*tt.after {
						t.Errorf("pinged after %v, want %v", d, tt.after)
					}
					time.Sleep(70 * time.Millisecond)
					p.send(message.UserEvent{Type: message.PingResponse, Value: e.Value}.Message())
					break
				}
				synctest.Wait()
				s := <-sessions
				if rtt := s.Stats().RTT; rtt != 70*time.Millisecond {
					t.Errorf("round trip of %v, want 70ms", rtt)
				}
				if d := time.Since(s.LastReceived()); d != 0 {
					t.Errorf("last byte came %v ago", d)
				}
				p.conn.Close()
			}))
		})
	}
}

func TestAPeerThatDoesNotRead(t *testing.T) {
	srv := &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for {
			if err := s.WriteMessage(video(0, 1000)); err != nil {
				return err
			}
		}
	})}
	lasted, err := serveFor(t, srv, func(_ *peer, c net.Conn) {
		p := newPeer(t, &halting{Conn: c})
		p.connect()
		p.command(1, "play", 3.0, nil, "a")
		p.until("onStatus", 0)
		p.conn.(*halting).halt()
	})
	if !errors.Is(err, ErrSlowReader) || lasted < 9*time.Second || lasted > 11*time.Second {
		t.Errorf("ended after %v by %v", lasted, err)
	}
}

// TestAnswersThatNobodyReads floods a server with pings. Its answers are
// bounded in bytes, and it goes on reading until the bound.
func TestAnswersThatNobodyReads(t *testing.T) {
	lasted, err := serveFor(t, &Server{}, func(_ *peer, c net.Conn) {
		p := newPeer(t, &halting{Conn: c})
		p.connect()
		p.conn.(*halting).halt()
		var all []byte
		for range maxCommands - 10 {
			all, _ = p.w.Append(all, 2, message.UserEvent{Type: message.PingRequest}.Message())
		}
		for range 10 {
			if _, err := p.conn.Write(all); err != nil {
				return
			}
			time.Sleep(time.Second)
		}
	})
	if !errors.Is(err, ErrSlowReader) || lasted > 11*time.Second {
		t.Errorf("ended after %v by %v", lasted, err)
	}
}

// halting is a connection whose reader can stop for good.
type halting struct {
	net.Conn
	halted atomic.Bool
}

func (h *halting) halt() { h.halted.Store(true) }

func (h *halting) Read(p []byte) (int, error) {
	if h.halted.Load() {
		return 0, io.EOF
	}
	return h.Conn.Read(p)
}
