package message

import (
	"bytes"
	"errors"

	"github.com/millrace-live/millrace/amf"
)

// ErrClosedByPeer reports a server that called close.
var ErrClosedByPeer = errors.New("rtmp: server closed the connection")

// Client is the command engine of the side that connects. It leads a publish or
// play from createStream to the status that answers it; what came of it is an
// [Event].
//
// It is not safe for use by more than one goroutine at a time.
type Client struct {
	outbox
	transaction float64 // the last one used
	connected   bool
	waiting     map[float64]*Request
	forgotten   map[*Request]struct{}
	streams     map[uint32]*clientStream
}

// clientStream is a message stream that the server created.
type clientStream struct {
	request *Request
	open    bool
	// paused is set from the moment that this side asks for a pause until the
	// server says that the stream goes on, seeking until it has answered a seek.
	// In between comes a StreamEOF that is no end.
	paused, seeking bool
}

// connectTransaction is what connect always has (7.2.1.1).
const connectTransaction = 1

// NewClient returns an engine that has sent nothing. It calls send for each
// message that is to leave; send may keep it.
func NewClient(send func(*Message)) *Client {
	return &Client{
		outbox:  outbox{send},
		waiting: make(map[float64]*Request), forgotten: make(map[*Request]struct{}),
		streams: make(map[uint32]*clientStream),
	}
}

// Connect sends connect with the given properties, in their order, and the
// arguments behind them (7.2.1.1). It is the first thing to send.
func (c *Client) Connect(properties *amf.Object, args ...amf.Value) error {
	call := Call{Name: "connect", TransactionID: connectTransaction, Object: properties, Args: args}
	m, err := call.Message(0)
	if err != nil {
		return err
	}
	c.transaction = connectTransaction
	c.send(m)
	return nil
}

func (c *Client) next() float64 {
	c.transaction++
	return c.transaction
}

// command sends a command without a command object and returns its transaction.
func (c *Client) command(streamID uint32, name string, args ...amf.Value) float64 {
	t := c.next()
	c.call(streamID, name, t, append([]amf.Value{nil}, args...)...)
	return t
}

// Control asks the server for a change of a stream that plays.
func (c *Client) Control(streamID uint32, k Control) {
	call := func(name string, args ...amf.Value) {
		c.call(streamID, name, 0, append([]amf.Value{nil}, args...)...)
	}
	switch k := k.(type) {
	case Pause:
		if st := c.streams[streamID]; st != nil && k.On {
			st.paused = true
		}
		call("pause", k.On, k.Position)
	case Seek:
		if st := c.streams[streamID]; st != nil {
			st.seeking = true
		}
		call("seek", k.Position)
	case ReceiveAudio:
		call("receiveAudio", k.On)
	case ReceiveVideo:
		call("receiveVideo", k.On)
	case BufferLength:
		c.send(UserEvent{Type: SetBufferLength, Value: streamID, Buffer: k.Milliseconds}.Message())
	case Play2:
		call("play2", amf.NewObject("start", -2.0, "streamName", k.Name,
			"oldStreamName", k.OldName, "transition", k.Transition, "len", -1.0))
	}
}

// Delete ends the use of a stream: FCUnpublish for a publication, then
// deleteStream (7.2.2.3).
func (c *Client) Delete(streamID uint32) {
	if st := c.streams[streamID]; st != nil && st.request.play == nil {
		c.command(0, "FCUnpublish", st.request.name)
	}
	delete(c.streams, streamID)
	c.command(0, "deleteStream", float64(streamID))
}

// Handle takes the next message of the server. Protocol control messages (5.4)
// are the transport's and are passed over here. An error condemns the
// connection.
func (c *Client) Handle(m *Message) (Event, error) {
	switch m.Type {
	case Audio, Video, Data, DataAMF3, Aggregate:
		if m.StreamID == 0 && len(c.streams) == 1 {
			// FFmpeg as the server sends media of no stream (7.0, -listen).
			for id := range c.streams {
				m.StreamID = id
			}
		}
		st := c.streams[m.StreamID]
		if st != nil && st.open && st.request.play != nil && !notice(m) {
			return Media{m}, nil
		}
	case Command, CommandAMF3:
		call, err := ParseCall(m)
		if err != nil {
			return nil, err
		}
		return c.handleCall(call, m.StreamID), nil
	case UserControl:
		e, err := c.userEvent(m)
		if err != nil {
			return nil, err
		}
		switch e.Type {
		case PingResponse:
			return Pong{e.Value}, nil
		case SWFVerifyRequest:
			if len(m.Payload) == 2 || m.Payload[2] <= 1 { // no other version is known
				return SWFDemand{}, nil
			}
		case StreamEOF:
			if st := c.streams[e.Value]; st != nil && st.open && !st.paused && !st.seeking {
				return c.end(e.Value, nil), nil
			}
		}
	}
	return nil, nil
}

// notice reports whether a data message is the server's word to this player,
// and no part of the stream.
func notice(m *Message) bool {
	if m.Type != Data && m.Type != DataAMF3 {
		return false
	}
	p, _ := m.DataPayload()
	for _, name := range [...]string{
		"\x02\x00\x11|RtmpSampleAccess", "\x02\x00\x08onStatus", "\x02\x00\x0conPlayStatus",
	} {
		if bytes.HasPrefix(p, []byte(name)) {
			return true
		}
	}
	return false
}

func (c *Client) handleCall(call *Call, streamID uint32) Event {
	switch call.Name {
	case "_result":
		return c.answer(call, nil)
	case "_error":
		s := parseStatus(call.Args.Get(0))
		s.Level = LevelError
		return c.answer(call, s.Err())
	case "onStatus":
		return c.handleStatus(streamID, parseStatus(call.Args.Get(0)))
	case "close":
		return Rejected{ErrClosedByPeer}
	case "onBWDone":
		c.command(0, "_checkbw")
	case "_onbwcheck":
		c.result(call, 0.0)
	case "_onbwdone", "onFCPublish", "onFCUnpublish", "onFCSubscribe", "playlist_ready":
	default:
		c.fail(call, "Method not found ("+call.Name+").")
	}
	return nil
}

// answer takes a _result, or an _error with what it says.
func (c *Client) answer(call *Call, err error) Event {
	if call.TransactionID == connectTransaction && !c.connected {
		if err != nil {
			return Rejected{err}
		}
		c.connected = true
		return Connected{Status: parseStatus(call.Args.Get(0)), Properties: call.Object}
	}
	r := c.waiting[call.TransactionID]
	if r == nil {
		return nil
	}
	delete(c.waiting, call.TransactionID)
	switch {
	case r.step == stepCall:
		return Returned{r, call.Args, err}
	case err != nil:
		return c.refuse(r, err)
	case r.step == stepCreate:
		return c.created(r, call)
	}
	return nil // the _result of publish or play: the status decides
}

func (c *Client) refuse(r *Request, err error) Event {
	if _, gone := c.forgotten[r]; gone {
		delete(c.forgotten, r)
		return nil
	}
	if st := c.streams[r.streamID]; st != nil && st.request == r {
		delete(c.streams, r.streamID)
		c.command(0, "deleteStream", float64(r.streamID))
	}
	return Refused{r, err}
}

func (c *Client) handleStatus(streamID uint32, s Status) Event {
	st := c.streams[streamID]
	if s.Code == CodeReconnectRequest {
		return ReconnectRequest{amf.PropertiesOf(s.Object).String("tcUrl"), s.Description}
	}
	if st == nil && streamID == 0 {
		if !c.connected && s.Err() != nil {
			return Rejected{s.Err()}
		}
		switch s.Code {
		case CodeConnectClosed, CodeConnectAppShutdown, CodeConnectRejected, CodeConnectIdleTimeout:
			return Rejected{&StatusError{Level: s.Level, Code: s.Code, Description: s.Description}}
		}
		st = c.onlyWaiting()
	}
	if st == nil {
		return nil
	}
	id := st.request.streamID
	switch {
	case !st.open && (s.Err() != nil || s.Code == CodePublishBadName):
		return c.refuse(st.request, &StatusError{Level: LevelError, Code: s.Code, Description: s.Description})
	case !st.open && (s.Code == CodePublishStart || s.Code == CodePlayStart):
		st.open = true
		return Opened{st.request, id}
	case !st.open:
		return nil
	case s.Code == CodeUnpauseNotify:
		st.paused = false
	case s.Code == CodeSeekNotify, s.Code == CodeSeekFailed, s.Code == CodeSeekInvalidTime:
		st.seeking = false
	case s.Err() != nil:
		return c.end(id, s.Err())
	case s.Code == CodePlayStop, s.Code == CodeUnpublishSuccess:
		return c.end(id, nil)
	}
	return StreamStatus{id, s}
}

// onlyWaiting finds the stream that a status on the connection must be about:
// some servers send all of them there.
func (c *Client) onlyWaiting() *clientStream {
	var found *clientStream
	for _, st := range c.streams {
		if st.open {
			continue
		}
		if found != nil {
			return nil
		}
		found = st
	}
	return found
}

// end forgets a stream that the server ended.
func (c *Client) end(streamID uint32, err error) Event {
	delete(c.streams, streamID)
	return Ended{streamID, err}
}
