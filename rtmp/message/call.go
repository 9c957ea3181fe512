package message

import (
	"errors"
	"fmt"

	"github.com/millrace-live/millrace/amf"
)

// Call is the content of a command message (7.2): a procedure to call, or the
// answer to one.
type Call struct {
	// Name is the procedure, or _result or _error for an answer.
	Name string
	// TransactionID is what the answer repeats; 0 asks for none.
	TransactionID float64
	// Object is the command object: the properties of connect, nil (AMF null)
	// in most others.
	Object amf.Value
	Args   amf.List
}

// ErrNoCommand reports a command message that does not begin with the name of
// a command.
var ErrNoCommand = errors.New("rtmp: read command: it has no name")

// ParseCall reads a message of type Command or CommandAMF3. Only the name must
// be there: old encoders leave the transaction and the object out. Arguments
// that cannot be decoded, and those behind them, are missing from Args; ones
// that go over a limit of [amf.Limits] are an error, since no client of good
// will sends them.
func ParseCall(m *Message) (*Call, error) {
	values, err := m.Values()
	if err != nil && (len(values) == 0 || errors.Is(err, amf.ErrLimit)) {
		return nil, fmt.Errorf("rtmp: read command: %w", err)
	}
	name, ok := values.Get(0).(string)
	if !ok {
		return nil, ErrNoCommand
	}
	c := &Call{Name: name}
	values = values[1:]
	if _, ok := number(values.Get(0)); ok {
		c.TransactionID, values = values.Number(0), values[1:]
	}
	if len(values) > 0 {
		c.Object, c.Args = values[0], values[1:]
	}
	return c, nil
}

// Message makes the AMF0 command message of c on a message stream.
func (c *Call) Message(streamID uint32) (*Message, error) {
	values := append(amf.List{c.Name, c.TransactionID, c.Object}, c.Args...)
	return NewMessage(Command, streamID, values...)
}

// NewMessage makes a message of type Data or Command from AMF0 values.
func NewMessage(t Type, streamID uint32, values ...amf.Value) (*Message, error) {
	p, err := amf.Append(nil, values...)
	if err != nil {
		return nil, fmt.Errorf("rtmp: write %v message: %w", t, err)
	}
	return &Message{Type: t, StreamID: streamID, Payload: p}, nil
}

// Values decodes the AMF values of a data or command message of either form.
// With an error come the values in front of the bytes that cannot be read.
func (m *Message) Values() (amf.List, error) {
	p := m.Payload
	// The format byte of the AMF3 forms should always be there, but some
	// senders that mark AMF0 content as AMF3 leave it out. No name begins
	// with 0.
	if (m.Type == CommandAMF3 || m.Type == DataAMF3) && len(p) > 0 && p[0] == 0 {
		p = p[1:]
	}
	return amf.Decode(p)
}

func number(v amf.Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

// num gives the i-th argument as a number, or otherwise.
func (c *Call) num(i int, otherwise float64) float64 {
	if n, ok := number(c.Args.Get(i)); ok {
		return n
	}
	return otherwise
}

// flag gives the i-th argument as a boolean: true if it is missing, as all the
// flags of players are. Clients write flags as numbers too.
func (c *Call) flag(i int) bool {
	if b, ok := c.Args.Get(i).(bool); ok {
		return b
	}
	if n, ok := number(c.Args.Get(i)); ok {
		return n != 0
	}
	return true
}
