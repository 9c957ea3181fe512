package message

import (
	"errors"
	"math"
)

// handlePlay takes play (7.2.2.1) on any stream that was created, and on stream
// 0. On a stream that plays already the new one takes its place.
func (s *Server) handlePlay(c *Call, streamID uint32) Event {
	st := s.take(streamID)
	if st == nil || st.use == publishing {
		s.status(streamID, Status{
			Level: LevelError, Code: CodePlayFailed,
			Description: "There is no such message stream for playing.", Details: c.Args.String(0),
		})
		return nil
	}
	p := Play{
		StreamID: st.id,
		Name:     c.Args.String(0),
		Start:    startOf(c.num(1, StartAny)),
		Duration: milliseconds(c.num(2, -1)),
		Reset:    c.flag(3),
		Replaces: st.use == playing,
		Args:     c.Args[min(len(c.Args), 1):],
	}
	st.use, st.open, st.name, st.play = playing, false, p.Name, p
	return p
}

// startOf reads the start of play. FFmpeg and librtmp write the special values
// in thousandths.
func startOf(v float64) int64 {
	switch {
	case v >= 0:
		return milliseconds(v)
	case v == StartLive, v == 1000*StartLive:
		return StartLive
	}
	return StartAny
}

// milliseconds brings a number of the peer, which may be NaN or infinite, into
// the range of an int64; -1 is what has no meaning.
func milliseconds(v float64) int64 {
	if !(v >= 0) {
		return -1
	}
	return int64(min(v, math.MaxUint32))
}

// handleControl takes what a player asks of a stream that plays.
func (s *Server) handleControl(c *Call, streamID uint32) Event {
	st := s.streams[streamID]
	if st == nil || st.use != playing {
		s.fail(c, "This stream does not play.")
		return nil
	}
	var k Control
	switch c.Name {
	case "pause", "pauseRaw":
		k = Pause{On: c.flag(0), Position: c.num(1, 0)}
	case "seek":
		k = Seek{Position: c.num(0, 0)}
	case "receiveAudio":
		k = ReceiveAudio{On: c.flag(0)}
	case "receiveVideo":
		k = ReceiveVideo{On: c.flag(0)}
	case "play2":
		p := c.Args.Object(0)
		k = Play2{
			Name: p.String("streamName"), OldName: p.String("oldStreamName"),
			Transition: p.String("transition"), Properties: c.Args.Get(0),
		}
	}
	return ControlEvent{st.id, k}
}

// Answer tells the player what became of a [ControlEvent]: done if err is nil.
// A *StatusError chooses the code, any other the text.
func (s *Server) Answer(e ControlEvent, err error) {
	st := s.streams[e.StreamID]
	if st == nil || st.use != playing {
		return
	}
	if err != nil {
		s.status(st.id, controlFailure(e.Control, st, err))
		return
	}
	notify := func(code, text string) {
		s.status(st.id, Status{Level: LevelStatus, Code: code, Description: text, Details: st.name})
	}
	switch k := e.Control.(type) {
	case Pause:
		if k.On {
			s.event(StreamEOF, st.id)
			notify(CodePauseNotify, "Pausing "+st.name+".")
		} else {
			s.event(StreamBegin, st.id)
			notify(CodeUnpauseNotify, "Unpausing "+st.name+".")
		}
	case Seek:
		s.event(StreamEOF, st.id)
		s.event(StreamBegin, st.id)
		notify(CodeSeekNotify, "Seeking in "+st.name+".")
		s.playStart(st)
	case ReceiveAudio:
		if k.On {
			notify(CodeSeekNotify, "Sound of "+st.name+" is on.")
			s.playStart(st)
		}
	case ReceiveVideo:
		if k.On {
			notify(CodeSeekNotify, "Picture of "+st.name+" is on.")
			s.playStart(st)
		}
	case Play2:
		notify(CodePlayTransition, "Changing to "+k.Name+".")
	}
}

func controlFailure(k Control, st *serverStream, err error) Status {
	s := Status{Level: LevelError, Code: CodePlayFailed, Description: err.Error()}
	if _, ok := k.(Seek); ok {
		s.Code = CodeSeekFailed
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		s = e.status()
	}
	s.Details = st.name
	return s
}
