package message

import "github.com/millrace-live/millrace/amf"

// outbox is the way out of an engine.
type outbox struct{ send func(*Message) }

// values sends AMF0 values. They are strings, numbers, booleans and flat
// objects, which Append cannot fail to write, or what NewMessage has checked.
func (o outbox) values(t Type, streamID uint32, values ...amf.Value) {
	if m, err := NewMessage(t, streamID, values...); err == nil {
		o.send(m)
	}
}

func (o outbox) call(streamID uint32, name string, transaction float64, values ...amf.Value) {
	o.values(Command, streamID, append([]amf.Value{name, transaction}, values...)...)
}

// result answers a call, unless it wants no answer.
func (o outbox) result(c *Call, values ...amf.Value) {
	if c.TransactionID != 0 {
		o.call(0, "_result", c.TransactionID, append([]amf.Value{nil}, values...)...)
	}
}

func (o outbox) status(streamID uint32, s Status) {
	o.call(streamID, "onStatus", 0, nil, s.object())
}

func (o outbox) event(t UserEventType, value uint32) {
	o.send(UserEvent{Type: t, Value: value}.Message())
}

// fail answers a call that cannot be done.
func (o outbox) fail(c *Call, description string) {
	if c.TransactionID != 0 {
		s := Status{Level: LevelError, Code: CodeCallFailed, Description: description}
		o.call(0, "_error", c.TransactionID, nil, s.object())
	}
}

// Ping asks the peer to answer with the same value, by which the caller can
// tell when it asked: milliseconds of a clock of its own (7.1.7).
func (o outbox) Ping(value uint32) { o.event(PingRequest, value) }

// Status sends an onStatus on a stream, or on the connection if streamID is 0.
func (o outbox) Status(streamID uint32, s Status) { o.status(streamID, s) }

// userEvent does what both sides do with user control.
func (o outbox) userEvent(m *Message) (UserEvent, error) {
	e, err := ParseUserEvent(m)
	if err == nil && e.Type == PingRequest {
		o.event(PingResponse, e.Value)
	}
	return e, err
}
