package message_test

import (
	"errors"
	"math"
	"testing"

	"github.com/millrace-live/millrace/rtmp/message"
)

func sub(typ message.Type, ts uint32, body string) string {
	n := len(body)
	return string([]byte{
		byte(typ), byte(n >> 16), byte(n >> 8), byte(n),
		byte(ts >> 16), byte(ts >> 8), byte(ts), byte(ts >> 24), 9, 9, 9,
	}) + body + string([]byte{0, 0, 0, byte(11 + n)})
}

func TestSplit(t *testing.T) {
	// The inner clock starts anywhere and wraps on the way.
	payload := sub(message.Audio, math.MaxUint32-9, "a") + sub(message.Command, 0, "no") +
		sub(message.Video, 10, "vv") + sub(message.Data, 30, "")
	tests := []struct {
		name, payload string
		ok            bool
	}{
		{"whole", payload, true},
		{"without the last back pointer", payload[:len(payload)-4], true},
		{"cut in the back pointer", payload[:len(payload)-1], true},
		{"cut in a header", payload[:len(payload)-5], false},
		{"cut in a body", sub(message.Audio, 0, "abc")[:12], false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []message.Message
			m := &message.Message{
				Type: message.Aggregate, StreamID: 3, Timestamp: 1000, Payload: []byte(tt.payload),
			}
			err := message.Split(m, func(m *message.Message) error {
				got = append(got, *m)
				return nil
			})
			if (err == nil) != tt.ok {
				t.Fatal(err)
			}
			if !tt.ok {
				return
			}
			want := []struct {
				typ  message.Type
				ts   uint32
				body string
			}{{message.Audio, 1000, "a"}, {message.Video, 1020, "vv"}, {message.Data, 1040, ""}}
			if len(got) != len(want) {
				t.Fatalf("got %d messages", len(got))
			}
			for i, w := range want {
				if g := got[i]; g.Type != w.typ || g.Timestamp != w.ts || string(g.Payload) != w.body || g.StreamID != 3 {
					t.Errorf("message %d: %+v", i, g)
				}
			}
		})
	}
}

func TestSplitStops(t *testing.T) {
	stop := errors.New("stop")
	m := &message.Message{Type: message.Aggregate, Payload: []byte(sub(8, 0, "a") + sub(8, 1, "b"))}
	n := 0
	err := message.Split(m, func(*message.Message) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Fatalf("got %v after %d", err, n)
	}
}
