package message

import "github.com/millrace-live/millrace/amf"

// Request is what a [Client] was asked to do and has not had the answer to.
// The event that answers carries it.
type Request struct {
	name     string
	kind     string // live, record or append
	play     *Play  // nil for a publication
	streamID uint32
	step     step
}

// step says which answer a request waits for.
type step uint8

const (
	stepCall   step = iota // the _result of a call
	stepCreate             // the _result of createStream
	stepStatus             // the onStatus of publish or play
)

// Publish asks to publish a stream: live, record or append. It sends
// releaseStream and FCPublish first, as FMLE does: FMS and its likes wait for
// them, others ignore them.
func (c *Client) Publish(name, kind string) *Request {
	c.command(0, "releaseStream", name)
	c.command(0, "FCPublish", name)
	return c.create(&Request{name: name, kind: kind})
}

// Play asks to play the stream that p names. p.StreamID and p.Replaces mean
// nothing here.
func (c *Client) Play(p Play) *Request {
	if p.Start == StartLive {
		c.command(0, "FCSubscribe", p.Name) // edges of FMS play live streams only then
	}
	return c.create(&Request{name: p.Name, play: &p})
}

// Call calls a procedure of the server on the connection.
func (c *Client) Call(name string, args ...amf.Value) (*Request, error) {
	call := Call{Name: name, TransactionID: c.next(), Args: args}
	m, err := call.Message(0)
	if err != nil {
		return nil, err
	}
	r := &Request{name: name}
	c.waiting[call.TransactionID] = r
	c.send(m)
	return r, nil
}

// Forget gives a request up. Its answer will make no event, and a stream that
// it opens is deleted again.
func (c *Client) Forget(r *Request) {
	for id, w := range c.waiting {
		if w == r && r.step == stepCall {
			delete(c.waiting, id)
		}
	}
	switch r.step {
	case stepCreate:
		c.forgotten[r] = struct{}{}
	case stepStatus:
		c.Delete(r.streamID)
	}
}

func (c *Client) create(r *Request) *Request {
	r.step = stepCreate
	c.waiting[c.command(0, "createStream")] = r
	return r
}

// created goes on when createStream was answered.
func (c *Client) created(r *Request, call *Call) Event {
	id, ok := number(call.Args.Get(0))
	if !ok || id < 0 || id > 1<<32-1 {
		return Refused{r, &StatusError{Code: CodeFailed, Description: "createStream gave no message stream."}}
	}
	r.streamID, r.step = uint32(id), stepStatus
	if _, gone := c.forgotten[r]; gone {
		c.Delete(r.streamID)
		delete(c.forgotten, r)
		return nil
	}
	st := &clientStream{request: r}
	c.streams[r.streamID] = st
	if r.play == nil {
		c.waiting[c.command(r.streamID, "publish", r.name, r.kind)] = r
		return nil
	}
	args := []amf.Value{r.name, float64(r.play.Start)}
	if r.play.Duration >= 0 || !r.play.Reset {
		args = append(args, float64(r.play.Duration), r.play.Reset)
	}
	c.waiting[c.command(r.streamID, "play", args...)] = r
	c.send(UserEvent{Type: SetBufferLength, Value: r.streamID, Buffer: playBuffer}.Message())
	return nil
}

// playBuffer is the buffer that is announced to servers, in milliseconds: what
// FFmpeg says.
const playBuffer = 3000

// Stream gives the name that the request is about, and what play asks for; nil
// for a publication.
func (r *Request) Stream() (name string, play *Play) { return r.name, r.play }
