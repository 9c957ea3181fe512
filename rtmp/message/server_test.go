package message_test

import (
	"math"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

// connectedServer gives an engine behind connect, and what it sends from there.
func connectedServer(t testing.TB) (*message.Server, *[]*message.Message) {
	t.Helper()
	var sent []*message.Message
	s := message.NewServer(func(m *message.Message) { sent = append(sent, m) })
	give(t, s, 0, "connect", 1.0, amf.NewObject("app", "live"))
	s.AcceptConnect(nil, nil)
	sent = nil
	return s, &sent
}

func give(t testing.TB, s *message.Server, streamID uint32, values ...amf.Value) message.Event {
	t.Helper()
	m, err := message.NewMessage(message.Command, streamID, values...)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.Handle(m)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// replies gives the commands among what was sent: name, and code if there is one.
func replies(t testing.TB, sent []*message.Message) []string {
	t.Helper()
	var names []string
	for _, m := range sent {
		if m.Type != message.Command {
			continue
		}
		c, err := message.ParseCall(m)
		if err != nil {
			t.Fatal(err)
		}
		name := c.Name
		if code := c.Args.Object(0).String("code"); code != "" {
			name += " " + code
		}
		names = append(names, name)
	}
	return names
}

func TestServerAnswers(t *testing.T) {
	tests := []struct {
		name   string
		values []amf.Value
		want   []string
	}{
		{"unknown call", []amf.Value{"setPeerInfo", 4.0, nil}, []string{"_error NetConnection.Call.Failed"}},
		{"unknown call that wants nothing", []amf.Value{"setPeerInfo", 0.0, nil}, nil},
		{"no transaction", []amf.Value{"_checkbw"}, nil},
		{"FCPublish of GStreamer", []amf.Value{"FCPublish", 0.0, nil, "a"}, []string{"onFCPublish NetStream.Publish.Start"}},
		{"FCPublish", []amf.Value{"FCPublish", 3.0, nil, "a"}, []string{"_result", "onFCPublish NetStream.Publish.Start"}},
		{"releaseStream", []amf.Value{"releaseStream", 2.0, nil, "a"}, []string{"_result"}},
		{"FCSubscribe", []amf.Value{"FCSubscribe", 4.0, nil, "a"}, []string{"_result", "onFCSubscribe NetStream.Play.Start"}},
		{"getStreamLength", []amf.Value{"getStreamLength", 3.0, nil, "a"}, []string{"_result"}},
		{"set_playlist", []amf.Value{"set_playlist", 0.0, nil, amf.NewECMAArray("0", "a")}, []string{"playlist_ready"}},
		{"createStream", []amf.Value{"createStream", 2.0, nil}, []string{"_result"}},
		{"second connect", []amf.Value{"connect", 9.0, nil}, []string{"_error NetConnection.Call.Failed"}},
		{"_result of nothing", []amf.Value{"_result", 11.0, nil, 0.0}, nil},
		{"pause of nothing", []amf.Value{"pause", 3.0, nil, true, 0.0}, []string{"_error NetConnection.Call.Failed"}},
		{"deleteStream of nothing", []amf.Value{"deleteStream", 3.0, nil, math.NaN()}, nil},
		{"closeStream of nothing", []amf.Value{"closeStream", 0.0, nil}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, sent := connectedServer(t)
			if e := give(t, s, 0, tt.values...); e != nil {
				t.Errorf("event %+v", e)
			}
			got := replies(t, *sent)
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
		})
	}
}

func TestPublishOnStreamZero(t *testing.T) {
	s, _ := connectedServer(t)
	e, ok := give(t, s, 0, "publish", 0.0, nil, "a").(message.Publish)
	if !ok || e.StreamID != 0 || e.Kind != "live" {
		t.Fatalf("got %+v", e)
	}
	if !s.Accept(0) {
		t.Fatal("not accepted")
	}
	// Its media may come on any message stream.
	m := &message.Message{Type: message.Video, StreamID: 1, Payload: []byte{1}}
	if got, err := s.Handle(m); err != nil || got == nil || m.StreamID != 0 {
		t.Fatalf("media on stream 1: %v, %v", got, err)
	}
}

// An encoder that publishes before it knows its stream's number ends with the
// number all the same.
func TestDeleteOfTheStreamThatWasNotUsed(t *testing.T) {
	s, _ := connectedServer(t)
	give(t, s, 0, "createStream", 2.0, nil)
	give(t, s, 0, "publish", 0.0, nil, "cam", "live")
	s.Accept(0)
	if e, ok := give(t, s, 0, "deleteStream", 0.0, nil, 1.0).(message.Closed); !ok || e.StreamID != 0 {
		t.Fatalf("got %+v", e)
	}
}

func TestPublishOnAStreamThatWasNotCreated(t *testing.T) {
	s, sent := connectedServer(t)
	if e := give(t, s, 5, "publish", 0.0, nil, "a", "live"); e != nil {
		t.Fatalf("event %+v", e)
	}
	if got := replies(t, *sent); len(got) != 1 || got[0] != "onStatus NetStream.Publish.BadName" {
		t.Fatalf("got %q", got)
	}
}

func TestDeleteStreamByName(t *testing.T) {
	s, _ := connectedServer(t)
	give(t, s, 0, "createStream", 2.0, nil)
	give(t, s, 1, "publish", 0.0, nil, "cam", "live")
	s.Accept(1)
	if e, ok := give(t, s, 0, "deleteStream", 0.0, nil, "cam").(message.Closed); !ok || e.StreamID != 1 {
		t.Fatalf("got %+v", e)
	}
}

func TestPlayTakesTheLastPlaysPlace(t *testing.T) {
	s, sent := connectedServer(t)
	give(t, s, 0, "createStream", 2.0, nil)
	give(t, s, 1, "play", 0.0, nil, "a")
	s.Accept(1)
	e := give(t, s, 1, "play", 0.0, nil, "b", -2.0, -1.0, false).(message.Play)
	if !e.Replaces || e.Reset {
		t.Fatalf("got %+v", e)
	}
	*sent = nil
	if !s.Accept(1) {
		t.Fatal("not accepted")
	}
	if got := replies(t, *sent); len(got) != 1 || got[0] != "onStatus NetStream.Play.Start" {
		t.Errorf("without reset: %q", got)
	}
}

func TestPlayArguments(t *testing.T) {
	tests := []struct {
		args            []amf.Value
		start, duration int64
		reset           bool
	}{
		{nil, message.StartAny, -1, true},
		{[]amf.Value{-2000.0}, message.StartAny, -1, true},
		{[]amf.Value{-2.0}, message.StartAny, -1, true},
		{[]amf.Value{-1000.0, 2000.0}, message.StartLive, 2000, true},
		{[]amf.Value{-1.0, -1.0, 0.0}, message.StartLive, -1, false},
		{[]amf.Value{0.0, 0.0, 3.0}, 0, 0, true},
		{[]amf.Value{math.NaN(), math.NaN(), nil}, message.StartAny, -1, true},
		{[]amf.Value{math.Inf(1), math.Inf(-1), "x"}, math.MaxUint32, -1, true},
		{[]amf.Value{"x", true, false}, message.StartAny, -1, false},
	}
	for _, tt := range tests {
		s, _ := connectedServer(t)
		give(t, s, 0, "createStream", 2.0, nil)
		e := give(t, s, 1, append([]amf.Value{"play", 4.0, nil, "a"}, tt.args...)...).(message.Play)
		if e.Start != tt.start || e.Duration != tt.duration || e.Reset != tt.reset {
			t.Errorf("%v: got %+v", tt.args, e)
		}
	}
}

func TestAMF3Forms(t *testing.T) {
	s, sent := connectedServer(t)
	for _, lead := range [][]byte{{0}, nil} {
		p, err := amf.Append(lead, "createStream", 2.0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Handle(&message.Message{Type: message.CommandAMF3, Payload: p}); err != nil {
			t.Fatal(err)
		}
	}
	if got := replies(t, *sent); len(got) != 2 || got[0] != "_result" {
		t.Fatalf("got %q", got)
	}
	p, err := amf.Append([]byte{0}, "publish", 5.0, nil, amf.AMF3{Value: "cam"}, amf.AMF3{Value: "append"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.Handle(&message.Message{Type: message.CommandAMF3, StreamID: 1, Payload: p})
	if pub, ok := e.(message.Publish); err != nil || !ok || pub.Name != "cam" || pub.Kind != "append" {
		t.Fatalf("got %+v, %v", e, err)
	}
}

func FuzzServer(f *testing.F) {
	for _, file := range []string{"ffmpeg-publish.c2s.bin", "rtmpdump-play.c2s.bin", "gst-rtmp2sink-publish.c2s.bin"} {
		for _, m := range captured(f, file) {
			if m.Type == message.Command || m.Type == message.UserControl {
				f.Add(uint8(m.Type), m.StreamID, m.Payload)
			}
		}
	}
	f.Add(uint8(message.CommandAMF3), uint32(0), []byte("\x00\x02\x00\x04play"))
	f.Fuzz(func(t *testing.T, typ uint8, streamID uint32, payload []byte) {
		s, _ := connectedServer(t)
		give(t, s, 0, "createStream", 2.0, nil)
		give(t, s, 0, "createStream", 3.0, nil)
		give(t, s, 1, "play", 4.0, nil, "a")
		give(t, s, 2, "publish", 5.0, nil, "b")
		s.Accept(1)
		s.Accept(2)
		m := &message.Message{Type: message.Type(typ), StreamID: streamID, Payload: payload}
		e, err := s.Handle(m)
		if err != nil {
			return
		}
		switch e := e.(type) {
		case message.Media:
			_ = message.Split(e.Message, func(*message.Message) error { return nil })
		case message.ControlEvent:
			s.Answer(e, nil)
		case message.Publish:
			s.Accept(e.StreamID)
			s.End(e.StreamID, nil)
		case message.Play:
			s.Refuse(e.StreamID, &message.StatusError{Code: "x"})
		}
	})
}

func FuzzClient(f *testing.F) {
	for _, file := range []string{"ffmpeg-publish.s2c.bin", "rtmpdump-play-vod.s2c.bin"} {
		for _, m := range captured(f, file) {
			f.Add(uint8(m.Type), m.StreamID, m.Payload[:min(len(m.Payload), 512)])
		}
	}
	f.Fuzz(func(t *testing.T, typ uint8, streamID uint32, payload []byte) {
		p := newPipe(t)
		p.connect()
		p.open(p.client.Play(message.Play{Name: "a", Start: message.StartAny, Duration: -1, Reset: true}))
		p.open(p.client.Publish("b", "live"))
		p.client.Publish("c", "live")
		_, _ = p.client.Handle(&message.Message{Type: message.Type(typ), StreamID: streamID, Payload: payload})
	})
}
