package message

import (
	"encoding/binary"
	"fmt"
)

// UserEventType says what a User Control message tells (7.1.7).
type UserEventType uint16

// The events of User Control messages.
const (
	StreamBegin      UserEventType = 0
	StreamEOF        UserEventType = 1
	StreamDry        UserEventType = 2
	SetBufferLength  UserEventType = 3
	StreamIsRecorded UserEventType = 4
	PingRequest      UserEventType = 6
	PingResponse     UserEventType = 7
	SWFVerifyRequest UserEventType = 26
	SWFVerifyAnswer  UserEventType = 27
	BufferEmpty      UserEventType = 31
	BufferReady      UserEventType = 32
)

// UserEvent is the content of a User Control message.
type UserEvent struct {
	Type UserEventType
	// Value is the message stream of the stream and buffer events, the
	// timestamp in milliseconds of the ping events.
	Value uint32
	// Buffer is the buffer's length in milliseconds; SetBufferLength only.
	Buffer uint32
}

// ParseUserEvent reads a User Control message. Events that this package does
// not know have their type and, if there are four bytes, their Value.
func ParseUserEvent(m *Message) (UserEvent, error) {
	p := m.Payload
	if len(p) < 2 {
		return UserEvent{}, fmt.Errorf("rtmp: read user control: %d bytes, need 2", len(p))
	}
	e := UserEvent{Type: UserEventType(binary.BigEndian.Uint16(p))}
	p = p[2:]
	need := 0
	switch e.Type {
	case StreamBegin, StreamEOF, StreamDry, StreamIsRecorded, PingRequest, PingResponse, BufferEmpty, BufferReady:
		need = 4
	case SetBufferLength:
		need = 8
	}
	if len(p) < need {
		return e, fmt.Errorf("rtmp: read user control event %d: %d bytes, need %d", e.Type, len(p), need)
	}
	if len(p) >= 4 {
		e.Value = binary.BigEndian.Uint32(p)
	}
	if e.Type == SetBufferLength {
		e.Buffer = binary.BigEndian.Uint32(p[4:])
	}
	return e, nil
}

// Message makes the User Control message that carries e.
func (e UserEvent) Message() *Message {
	p := binary.BigEndian.AppendUint16(make([]byte, 0, 10), uint16(e.Type))
	p = binary.BigEndian.AppendUint32(p, e.Value)
	if e.Type == SetBufferLength {
		p = binary.BigEndian.AppendUint32(p, e.Buffer)
	}
	return &Message{Type: UserControl, Payload: p}
}
