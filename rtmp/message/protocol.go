package message

import (
	"encoding/binary"
	"fmt"
)

// The limit types of Set Peer Bandwidth (5.4.5).
const (
	LimitHard    = 0
	LimitSoft    = 1
	LimitDynamic = 2
)

// Uint32 reads the number that a protocol control message carries (5.4): the
// chunk size, the chunk stream to abort, the sequence number, the window.
func (m *Message) Uint32() (uint32, error) {
	if len(m.Payload) < 4 {
		return 0, fmt.Errorf("rtmp: read %v: %d bytes, need 4", m.Type, len(m.Payload))
	}
	return binary.BigEndian.Uint32(m.Payload), nil
}

// NewProtocolControl makes a protocol control message that carries one number
// (5.4.1 to 5.4.4).
func NewProtocolControl(t Type, v uint32) *Message {
	return &Message{Type: t, Payload: binary.BigEndian.AppendUint32(nil, v)}
}

// NewSetPeerBandwidth makes a Set Peer Bandwidth message (5.4.5).
func NewSetPeerBandwidth(window uint32, limit byte) *Message {
	return &Message{Type: SetPeerBandwidth, Payload: append(binary.BigEndian.AppendUint32(nil, window), limit)}
}
