package message

import (
	"errors"

	"github.com/millrace-live/millrace/amf"
)

// maxStreams bounds the message streams of one connection. Real clients use one
// or two.
const maxStreams = 32

// ErrNotConnected reports a command in front of connect.
var ErrNotConnected = errors.New("rtmp: first command is not connect")

// Server is the command engine of the side that is connected to. It answers by
// itself what needs no decision; what does becomes an [Event].
//
// It is not safe for use by more than one goroutine at a time.
type Server struct {
	outbox
	connect   *Connect // the one that was received
	connected bool
	streams   map[uint32]*serverStream
}

// use is what a message stream is used for.
type use uint8

const (
	idle use = iota
	publishing
	playing
)

// serverStream is one message stream of a client.
type serverStream struct {
	id   uint32
	use  use
	open bool // the publish or play was accepted
	name string
	play Play
}

// NewServer returns an engine that waits for connect. It calls send for each
// message that is to leave; send may keep it.
func NewServer(send func(*Message)) *Server {
	return &Server{outbox: outbox{send}, streams: make(map[uint32]*serverStream)}
}

// Handle takes the next message of the client. Protocol control messages (5.4)
// are the transport's and are passed over here. An error condemns the
// connection.
func (s *Server) Handle(m *Message) (Event, error) {
	switch m.Type {
	case Audio, Video, Data, DataAMF3, Aggregate:
		return s.media(m), nil
	case Command, CommandAMF3:
		c, err := ParseCall(m)
		if err != nil {
			return nil, err
		}
		return s.handleCall(c, m.StreamID)
	case UserControl:
		e, err := s.userEvent(m)
		if err != nil {
			return nil, err
		}
		switch e.Type {
		case PingResponse:
			return Pong{e.Value}, nil
		case SWFVerifyAnswer:
			// A malformed proof is one of nothing.
			proof, _ := ParseSWFProof(m)
			return proof, nil
		case SetBufferLength:
			if st := s.streams[e.Value]; st != nil && st.use == playing {
				return ControlEvent{e.Value, BufferLength{e.Buffer}}, nil
			}
		}
	}
	return nil, nil
}

func (s *Server) handleCall(c *Call, streamID uint32) (Event, error) {
	if c.Name == "connect" {
		return s.handleConnect(c)
	}
	if !s.connected {
		return nil, ErrNotConnected
	}
	switch c.Name {
	case "_result", "_error", "onStatus":
		return nil, nil // answers to what the server never asked
	case "createStream":
		s.createStream(c)
	case "publish":
		return s.handlePublish(c, streamID), nil
	case "play":
		return s.handlePlay(c, streamID), nil
	case "closeStream":
		return s.close(s.streams[streamID], false), nil
	case "deleteStream":
		return s.handleDelete(c, streamID), nil
	case "releaseStream", "_checkbw", "FCUnsubscribe":
		s.result(c, amf.Undefined{})
	case "FCPublish":
		s.result(c, amf.Undefined{})
		s.notice("onFCPublish", CodePublishStart, c.Args.String(0))
	case "FCUnpublish":
		return s.handleFCUnpublish(c), nil
	case "FCSubscribe":
		s.result(c, amf.Undefined{})
		s.notice("onFCSubscribe", CodePlayStart, c.Args.String(0))
	case "getStreamLength":
		s.result(c, 0.0)
	case "set_playlist":
		s.outbox.call(0, "playlist_ready", 0, nil)
	case "pause", "pauseRaw", "seek", "receiveAudio", "receiveVideo", "play2":
		return s.handleControl(c, streamID), nil
	default:
		s.fail(c, "Method not found ("+c.Name+").")
	}
	return nil, nil
}

// notice sends one of the answers that FMLE and FFmpeg wait for besides
// _result. They stand on the connection, since there is no stream yet.
func (s *Server) notice(name, code, stream string) {
	o := Status{Level: LevelStatus, Code: code, Description: stream}
	s.outbox.call(0, name, 0, nil, o.object())
}

// createStream gives the lowest free message stream (7.2.1.3).
func (s *Server) createStream(c *Call) {
	for id := uint32(1); id <= maxStreams; id++ {
		if s.streams[id] == nil {
			s.streams[id] = &serverStream{id: id}
			// Even a transaction 0 wants to know the number.
			s.outbox.call(0, "_result", c.TransactionID, nil, float64(id))
			return
		}
	}
	s.fail(c, "Too many streams on this connection.")
}

// take gives the stream that a publish or play is for, nil if there is none.
// Stream 0 needs no createStream: mobile SDKs publish there.
func (s *Server) take(id uint32) *serverStream {
	st := s.streams[id]
	if st == nil && id == 0 {
		st = &serverStream{}
		s.streams[0] = st
	}
	return st
}

// media finds the stream that a message is for. Encoders exist that publish on
// one message stream and send on another, so that a connection with a single
// publication takes all of them for it.
func (s *Server) media(m *Message) Event {
	st := s.streams[m.StreamID]
	if st == nil || st.use != publishing {
		st = nil
		for _, o := range s.streams {
			if o.use != publishing {
				continue
			}
			if st != nil {
				return nil
			}
			st = o
		}
	}
	if st == nil || !st.open {
		return nil
	}
	m.StreamID = st.id
	return Media{m}
}

// Accept lets a publish or play begin and tells the client so. It returns false
// if the stream was closed meanwhile.
func (s *Server) Accept(streamID uint32) bool {
	st := s.streams[streamID]
	if st == nil || st.use == idle || st.open {
		return false
	}
	st.open = true
	s.event(StreamBegin, st.id)
	if st.use == publishing {
		s.status(st.id, Status{
			Level: LevelStatus, Code: CodePublishStart,
			Description: st.name + " is now published.", Details: st.name,
		})
		return true
	}
	if st.play.Reset {
		s.status(st.id, Status{
			Level: LevelStatus, Code: CodePlayReset,
			Description: "Playing and resetting " + st.name + ".", Details: st.name,
		})
	}
	s.playStart(st)
	s.values(Data, st.id, "|RtmpSampleAccess", true, true)
	s.values(Data, st.id, "onStatus", amf.NewObject("code", CodeDataStart))
	return true
}

func (s *Server) playStart(st *serverStream) {
	s.status(st.id, Status{
		Level: LevelStatus, Code: CodePlayStart,
		Description: "Started playing " + st.name + ".", Details: st.name,
	})
}

// Refuse answers a publish or play that is not to be.
func (s *Server) Refuse(streamID uint32, e *StatusError) {
	if st := s.streams[streamID]; st != nil && st.use != idle {
		s.status(st.id, e.status())
		st.use, st.open = idle, false
	}
}

// End ends an accepted stream from the server's side. With an error the client
// is told it as the reason.
func (s *Server) End(streamID uint32, e *StatusError) {
	st := s.streams[streamID]
	if st == nil || st.use == idle {
		return
	}
	if e != nil {
		s.status(st.id, e.status())
	}
	was := st.use
	st.use, st.open = idle, false
	if was == publishing {
		s.unpublished(st)
		return
	}
	if e == nil {
		s.status(st.id, Status{
			Level: LevelStatus, Code: CodePlayUnpublishNotify,
			Description: st.name + " is now unpublished.", Details: st.name,
		})
	}
	s.status(st.id, Status{
		Level: LevelStatus, Code: CodePlayStop,
		Description: "Stopped playing " + st.name + ".", Details: st.name,
	})
	s.event(StreamEOF, st.id)
}

func (s *Server) unpublished(st *serverStream) {
	s.status(st.id, Status{
		Level: LevelStatus, Code: CodeUnpublishSuccess,
		Description: st.name + " is now unpublished.", Details: st.name,
	})
}

// close ends what the client used st for, and forgets the stream if it was
// deleted. A stream that was in use makes an event.
func (s *Server) close(st *serverStream, forget bool) Event {
	if st == nil {
		return nil
	}
	if forget {
		delete(s.streams, st.id)
	}
	if st.use == idle {
		return nil
	}
	if st.use == publishing && st.open {
		s.unpublished(st)
	}
	st.use, st.open = idle, false
	return Closed{st.id}
}

// handleDelete finds the stream of deleteStream (7.2.2.3): a number, or in
// GStreamer's rtmp2sink the stream's name.
func (s *Server) handleDelete(c *Call, streamID uint32) Event {
	if name, ok := c.Args.Get(0).(string); ok {
		return s.close(s.byName(name), true)
	}
	id := c.num(0, float64(streamID))
	for _, st := range s.streams {
		if float64(st.id) == id {
			if st.use == idle {
				// Encoders that publish on message stream 0, before they know the
				// one that they asked for, delete that one in the end.
				if zero := s.streams[0]; zero != nil && zero.use == publishing {
					s.close(st, true)
					st = zero
				}
			}
			return s.close(st, true)
		}
	}
	return nil
}

// byName finds the publication or play of that name.
func (s *Server) byName(name string) *serverStream {
	for _, st := range s.streams {
		if st.use != idle && st.name == name {
			return st
		}
	}
	return nil
}
