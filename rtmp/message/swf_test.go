package message

import (
	"bytes"
	"testing"
)

func TestSWFProof(t *testing.T) {
	want := SWFProof{Size: 12345, Digest: [32]byte{1, 2, 3}}
	m := want.Message()
	if got, err := ParseSWFProof(m); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if !bytes.HasPrefix(m.Payload, []byte{0, 27, 1, 1, 0, 0, 0x30, 0x39, 0, 0, 0x30, 0x39, 1, 2, 3}) || len(m.Payload) != 44 {
		t.Errorf("wrote %x", m.Payload)
	}
	for n := range m.Payload {
		if _, err := ParseSWFProof(&Message{Type: UserControl, Payload: m.Payload[:n]}); err == nil {
			t.Errorf("%d bytes are enough", n)
		}
	}
}

func TestSWFEvents(t *testing.T) {
	client := NewClient(func(*Message) {})
	for _, test := range []struct {
		payload string
		want    Event
	}{
		{"\x00\x1a", SWFDemand{}},
		{"\x00\x1a\x01", SWFDemand{}},
		{"\x00\x1a\x02", nil}, // of a kind that nobody has described
	} {
		got, err := client.Handle(&Message{Type: UserControl, Payload: []byte(test.payload)})
		if err != nil || got != test.want {
			t.Errorf("%q: got %v, %v", test.payload, got, err)
		}
	}
	if got := NewSWFDemand(); string(got.Payload) != "\x00\x1a" || got.Type != UserControl {
		t.Errorf("demand is %v %x", got.Type, got.Payload)
	}
	server := NewServer(func(*Message) {})
	proof := SWFProof{Size: 7, Digest: [32]byte{9}}
	if got, err := server.Handle(proof.Message()); err != nil || got != proof {
		t.Errorf("got %v, %v", got, err)
	}
	short := &Message{Type: UserControl, Payload: []byte{0, 27, 1}}
	if got, err := server.Handle(short); err != nil || got != (SWFProof{}) {
		t.Errorf("a short one: got %v, %v", got, err)
	}
}
