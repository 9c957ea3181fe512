package rtmp

import (
	"context"
	"math"
	"net"
	"testing"

	"github.com/millrace-live/millrace/rtmp/message"
)

func TestAcknowledgementsWrap(t *testing.T) {
	client, server := net.Pipe()
	srv := &Server{Handler: newStore()}
	s := newSession(context.Background(), server, srv.settings())
	s.beServer(srv)
	const near = math.MaxUint32 - 10_000
	s.in.received, s.in.acked = near, near
	done := make(chan error, 1)
	go func() { done <- s.run(nil) }()
	p := newPeer(t, client)
	p.send(message.NewProtocolControl(message.WindowAckSize, 20_000))
	p.connect()
	p.command(1, "publish", 3.0, nil, "a", "live")
	p.until("onStatus", 0)
	var sent, acked uint32
	acked = near
	for range 20 {
		p.send(video(0, 3000))
		sent += 3000
	}
	for range 5 {
		m := receive(t, p.got, "acknowledgement")
		if m.Type != message.Acknowledgement {
			continue
		}
		v, err := m.Uint32()
		if err != nil {
			t.Fatal(err)
		}
		if step := v - acked; step < 10_000 || step > 20_000 {
			t.Errorf("acknowledged %d after %d: a step of %d", v, acked, step)
		}
		acked = v
	}
	if acked > math.MaxInt32 {
		t.Errorf("the count did not wrap: %d", acked)
	}
	client.Close()
	receive(t, done, "end")
}

func TestProtocolControl(t *testing.T) {
	tests := []struct {
		name   string
		m      *message.Message
		window uint32
		answer uint32
		fails  bool
	}{
		{"window", message.NewProtocolControl(message.WindowAckSize, 5_000_000), 5_000_000, 0, false},
		{"window of nothing", message.NewProtocolControl(message.WindowAckSize, 0), window, 0, false},
		{"bandwidth", message.NewSetPeerBandwidth(5_000_000, message.LimitDynamic), window, 5_000_000, false},
		{"bandwidth that was said", message.NewSetPeerBandwidth(window, message.LimitHard), window, 0, false},
		{"bandwidth of nothing", message.NewSetPeerBandwidth(0, message.LimitHard), window, 0, false},
		{"cut short", &message.Message{Type: message.WindowAckSize, Payload: []byte{1}}, window, 0, true},
	}
	for _, tt := range tests {
		in := inbound{window: window, said: window}
		answer, err := in.control(tt.m)
		var got uint32
		if answer != nil {
			got, _ = answer.Uint32()
		}
		if in.window != tt.window || got != tt.answer || (err != nil) != tt.fails {
			t.Errorf("%s: window %d, answer %d, %v", tt.name, in.window, got, err)
		}
	}
}

func TestFloodIsCountedBySecond(t *testing.T) {
	var in inbound
	for second := range int64(3) {
		for i := range 10 {
			if in.flooded(second, 10) {
				t.Fatalf("command %d of second %d is too many", i, second)
			}
		}
	}
	if !in.flooded(2, 10) {
		t.Error("the eleventh is not too many")
	}
}
