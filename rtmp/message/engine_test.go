package message_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

func describe(e message.Event) string {
	switch e := e.(type) {
	case nil:
		return ""
	case *message.Connect:
		return "connect " + e.App
	case message.Publish:
		return "publish " + e.Name + " " + e.Kind
	case message.Play:
		return fmt.Sprint("play ", e.Name, " ", e.Start, " ", e.Duration, " ", e.Reset)
	case message.Media:
		return "media"
	case message.Closed:
		return "closed"
	case message.ControlEvent:
		if b, ok := e.Control.(message.BufferLength); ok {
			return fmt.Sprint("buffer ", b.Milliseconds)
		}
		return fmt.Sprintf("%T %+v", e.Control, e.Control)
	}
	return fmt.Sprintf("%T", e)
}

// pipe joins a client's and a server's engine without any wire, and makes the
// decisions that a driver would make.
type pipe struct {
	t      *testing.T
	client *message.Client
	server *message.Server
	toC    []*message.Message
	toS    []*message.Message
	// What the sides told their drivers.
	atServer, atClient []message.Event
	decide             func(message.Event)
}

func newPipe(t *testing.T) *pipe {
	p := &pipe{t: t}
	p.client = message.NewClient(func(m *message.Message) { p.toS = append(p.toS, m) })
	p.server = message.NewServer(func(m *message.Message) { p.toC = append(p.toC, m) })
	p.decide = func(e message.Event) {
		switch e := e.(type) {
		case *message.Connect:
			p.server.AcceptConnect(nil, nil)
		case message.Publish:
			p.server.Accept(e.StreamID)
		case message.Play:
			p.server.Accept(e.StreamID)
		}
	}
	return p
}

// run carries messages until both sides are silent.
func (p *pipe) run() {
	p.t.Helper()
	for len(p.toS)+len(p.toC) > 0 {
		toS, toC := p.toS, p.toC
		p.toS, p.toC = nil, nil
		for _, m := range toS {
			e, err := p.server.Handle(m)
			if err != nil {
				p.t.Fatalf("server: %v", err)
			}
			if e != nil {
				p.atServer = append(p.atServer, e)
				p.decide(e)
			}
		}
		for _, m := range toC {
			e, err := p.client.Handle(m)
			if err != nil {
				p.t.Fatalf("client: %v", err)
			}
			if e != nil {
				p.atClient = append(p.atClient, e)
			}
		}
	}
}

func (p *pipe) connect() {
	p.t.Helper()
	if err := p.client.Connect(amf.NewObject("app", "live", "tcUrl", "rtmp://h/live")); err != nil {
		p.t.Fatal(err)
	}
	p.run()
	if _, ok := last[message.Connected](p.atClient); !ok {
		p.t.Fatalf("not connected: %v", p.atClient)
	}
}

func last[T message.Event](events []message.Event) (T, bool) {
	for _, e := range slices.Backward(events) {
		if e, ok := e.(T); ok {
			return e, true
		}
	}
	var none T
	return none, false
}

// open opens a stream and gives its number.
func (p *pipe) open(r *message.Request) uint32 {
	p.t.Helper()
	p.run()
	o, ok := last[message.Opened](p.atClient)
	if !ok || o.Request != r {
		p.t.Fatalf("not opened: %+v", p.atClient)
	}
	return o.StreamID
}

func TestConnectCarriesEverything(t *testing.T) {
	p := newPipe(t)
	o := amf.NewObject("app", "live/inst?x=1", "flashVer", "FMLE/3.0", "swfUrl", "s", "tcUrl", "rtmp://h/live/inst",
		"pageUrl", "p", "type", "nonprivate", "objectEncoding", 3.0, "odd", "kept")
	if err := p.client.Connect(o, true, "tok", amf.NewObject("a", 1.5)); err != nil {
		t.Fatal(err)
	}
	p.run()
	c, _ := last[*message.Connect](p.atServer)
	if c.App != "live/inst?x=1" || c.FlashVer != "FMLE/3.0" || c.SWFURL != "s" || c.PageURL != "p" ||
		c.TCURL != "rtmp://h/live/inst" || c.Kind != "nonprivate" || c.ObjectEncoding != 3 {
		t.Errorf("got %+v", c)
	}
	if !c.Args.Bool(0) || c.Args.String(1) != "tok" || c.Args.Object(2).Number("a") != 1.5 {
		t.Errorf("arguments: %v", c.Args)
	}
	if amf.PropertiesOf(c.Properties).String("odd") != "kept" {
		t.Errorf("properties: %v", c.Properties)
	}
	e, _ := last[message.Connected](p.atClient)
	if e.Status.Code != message.CodeConnectSuccess || amf.PropertiesOf(e.Status.Object).Number("objectEncoding") != 3 {
		t.Errorf("answer: %+v", e.Status)
	}
}

func TestConnectRejected(t *testing.T) {
	p := newPipe(t)
	p.decide = func(message.Event) {
		p.server.RejectConnect(&message.StatusError{Code: message.CodeConnectInvalidApp, Description: "no such app"})
	}
	if err := p.client.Connect(amf.NewObject("app", "x")); err != nil {
		t.Fatal(err)
	}
	p.run()
	e, ok := p.atClient[0].(message.Rejected)
	if !ok || !errors.Is(e.Err, &message.StatusError{Code: message.CodeConnectInvalidApp}) {
		t.Fatalf("got %+v", p.atClient)
	}
	if !strings.Contains(e.Err.Error(), "no such app") {
		t.Errorf("description is lost: %v", e.Err)
	}
	if p.server.Connected() {
		t.Error("server says that it is connected")
	}
}

func TestCommandBeforeConnect(t *testing.T) {
	s := message.NewServer(func(*message.Message) {})
	m, _ := message.NewMessage(message.Command, 0, "createStream", 2.0, nil)
	if _, err := s.Handle(m); !errors.Is(err, message.ErrNotConnected) {
		t.Fatalf("got %v", err)
	}
	if e, err := s.Handle(&message.Message{Type: message.Video, StreamID: 1, Payload: []byte{1}}); e != nil || err != nil {
		t.Fatalf("media before connect: %v, %v", e, err)
	}
}

func TestPublish(t *testing.T) {
	p := newPipe(t)
	p.connect()
	id := p.open(p.client.Publish("cam?key=k", "record"))
	e, _ := last[message.Publish](p.atServer)
	if e.Name != "cam?key=k" || e.Kind != "record" || e.StreamID != id {
		t.Fatalf("got %+v", e)
	}
	p.toS = append(p.toS, &message.Message{Type: message.Audio, StreamID: id, Payload: []byte{1}})
	p.run()
	if m, ok := last[message.Media](p.atServer); !ok || m.StreamID != id {
		t.Fatalf("no media: %+v", p.atServer)
	}
	p.client.Delete(id)
	p.run()
	closed := 0
	for _, e := range p.atServer {
		if _, ok := e.(message.Closed); ok {
			closed++
		}
	}
	if closed != 1 {
		t.Fatalf("closed %d times by FCUnpublish and deleteStream", closed)
	}
	p.toS = append(p.toS, &message.Message{Type: message.Audio, StreamID: id, Payload: []byte{1}})
	before := len(p.atServer)
	p.run()
	if len(p.atServer) != before {
		t.Error("media after the end made an event")
	}
}

func TestRefusalsReachTheClient(t *testing.T) {
	tests := []struct {
		code string
		ask  func(*message.Client) *message.Request
	}{
		{message.CodePublishBadName, func(c *message.Client) *message.Request { return c.Publish("a", "live") }},
		{message.CodePlayStreamNotFound, func(c *message.Client) *message.Request {
			return c.Play(message.Play{Name: "a", Start: message.StartLive, Duration: -1, Reset: true})
		}},
	}
	for _, tt := range tests {
		p := newPipe(t)
		p.connect()
		refusal := &message.StatusError{Code: tt.code, Description: "no"}
		p.decide = func(e message.Event) {
			switch e := e.(type) {
			case message.Publish:
				p.server.Refuse(e.StreamID, refusal)
			case message.Play:
				p.server.Refuse(e.StreamID, refusal)
			}
		}
		r := tt.ask(p.client)
		p.run()
		e, ok := last[message.Refused](p.atClient)
		if !ok || e.Request != r || e.Err.Error() != tt.code+": no" {
			t.Errorf("%s: got %+v", tt.code, p.atClient)
		}
	}
}

func TestPlayAndItsControls(t *testing.T) {
	p := newPipe(t)
	p.connect()
	id := p.open(p.client.Play(message.Play{Name: "a", Start: 5000, Duration: 4000, Reset: false}))
	e, _ := last[message.Play](p.atServer)
	if e.Name != "a" || e.Start != 5000 || e.Duration != 4000 || e.Reset {
		t.Fatalf("got %+v", e)
	}
	answers := map[string]error{"message.Seek": errors.New("this is live")}
	p.decide = func(e message.Event) {
		if e, ok := e.(message.ControlEvent); ok {
			p.server.Answer(e, answers[fmt.Sprintf("%T", e.Control)])
		}
	}
	tests := []struct {
		control message.Control
		code    string
	}{
		{message.Pause{On: true, Position: 10}, message.CodePauseNotify},
		{message.Pause{On: false, Position: 10}, message.CodeUnpauseNotify},
		{message.Seek{Position: 99}, message.CodeSeekFailed},
		{message.ReceiveAudio{On: true}, message.CodePlayStart},
		{message.ReceiveVideo{On: true}, message.CodePlayStart},
		{message.ReceiveVideo{On: false}, ""},
		{message.BufferLength{Milliseconds: 7}, ""},
	}
	for _, tt := range tests {
		p.atServer, p.atClient = nil, nil
		p.client.Control(id, tt.control)
		p.run()
		got, ok := last[message.ControlEvent](p.atServer)
		if !ok || !reflect.DeepEqual(got.Control, tt.control) {
			t.Errorf("%+v came as %+v", tt.control, p.atServer)
		}
		s, _ := last[message.StreamStatus](p.atClient)
		if s.Status.Code != tt.code {
			t.Errorf("%+v: got code %q, want %q", tt.control, s.Status.Code, tt.code)
		}
	}
	p.client.Control(id, message.Play2{Name: "b", OldName: "a", Transition: "switch"})
	p.run()
	k, _ := last[message.ControlEvent](p.atServer)
	if k2, ok := k.Control.(message.Play2); !ok || k2.Name != "b" || k2.OldName != "a" || k2.Transition != "switch" {
		t.Errorf("play2 came as %+v", k)
	}
	p.server.End(id, nil)
	p.run()
	if end, ok := last[message.Ended](p.atClient); !ok || end.Err != nil || end.StreamID != id {
		t.Errorf("end: %+v", p.atClient)
	}
}

// A pause or a seek makes the server say StreamEOF, which is no end: not even
// when the client has asked to go on by the time that it comes.
func TestStreamEOFOfAPauseIsNoEnd(t *testing.T) {
	p := newPipe(t)
	p.connect()
	id := p.open(p.client.Play(message.Play{Name: "a"}))
	p.decide = func(e message.Event) {
		if e, ok := e.(message.ControlEvent); ok {
			p.server.Answer(e, nil)
		}
	}
	for _, controls := range [][]message.Control{
		{message.Pause{On: true}, message.Pause{On: false}},
		{message.Seek{Position: 1000}},
	} {
		for _, k := range controls {
			p.client.Control(id, k)
		}
		p.run()
		if end, ok := last[message.Ended](p.atClient); ok {
			t.Fatalf("%+v ended the stream: %+v", controls, end)
		}
	}
	p.toC = append(p.toC, message.UserEvent{Type: message.StreamEOF, Value: id}.Message())
	p.run()
	if _, ok := last[message.Ended](p.atClient); !ok {
		t.Error("a StreamEOF out of the blue is an end")
	}
}

func TestServerEndsWithAReason(t *testing.T) {
	p := newPipe(t)
	p.connect()
	id := p.open(p.client.Publish("a", "live"))
	p.server.End(id, &message.StatusError{Code: message.CodePublishBadName, Description: "taken over"})
	p.run()
	end, ok := last[message.Ended](p.atClient)
	if !ok || !errors.Is(end.Err, &message.StatusError{Code: message.CodePublishBadName}) {
		t.Fatalf("got %+v", p.atClient)
	}
}

func TestCallsOfBothSides(t *testing.T) {
	p := newPipe(t)
	p.connect()
	for name, fails := range map[string]bool{
		"getStreamLength": false, "_checkbw": false, "releaseStream": false, "noSuchThing": true,
	} {
		r, err := p.client.Call(name, "x")
		if err != nil {
			t.Fatal(err)
		}
		p.run()
		got, ok := last[message.Returned](p.atClient)
		if !ok || got.Request != r || (got.Err != nil) != fails {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestPingBothWays(t *testing.T) {
	p := newPipe(t)
	p.server.Ping(17)
	p.client.Ping(18)
	p.run()
	a, _ := last[message.Pong](p.atServer)
	b, _ := last[message.Pong](p.atClient)
	if a.Value != 17 || b.Value != 18 {
		t.Errorf("got %v, %v", a, b)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	p := newPipe(t)
	p.connect()
	for i := range 40 {
		r, err := p.client.Call("createStream")
		if err != nil {
			t.Fatal(err)
		}
		p.run()
		got, _ := last[message.Returned](p.atClient)
		if got.Request != r || (got.Err != nil) != (i >= 32) {
			t.Fatalf("stream %d: %+v", i, got)
		}
		if i < 32 && got.Values.Number(0) != float64(i+1) {
			t.Fatalf("stream %d has number %v", i, got.Values)
		}
	}
	// A deleted number is given again.
	p.client.Delete(7)
	if _, err := p.client.Call("createStream"); err != nil {
		t.Fatal(err)
	}
	p.run()
	if got, _ := last[message.Returned](p.atClient); got.Values.Number(0) != 7 {
		t.Fatalf("got %+v", got)
	}
}

func TestForgottenRequestsAreDeleted(t *testing.T) {
	p := newPipe(t)
	p.connect()
	p.client.Forget(p.client.Publish("a", "live"))
	p.run()
	if _, ok := last[message.Opened](p.atClient); ok {
		t.Error("opened")
	}
	if _, ok := last[message.Publish](p.atServer); ok {
		t.Error("published")
	}
	id := p.open(p.client.Publish("b", "live"))
	if id != 1 {
		t.Errorf("the forgotten stream still has its number: the next is %d", id)
	}
}
